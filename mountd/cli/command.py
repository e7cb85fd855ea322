"""What a row of the table of commands is made of."""

from argparse import Namespace
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from mountd.cli.console import Console


class Take(Enum):
    """How many words an argument takes, as argparse spells it; a flag takes none."""

    FLAG = ""
    ONE = "1"
    MAYBE = "?"
    ANY = "*"
    MANY = "+"


class Fill(Enum):
    """What a shell offers for an argument."""

    NOTHING = "nothing"
    MOUNTS = "mounts"
    CODES = "codes"
    FORMATS = "formats"
    SOURCES = "sources"
    FILES = "files"
    ACTIONS = "actions"


@dataclass(frozen=True)
class Argument:
    """One option (``names`` begin with dashes) or operand (``names`` is its one metavar)."""

    names: tuple[str, ...]
    help: str
    take: Take = Take.FLAG
    metavar: str = ""
    fill: Fill = Fill.NOTHING
    parse: Callable[[str], Any] = str
    default: Any = None
    repeats: bool = False
    dest: str = ""
    """The attribute's name where it is not the option's own."""

    @property
    def is_option(self) -> bool:
        """False for an operand."""
        return self.names[0].startswith("-")

    @property
    def usage(self) -> str:
        """The argument as a synopsis shows it."""
        if self.is_option:
            return f"[{self.names[0]}{' ' + self.metavar if self.metavar else ''}]"
        name = self.names[0]
        many = f"{name}..."
        return {Take.MAYBE: f"[{name}]", Take.ANY: f"[{many}]", Take.MANY: many}.get(self.take, name)


@dataclass(frozen=True)
class Command:
    """One row. ``help`` is the line in the overview, ``story`` what ``--help`` and the man page add to it."""

    name: str
    run: Callable[[Console, Namespace], int]
    help: str
    arguments: tuple[Argument, ...]
    story: str
    needs_daemon: bool = True

    @property
    def usage(self) -> str:
        """The synopsis."""
        return " ".join(["s3mountctl", self.name, *(argument.usage for argument in self.arguments)])
