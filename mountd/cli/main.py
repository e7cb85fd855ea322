"""s3mountctl: words of the command line → a row of the table → an exit status.

argparse, because `s3mountctl status` has 150 ms in all and click takes 19 ms to import where argparse takes 6
(median of 3, Debian 12).
"""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from mountd import __version__
from mountd.cli.command import Argument, Command, Take
from mountd.cli.commands import COMMANDS
from mountd.cli.console import Console, UsageError, standard
from mountd.cli.reads import nearest
from mountd.cli.text import wrapped
from mountd.core.verdict import Exit
from mountd.words.errors import MountdError

_EPILOG = ("Exit status: 0 all well, 1 something degraded or waiting, 2 something down or failed, "
           "3 daemon not reachable, 64 usage. Manual: man s3mountctl")
_PAGE = 80 - len("usage: ")
_BROKEN_PIPE = 141
"""128 + SIGPIPE: the reader of the output went away (``s3mountctl status | head -1``)."""


class _Parser(argparse.ArgumentParser):
    """argparse, but its faults name the nearest right word and end with 64."""

    words: tuple[str, ...] = ()

    def error(self, message: str) -> NoReturn:
        print(f"s3mountctl: {message}\nTry: {self.prog} --help", file=sys.stderr)
        raise SystemExit(Exit.USAGE)

    def unknown(self, kind: str, word: str) -> NoReturn:
        """End with the word that was not understood and the nearest one that would have been."""
        self.error(f"there is no {kind} {word!r}{nearest(word, self.words)}")


def parser() -> _Parser:
    """The top level; commands have parsers of their own."""
    overview = "\n".join(f"  {command.name:<12} {command.help}" for command in COMMANDS.values())
    made = _Parser(
        prog="s3mountctl", usage="s3mountctl COMMAND [ARGUMENT...]", epilog=_wrapped(_EPILOG),
        allow_abbrev=False, formatter_class=argparse.RawDescriptionHelpFormatter,
        description=f"See and steer the mounts of s3mountd.\n\ncommands:\n{overview}")
    made.words = tuple(COMMANDS)
    made.add_argument("--version", action="version", version=f"s3mountctl {__version__}")
    made.add_argument("command", nargs="?", help=argparse.SUPPRESS)
    return made


def command_parser(command: Command) -> _Parser:
    """The parser of one command."""
    made = _Parser(
        prog=f"s3mountctl {command.name}", usage=_wrapped(command.usage, " " * 7), allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description=f"{command.help[0].upper()}{command.help[1:]}.\n\n{_wrapped(command.story)}")
    options = [argument for argument in command.arguments if argument.is_option]
    made.words = tuple(name for option in options for name in option.names)
    for argument in command.arguments:
        _add(made, argument)
    return made


def parse(words: Sequence[str]) -> tuple[Command, argparse.Namespace]:
    """Find the row and read its arguments; usage faults end the process with 64, ``--help`` with 0."""
    top = parser()
    at = next((at for at, word in enumerate(words) if not word.startswith("-")), len(words))
    _, strange = top.parse_known_args(words[:at])
    if strange:
        top.unknown("option", strange[0])
    if at == len(words):
        top.print_help(sys.stderr)
        raise SystemExit(Exit.USAGE)
    if words[at] not in COMMANDS:
        top.unknown("command", words[at])
    command = COMMANDS[words[at]]
    own = command_parser(command)
    rest = words[at + 1:]
    # Options between operands are fine, but argparse then forgets what "--" means.
    args, strange = own.parse_known_args(rest) if "--" in rest else own.parse_known_intermixed_args(rest)
    if strange:
        own.unknown("option" if strange[0].startswith("-") else "argument", strange[0])
    if hasattr(args, "all") and args.all == bool(args.name):
        own.error("name the mounts, or say --all" if not args.all else "either names or --all, not both")
    return command, args


def main(words: Sequence[str] | None = None) -> int:
    """Run one command; the entry point of ``/usr/bin/s3mountctl``."""
    command, args = parse(sys.argv[1:] if words is None else words)
    console = standard()
    try:
        return int(_run(console, command, args))
    except BrokenPipeError:
        # Python flushes stdout once more at exit and would complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _BROKEN_PIPE
    except KeyboardInterrupt:
        console.warn(["s3mountctl: interrupted" + "; what was asked of s3mountd goes on" * command.needs_daemon])
        return Exit.INTERRUPTED


def _run(console: Console, command: Command, args: argparse.Namespace) -> int:
    try:
        return command.run(console, args)
    except UsageError as error:
        console.warn([f"s3mountctl: {error}", f"Try: s3mountctl {command.name} --help"])
        return Exit.USAGE
    except MountdError as error:
        return console.fail(error)


def _add(made: argparse.ArgumentParser, argument: Argument) -> None:
    if argument.take is Take.FLAG:
        made.add_argument(*argument.names, action="store_true", help=argument.help)
    elif argument.is_option:
        dest = argument.dest or argument.names[-1].lstrip("-").replace("-", "_")
        made.add_argument(*argument.names, help=argument.help, metavar=argument.metavar, type=_reader(argument),
                          default=argument.default, action="append" if argument.repeats else "store", dest=dest)
    else:
        dest = argument.names[0].lower()
        nargs = None if argument.take is Take.ONE else argument.take.value
        made.add_argument(dest, metavar=argument.names[0], nargs=nargs, help=argument.help)


def _reader(argument: Argument) -> Callable[[str], Any]:
    """The argument's own conversion; argparse keeps the words of only this one kind of error."""
    def read(text: str) -> Any:
        try:
            return argument.parse(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from error
    return read


def _wrapped(text: str, indent: str = "") -> str:
    return f"\n{indent}".join(wrapped(text, _PAGE))


if __name__ == "__main__":
    sys.exit(main())
