"""The generated parts of the documentation: a name between two comments in a page, and the table it comes
from."""

from collections.abc import Callable, Iterable, Mapping

from mountd.cli.command import Argument
from mountd.cli.commands import COMMANDS
from mountd.cli.render import filled, value
from mountd.words.errors import FAULTS
from mountd.words.fault import RETRY, Retry
from mountd.words.keys import (
    CHECK_KEYS,
    CREDENTIAL_KEYS,
    DAEMON_KEYS,
    MOUNT_KEYS,
    USER_CREDENTIAL_KEYS,
    USER_KEYS,
)
from mountd.words.model import OptionValue
from mountd.words.options import OLDEST, OPTIONS, REFUSED, Kind, Option, version_text
from mountd.words.providers import PROVIDERS

_KINDS = {
    Kind.FLAG: "true or false", Kind.INT: "number", Kind.TEXT: "text", Kind.PATH: "absolute path",
    Kind.URL: "URL",
    Kind.ENUM: "text", Kind.MODE: "octal text", Kind.TTL: "number or word", Kind.LIST: "list of texts",
    Kind.SPAN: "span of time", Kind.TABLE: "table", Kind.OWNER: "name or number",
    Kind.LISTEN: "address", Kind.COMMAND: "list of texts", Kind.WEBHOOK: "URL",
}

_SPELLED = ("s3mountd", "mount-s3", "false")
"""Words that keep their spelling at the head of a sentence."""
_MUST = "must be given"


def commands() -> str:
    """Every command with its synopsis, its story and its arguments."""
    return _paragraphs(
        f"### {command.usage.removeprefix('s3mountctl ')}\n\n{_sentence(command.help)} {command.story}"
        + "".join(f"\n\n{_argument(argument)}" for argument in command.arguments)
        for command in COMMANDS.values())


def overview() -> str:
    """One line a command."""
    return _terms((f"**{command.name}**", _sentence(command.help)) for command in COMMANDS.values())


def codes() -> str:
    """Every code with its sentence and what mends it."""
    return _terms((f"**{fault.code}** ({fault.klass.value})",
                   f"{_sentence(filled(fault.sentence))} To mend: {filled(fault.hint)}.")
                  for fault in FAULTS.values())


def retries() -> str:
    """How often each class of faults is tried again."""
    return _terms((f"**{klass.value}**", _retry(retry)) for klass, retry in RETRY.items())


def mount_keys() -> str:
    """The keys of a mount that are s3mountd's own."""
    return _terms(map(_key, MOUNT_KEYS.values()))


def credential_keys() -> str:
    """The keys of the credentials table."""
    return _terms(map(_key, CREDENTIAL_KEYS.values()))


def check_keys() -> str:
    """The keys of the check table."""
    return _terms(map(_key, CHECK_KEYS.values()))


def daemon_keys() -> str:
    """The keys of the daemon table."""
    return _terms(map(_key, DAEMON_KEYS.values()))


def user_keys() -> str:
    """The names of the keys that users may set."""
    inner = ", ".join(f"**{name}**" for name in USER_CREDENTIAL_KEYS)
    return ", ".join(f"**{name}**" for name in USER_KEYS) + f"; in **credentials** {inner}.\n"


def options() -> str:
    """The keys of a mount that are mount-s3's options."""
    return _terms(map(_key, OPTIONS.values()))


def refused() -> str:
    """The options of mount-s3 that are not taken, and why."""
    return _terms((f"**{row.name}**", f"{_sentence(row.why)} {_sentence(row.instead)}")
                  for row in REFUSED.values() if row.native)


def providers() -> str:
    """The kinds of stores with what each presets."""
    return _terms((f'**"{row.name}"**', _sentence(row.title) + _presets(row.options))
                  for row in PROVIDERS.values())


PARTS: dict[str, Callable[[], str]] = {
    part.__name__.replace("_", "-"): part
    for part in (commands, overview, codes, retries, mount_keys, credential_keys, check_keys, daemon_keys,
                 user_keys, options, refused, providers)
}


def _argument(argument: Argument) -> str:
    metavar = f" *{argument.metavar}*" if argument.metavar else ""
    names = ", ".join(f"**{name}**" if argument.is_option else f"*{name}*" for name in argument.names)
    return _terms([(names + metavar, _sentence(argument.help))])


def _key(option: Option) -> tuple[str, str]:
    said = [_sentence(option.help)]
    if option.kind is Kind.ENUM:
        said.append(f"One of {_quoted(option.choices)}.")
    if option.low is not None and option.high is not None:
        unit = "s" if option.kind is Kind.SPAN else option.unit
        words = f", or {_quoted(option.choices)}" if option.kind is Kind.TTL else ""
        said.append(f"{option.low} to {option.high} {unit}".rstrip() + f"{words}.")
    if option.unset == _MUST:
        said.append(_sentence(_MUST))
    elif option.unset:
        said.append(f"When not given: {option.unset}.")
    if option.requires:
        said.append(f"Needs {option.requires}.")
    if option.conflicts:
        said.append(f"Not beside {', '.join(option.conflicts)}.")
    if option.since > OLDEST:
        said.append(f"Since mount-s3 {version_text(option.since)}.")
    said += [f'"{choice}" since mount-s3 {version_text(since)}.'
             for choice, since in option.choices_since.items() if since > OLDEST]
    return f"**{option.name}** ({_KINDS[option.kind]})", " ".join(said)


def _retry(retry: Retry) -> str:
    if retry.first is None:
        return "Not tried again before something is changed."
    start = f"after {retry.first:g} s" if retry.first else "at once"
    return f"Again {start}, then at growing distance up to {retry.cap:g} s."


def _presets(values: Mapping[str, OptionValue]) -> str:
    shown = ", ".join(f"{key} = {value(preset)}" for key, preset in values.items())
    return f" Presets: {shown}." if shown else ""


def _quoted(words: Iterable[str]) -> str:
    return ", ".join(f'"{word}"' for word in words)


def _sentence(text: str) -> str:
    first = text[0] if text.startswith(_SPELLED) else text[0].upper()
    end = "" if text.endswith((".", "…")) else "."
    return f"{first}{text[1:]}{end}"


def _terms(pairs: Iterable[tuple[str, str]]) -> str:
    return _paragraphs(f"{term}\n: {text}" for term, text in pairs)


def _paragraphs(texts: Iterable[str]) -> str:
    return "\n\n".join(texts)
