"""``s3mountctl doctor``: what is right and what is not, with this machine and on the way to each bucket."""

import time
from argparse import Namespace
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mountd import __version__
from mountd.cli import caller, checking, examine
from mountd.cli.console import Console
from mountd.cli.findings import of_plain, show
from mountd.cli.stores import Children
from mountd.core import findings
from mountd.core.findings import Finding, Level, ok, skipped
from mountd.core.verdict import Document
from mountd.words.errors import FAULTS, MountdError
from mountd.words.model import Mount
from mountd.words.providers import PROVIDERS

_CHECK_LIMIT = 8.0
"""Seconds for the checks of the machine, all of which run at once."""


@dataclass(frozen=True)
class Report:
    """What was found: of the machine, and of each mount by its name."""

    host: Sequence[Finding]
    mounts: Mapping[str, Sequence[Finding]]

    @property
    def all(self) -> list[Finding]:
        """Every line."""
        return [*self.host, *(one for found in self.mounts.values() for one in found)]

    def as_document(self) -> dict[str, Any]:
        """For a machine."""
        return {"version": __version__, "host": [one.plain for one in self.host],
                "mounts": [{"name": name, "findings": [one.plain for one in found]}
                           for name, found in self.mounts.items()]}


def doctor(console: Console, args: Namespace) -> int:
    """Look at everything, or at one mount."""
    report = examined(lambda: _status(console), args.name, console.progress, write=args.write)
    if args.json:
        console.say_json(report.as_document())
    else:
        console.say(_shown(report, args.name, console))
    return findings.worst(report.all)


def _status(console: Console) -> Document:
    # The client is made here, for without a bus there is none.
    return console.client.status()


def examined(status: Callable[[], Document], name: str | None, progress: Callable[[str], None], *,
             write: bool = False) -> Report:
    """Look at the machine, and at one mount or all. Raises ``no-such-mount``."""
    found = checking.check([], None)
    mounts = [checking.named(name, found)] if name else [one for one in found.all if one.enabled]
    document, daemon = _daemon(status)
    children = Children()
    try:
        progress("looking at this machine")
        host = [daemon, *_configuration(found), *_machine(children, found.mounts)]
        return Report(host, examine.all_of(mounts, document, children, progress, write=write))
    finally:
        children.close()


def _shown(report: Report, name: str | None, console: Console) -> Iterator[str]:
    # For one mount the machine counts where it is not well.
    host = [one for one in report.host if not name or one.level in (Level.WARNING, Level.BAD)]
    if host:
        yield console.style.bold("This machine")
        yield from show(host, console.style)
    for mount, found in report.mounts.items():
        yield ""
        yield console.style.bold(mount)
        yield from show(list(found), console.style)
    count = {level: sum(one.level is level for one in report.all) for level in Level}
    yield ""
    yield (f"{count[Level.OK]} ok, {count[Level.WARNING]} warning{'s' * (count[Level.WARNING] != 1)}, "
           f"{count[Level.BAD]} bad.")


def _daemon(status: Callable[[], Document]) -> tuple[Document | None, Finding]:
    """The status document, and how it is with who makes it. All else is found out without."""
    name = "s3mountd"
    try:
        document = status()
    except MountdError as error:
        fault = FAULTS[error.fault.code]
        fix = "run: systemctl start s3mountd; see: journalctl -u s3mountd"
        return None, Finding(name, Level.BAD, fault.sentence.format(detail=error.detail), fix)
    if document["version"] != __version__:
        return document, Finding(name, Level.WARNING, f"{document['version']} runs, {__version__} is installed",
                                 "run: systemctl restart s3mountd (no mount notices)")
    return document, ok(name, f"{document['version']}, pid {document['daemon']['pid']}")


def _configuration(found: checking.Found) -> Iterator[Finding]:
    name = "configuration"
    for problem in found.problems:
        yield Finding(name, Level.BAD, str(problem), "mend it, then: s3mountctl check")
    for warning in found.warnings:
        yield Finding(name, Level.WARNING, str(warning))
    if not found.problems:
        count = len(found.mounts)
        yield ok(name, f"{count} mount{'s' * (count != 1)}, no faults")


def _machine(children: Children, mounts: Sequence[Mount]) -> Iterator[Finding]:
    """All checks at once; one that does not come back in time says so, and no more."""
    host = children.host
    end = time.monotonic() + _CHECK_LIMIT
    about = [wanted(mount) for mount in mounts]
    asked = [(name, host.begin("check", name=name, mounts=about, uid=caller.uid()))
             for name in host.ask("checks", _CHECK_LIMIT)["names"]]
    for name, number in asked:
        try:
            yield from map(of_plain, host.answer(number, end)["findings"])
        except MountdError as error:
            yield skipped(name, f"could not be found out: {error.detail}")


def wanted(mount: Mount) -> dict[str, Any]:
    """What the checks of the machine have to know of a mount (``system.host.asked``)."""
    options = mount.options
    return {"name": mount.name, "folder": mount.folder, "endpoint_url": str(options.get("endpoint_url", "")),
            "read_only": bool(options.get("read_only")), "user": mount.credentials.user,
            "needs_front": bool(PROVIDERS[mount.provider].rename), "cache": str(options.get("cache", "")),
            "s3cfg": mount.credentials.s3cfg, "web_identity": mount.credentials.web_identity}
