"""``mounts.toml`` and its drop-ins: text in, everything that is wanted out, or every fault at once.

The only importer of tomli. Files are read in the order given; ``[daemon]`` and ``[defaults]`` may stand in any one of
them, each once, and ``[defaults]`` counts for the mounts of all files.
"""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace

import tomli

from mountd.core.config import cross as config_cross
from mountd.core.config import daemon as config_daemon
from mountd.core.config import mount as config_mount
from mountd.core.config import toml_lines
from mountd.core.config.facts import Facts, Findings, Source
from mountd.core.config.tables import DEFAULTS_TABLE, MOUNT_TABLE, Document, Spot, read_fields, show_key
from mountd.core.config.values import suggestion
from mountd.words.keys import DAEMON_KEYS
from mountd.words.model import DaemonSettings, Desired, Mount, Place, Problem
from mountd.words.options import OLDEST, too_new, version_text
from mountd.words.providers import PROVIDERS

__all__ = ["ConfigError", "Facts", "Source", "read", "warnings"]

_SECTIONS = ("daemon", "defaults", "mount")
_AT_LINE = re.compile(r" \(at line (\d+), column \d+\)$")


class ConfigError(Exception):
    """A configuration that is refused; ``problems`` has every fault, in the order of files and lines."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


def read(sources: Sequence[Source], facts: Facts) -> Desired:
    """The configuration of these files together. Raises ConfigError with every fault that they have."""
    findings = Findings()
    documents = [document for source in sources if (document := parse(source, findings))]
    daemon = _single(documents, "daemon", findings)
    defaults = _single(documents, "defaults", findings)
    settings = read_fields(*daemon, DAEMON_KEYS, "", findings) if daemon else {}
    config_daemon.check(settings, sources, facts, findings)
    inherited = _inherited(*defaults, findings) if defaults else config_mount.Defaults()
    drafts = [
        config_mount.read_draft(spot, table, inherited, facts, findings)
        for document in documents for spot, table in tables(document, findings)
    ]
    config_cross.check(drafts)
    if findings.problems:
        order = {source.path: number for number, source in enumerate(sources)}
        raise ConfigError(tuple(sorted(findings.problems, key=lambda one: (order[one.place.file], one.place.line))))
    mounts = tuple(config_mount.finish(draft) for draft in drafts)
    wanted = config_daemon.settings(settings)
    return Desired(mounts, wanted, tuple(findings.notes), _digest(mounts, wanted))


def warnings(desired: Desired, facts: Facts) -> tuple[Problem, ...]:
    """What is accepted but will not do what was meant.

    These are the mounts that the installed mount-s3 cannot serve, and options that lose data.
    """
    found = [problem for mount in desired.mounts for problem in _version_warnings(mount, facts)]
    found += [
        Problem(mount.place, f'mount "{mount.name}": upload_checksums',
                'mount-s3 cannot store empty files with "off"', "remove the key unless uploads fail without it")
        for mount in desired.mounts if mount.options.get("upload_checksums") == "off"
    ]
    found += [
        Problem(mount.place, f'mount "{mount.name}"', PROVIDERS[mount.provider].rename,
                "set read_only = true, or copy into the folder and never rename in it")
        for mount in desired.mounts
        if PROVIDERS[mount.provider].rename and not mount.options.get("read_only") and mount.write_safety == "trust"
    ]
    return tuple(found)


def _version_warnings(mount: Mount, facts: Facts) -> list[Problem]:
    version = facts.worker_version
    if version is None:
        return []
    label = f'mount "{mount.name}"'
    if version < OLDEST:
        return [Problem(mount.place, label, f"mount-s3 {version_text(version)} is too old",
                        f"{version_text(OLDEST)} is the oldest that can be supervised")]
    return [
        Problem(mount.place, f"{label}: {name}",
                f"needs mount-s3 {version_text(since)}; installed is {version_text(version)}",
                "upgrade mount-s3, or remove the option")
        for name, since in too_new(mount.options, version)
    ]


def parse(source: Source, findings: Findings) -> Document | None:
    """A file as TOML, or None, with the fault noted."""
    try:
        data = tomli.loads(source.text)
    except RecursionError:
        findings.problem(Place(source.path, 0), "", "not valid TOML: nested too deep")
        return None
    except ValueError as error:  # TOMLDecodeError, and what int() says to thousands of digits
        text = str(error)
        match = _AT_LINE.search(text)
        line = int(match[1]) if match else source.text.rstrip("\n").count("\n") + 1
        text = _AT_LINE.sub("", text).removesuffix(" (at end of document)")
        findings.problem(Place(source.path, line), "", f"not valid TOML: {text}")
        return None
    document = Document(source.path, data, toml_lines.index(source.text))
    for key in data:
        if key not in _SECTIONS:
            findings.problem(document.place((key,)), show_key(key), *_not_a_section(key))
    return document


def _not_a_section(key: str) -> tuple[str, str]:
    if key in MOUNT_TABLE:
        return "stands outside of every section", "put it below [[mount]] or [defaults]"
    near = suggestion(key, _SECTIONS)
    return "unknown section", near.replace('"mount"', "[[mount]]") or "there are [daemon], [defaults] and [[mount]]"


def _single(documents: Sequence[Document], name: str, findings: Findings,
            ) -> tuple[Spot, Mapping[str, object]] | None:
    """A section that may stand in one of the files."""
    found: tuple[Spot, Mapping[str, object]] | None = None
    for document in documents:
        if name not in document.data:
            continue
        table = document.data[name]
        spot = Spot(document, (name,), f"{name}.")
        if not isinstance(table, dict):
            findings.problem(spot.place(), name, "must be a table", f"write [{name}] on a line of its own")
        elif found:
            findings.problem(spot.place(), name, f"[{name}] stands also at {found[0].place()}",
                             "keep one of the two")
        else:
            found = spot, table
    return found


def tables(document: Document, findings: Findings) -> list[tuple[Spot, Mapping[str, object]]]:
    """Each ``[[mount]]`` of a file and where it stands."""
    tables = document.data.get("mount", [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        findings.problem(document.place(("mount",)), "mount", "must be written with two brackets",
                         "write [[mount]] above each mount")
        return []
    return [
        (Spot(document, ("mount", number), config_mount.label(table, number + 1)), table)
        for number, table in enumerate(tables)
    ]


def _inherited(spot: Spot, table: Mapping[str, object], findings: Findings) -> config_mount.Defaults:
    fields = read_fields(spot, table, DEFAULTS_TABLE, "", findings)
    return config_mount.Defaults({key: replace(one, inherited=True) for key, one in fields.items()}, frozenset(table))


def _digest(mounts: Sequence[Mount], daemon: DaemonSettings) -> str:
    """Of what was accepted, not of how it was written: comments and order of keys do not count."""
    content = [canonical(mount) for mount in mounts]
    text = json.dumps({"mounts": content, "daemon": asdict(daemon)}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def canonical(mount: Mount) -> dict[str, object]:
    """A mount as plain values for digests and comparison; where it was written does not count."""
    plain = {key: getattr(mount, key) for key in mount.__dataclass_fields__ if key != "place"}
    credentials = asdict(mount.credentials)
    if not mount.credentials.own:
        # A key that all have would give every worker another digest, and an upgrade would replace them all.
        del credentials["own"]
    return {**plain, "options": dict(mount.options), "credentials": credentials, "check": asdict(mount.check)}
