"""Completions for bash, zsh and fish, from the table of commands. Mount names are asked of the daemon each
time."""

from mountd.cli.bucket import ACTIONS
from mountd.cli.command import Argument, Command, Fill
from mountd.cli.commands import COMMANDS
from mountd.cli.explain import PAGES
from mountd.cli.export import FORMATS
from mountd.core.imports.sources import SOURCES

_HEAD = "# Made from s3mountctl's table of commands; do not edit."
_NAMES = "s3mountctl list --names 2>/dev/null"
_WORDS = {Fill.CODES: " ".join(PAGES), Fill.FORMATS: " ".join(FORMATS),
          Fill.ACTIONS: " ".join(ACTIONS), Fill.SOURCES: " ".join(SOURCES)}


def bash() -> str:
    """For bash-completion's folder of completions, or to be sourced."""
    cases = "\n".join(
        f"        {command.name}) options={_single(_options(command))} fill={_fill(command).value} ;;"
        for command in COMMANDS.values())
    return f"""{_HEAD}
_s3mountctl() {{
    local cur=${{COMP_WORDS[COMP_CWORD]}} prev=${{COMP_WORDS[COMP_CWORD-1]}}
    local command="" options={_single(' '.join(COMMANDS) + " --help --version")} fill=nothing words="" i
    for ((i = 1; i < COMP_CWORD; i++)); do
        if [[ ${{COMP_WORDS[i]}} != -* ]]; then
            command=${{COMP_WORDS[i]}}
            break
        fi
    done
    COMPREPLY=()
    case $prev in
        {_valued()}) return ;;
    esac
    case $command in
        "") ;;
{cases}
        *) return ;;
    esac
    if [[ -z $command || $cur == -* ]]; then
        words=$options
    elif [[ $fill == mounts ]]; then
        words=$({_NAMES})
{_bash_words()}
    elif [[ $fill == files ]]; then
        compopt -o filenames 2>/dev/null
        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
        return
    fi
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}}
complete -F _s3mountctl s3mountctl
"""


def zsh() -> str:
    """For a folder of zsh's fpath, as the file _s3mountctl."""
    described = "\n".join(
        f"                {_single(command.name + ':' + command.help)}" for command in COMMANDS.values())
    cases = "\n".join(_zsh_case(command) for command in COMMANDS.values())
    return f"""#compdef s3mountctl
{_HEAD}
_s3mountctl_mounts() {{
    local -a names
    names=(${{(f)"$({_NAMES})"}})
    _describe -t mounts mount names
}}

{_zsh_words()}

_s3mountctl() {{
    local curcontext=$curcontext state line
    local -a commands
    typeset -A opt_args
    _arguments -C '(- *)'{{-h,--help}}'[show help]' '(- *)--version[show the version]' \\
        '1:command:->command' '*::argument:->argument'
    case $state in
        command)
            commands=(
{described}
            )
            _describe -t commands command commands ;;
        argument)
            case $words[1] in
{cases}
            esac ;;
    esac
}}

_s3mountctl "$@"
"""


def fish() -> str:
    """For fish's folder of completions."""
    lines = [_HEAD, "complete -c s3mountctl -f", "complete -c s3mountctl -s h -l help -d 'show help'",
             "complete -c s3mountctl -n __fish_use_subcommand -l version -d 'show the version'"]
    for command in COMMANDS.values():
        what = _fish(command.help)
        lines.append(f"complete -c s3mountctl -n __fish_use_subcommand -a {command.name} -d {what}")
        lines += [_fish_argument(command, argument) for argument in command.arguments]
    return "\n".join(lines) + "\n"


SHELLS = {"bash/s3mountctl": bash, "zsh/_s3mountctl": zsh, "fish/s3mountctl.fish": fish}
"""File below the folder of completions, and what writes it."""


def _options(command: Command) -> str:
    options = [argument for argument in command.arguments if argument.is_option]
    return " ".join([*(name for option in options for name in option.names), "--help"])


def _valued() -> str:
    arguments = [argument for command in COMMANDS.values() for argument in command.arguments if argument.metavar]
    return "|".join(sorted({name for argument in arguments for name in argument.names}))


def _fill(command: Command) -> Fill:
    return next((argument.fill for argument in command.arguments if not argument.is_option), Fill.NOTHING)


def _bash_words() -> str:
    return "\n".join(f"    elif [[ $fill == {fill.value} ]]; then\n        words={_single(words)}"
                     for fill, words in _WORDS.items())


def _zsh_words() -> str:
    return "\n\n".join(f"_s3mountctl_{fill.value}() {{\n    local -a found=({words})\n"
                       f"    _describe -t {fill.value} {fill.value} found\n}}" for fill, words in _WORDS.items())


def _zsh_case(command: Command) -> str:
    specs = [*map(_zsh_spec, command.arguments), "'(- *)'{-h,--help}'[show help]'"]
    body = " \\\n                        ".join(["_arguments", *specs])
    return f"                {command.name})\n                    {body} ;;"


def _zsh_spec(argument: Argument) -> str:
    filler = {Fill.MOUNTS: "_s3mountctl_mounts", Fill.FILES: "_files",
              **{fill: f"_s3mountctl_{fill.value}" for fill in _WORDS}}
    if not argument.is_option:
        return _single(f"*:{argument.names[0]}:{filler.get(argument.fill, ' ')}")
    what = f"[{argument.help}]".replace(":", "\\:") + (f":{argument.metavar}: " if argument.metavar else "")
    if len(argument.names) == 1:
        return _single(argument.names[0] + what)
    both = " ".join(argument.names)
    return f"{_single(f'({both})')}{{{','.join(argument.names)}}}{_single(what)}"


def _fish_argument(command: Command, argument: Argument) -> str:
    start = f"complete -c s3mountctl -n '__fish_seen_subcommand_from {command.name}'"
    if argument.is_option:
        kinds = [("-l" if name.startswith("--") else "-s", name.lstrip("-")) for name in argument.names]
        names = " ".join(f"{kind} {name}" for kind, name in kinds)
        return f"{start} {names}{' -x' if argument.metavar else ''} -d {_fish(argument.help)}"
    return {Fill.MOUNTS: f"{start} -a '({_NAMES})'", Fill.FILES: f"{start} -F",
            **{fill: f"{start} -a '{words}'" for fill, words in _WORDS.items()}}.get(argument.fill, f"{start} -f")


def _single(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def _fish(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
