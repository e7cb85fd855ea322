"""The tasks ``parts``, ``part`` and ``scan``: what support needs of this machine, with nothing in it that is secret.

Key files and the environment of processes are never read for it. The configuration is shown by its known keys; logs and
what workers left are free text, from which secrets are taken out; and in the end the whole is searched for them.
"""

import io
import json
import os
import platform
import subprocess
import tarfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import tomli

from mountd.core import redaction
from mountd.system import configfiles, mounts
from mountd.system.answering import Question
from mountd.system.host import secrets
from mountd.system.host.asked import Asked
from mountd.system.small_files import read_json
from mountd.words import paths

_RUN_LIMIT = 15.0
_ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"}
_LINES = "4000"
_PACKAGES = ("s3mountd", "mount-s3", "systemd", "dbus", "python3", "python3-gi", "python3-pydbus", "python3-boto3",
             "libfuse2", "libfuse3-3", "haproxy", "polkitd")
_UNITS = ("s3mountd.service", "s3mountd-*.service", "s3mount.slice", "s3mount-*.service")
_SECRET_PROPERTIES = ("Environment=", "SetCredential", "PassEnvironment=")


def _run(*words: str) -> str:
    """What a program says, or why it does not."""
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=_RUN_LIMIT, check=False, errors="replace",
                              stdin=subprocess.DEVNULL, env=_ENVIRONMENT)
    except (OSError, subprocess.SubprocessError) as error:
        return f"{words[0]}: {error}\n"
    return done.stdout + done.stderr


def _versions(_asked: Asked) -> str:
    worker = next((path for path in paths.WORKERS if os.path.exists(path)), "")
    said = [f"kernel: {platform.release()} {platform.version()} {platform.machine()}\n", _file("/etc/os-release"),
            _run("systemctl", "--version"), _run("dpkg-query", "-W", *_PACKAGES)]
    return "\n".join([*said, f"{worker}: {_run(worker, '--version') if worker else 'no mount-s3'}"])


def _file(path: str) -> str:
    try:
        return Path(path).read_text("utf-8", "replace")
    except OSError as error:
        return f"{path}: {error.strerror}\n"


def _configuration(_asked: Asked) -> str:
    sources, problems = configfiles.collect(paths.CONFIG, paths.DROPINS)
    found = {source.path: _shown(source.text) for source in sources}
    return _json({"files": found, "unreadable": [str(one.place) for one in problems]})


def _accepted(_asked: Asked) -> str:
    kept = read_json(paths.ACCEPTED) or []
    return _json({path: _shown(text) for path, text in kept})


def _shown(text: str) -> Any:
    try:
        return redaction.configuration(tomli.loads(text))
    except tomli.TOMLDecodeError as error:
        # Where it is broken nobody knows what is a value; the fault itself stands in check.json.
        return f"is no TOML ({len(text.splitlines())} lines): {str(error).rpartition('(')[2].rstrip(')')}"


def _json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def _evidence(_asked: Asked) -> str:
    folder = paths.STATE / "evidence"
    return _json({path.name: read_json(path) for path in sorted(folder.glob("*.json"))} if folder.is_dir() else {})


def _state(_asked: Asked) -> str:
    """What is kept over a reboot, but for the configuration and the evidence, which have files of their own."""
    known = (path for path in sorted(paths.STATE.glob("*.json")) if path != paths.ACCEPTED)
    return _json({path.name: read_json(path) for path in (*known, *sorted(paths.HISTORY.glob("*.json")))})


def _journal(_asked: Asked) -> str:
    return _run("journalctl", "--no-pager", "--no-hostname", f"--lines={_LINES}", "--output=short-iso-precise",
                "--unit=s3mountd.service", "--unit=s3mountd-*", "--unit=s3mount.slice")


def _journal_of_mounts(asked: Asked) -> str:
    fields = [f"S3MOUNT_NAME={one.name}" for one in asked.mounts]
    if not fields:
        return "no mounts\n"
    return _run("journalctl", "--no-pager", "--no-hostname", f"--lines={_LINES}", "--output=short-iso-precise", *fields)


def _units(_asked: Asked) -> str:
    said = _run("systemctl", "show", "--all", *_UNITS)
    shown = "\n".join(line for line in said.splitlines() if not line.startswith(_SECRET_PROPERTIES))
    return f"{_run('systemctl', 'list-units', '--all', '--no-pager', 's3mount*')}\n{shown}\n"


def _mountinfo(_asked: Asked) -> str:
    return _file(str(mounts.MOUNTINFO))


def _network(_asked: Asked) -> str:
    return "\n".join((_file("/etc/resolv.conf"), _run("ip", "-brief", "address"), _run("ip", "route"),
                      _run("timedatectl")))


def _resources(_asked: Asked) -> str:
    return "\n".join(f"{name}\n{_file(f'/proc/{name}')}" for name in ("meminfo", "loadavg", "pressure/memory",
                                                                      "pressure/io", "sys/fs/file-nr"))


PARTS: dict[str, Callable[[Asked], str]] = {
    "versions.txt": _versions,
    "configuration.json": _configuration,
    "accepted.json": _accepted,
    "state.json": _state,
    "evidence.json": _evidence,
    "journal-s3mountd.txt": _journal,
    "journal-mounts.txt": _journal_of_mounts,
    "units.txt": _units,
    "mountinfo.txt": _mountinfo,
    "network.txt": _network,
    "resources.txt": _resources,
}
"""File in the bundle, and what makes it."""
_FREE = frozenset({"evidence.json", "journal-s3mountd.txt", "journal-mounts.txt"})
"""Text that is not s3mountd's own. A secret anywhere else is a fault, for which nothing is written."""


def parts(_question: Question, _descriptors: Sequence[int]) -> dict[str, Any]:
    """Answer: ``names``."""
    return {"names": list(PARTS)}


def part(question: Question, descriptors: Sequence[int]) -> dict[str, Any]:
    """Write one file to the descriptor. Question: ``name``, ``mounts``, ``uid``. Answer: ``bytes``."""
    name, asked = str(question["name"]), Asked.of(question["mounts"], int(question["uid"]))
    said = PARTS[name](asked)
    content = (redaction.text(said, _known(asked)) if name in _FREE else said).encode("utf-8", "replace")
    with open(descriptors[0], "wb", closefd=False) as file:
        file.write(content)
    return {"bytes": len(content)}


def scan(question: Question, descriptors: Sequence[int]) -> dict[str, Any]:
    """Search the finished bundle, a tar.gz behind the descriptor. Answer: ``hits``, "FILE: WHAT" each."""
    known = _known(Asked.of(question["mounts"], int(question["uid"])))
    found = []
    with open(descriptors[0], "rb", closefd=False) as file:
        content = io.BytesIO(file.read())
    with tarfile.open(fileobj=content, mode="r:gz") as bundle:
        for member in bundle:
            inside = bundle.extractfile(member)
            said = inside.read().decode("utf-8", "replace") if inside else ""
            found += [f"{member.name}: {what}" for what in redaction.hits(said, known)]
    return {"hits": found}


def _known(asked: Asked) -> set[str]:
    """The secrets of this machine, as far as who asks can read them. They stay in this process."""
    files = (*secrets.holders(asked), *_below(paths.KEYS, "*/*"))
    found = {secret for path in files for secret in redaction.secrets_of(secrets.text(path))}
    # What is a secret from its first letter to its last.
    whole = (*_below(paths.TOKENS, "*"), *(Path(one.web_identity) for one in asked.mounts if one.web_identity))
    found |= {token for path in whole if (token := secrets.text(path).strip())}
    for source in configfiles.collect(paths.CONFIG, paths.DROPINS)[0]:
        found |= redaction.secrets_of(source.text)
        try:
            webhook = tomli.loads(source.text).get("daemon", {}).get("webhook", "")
        except (tomli.TOMLDecodeError, AttributeError):
            continue
        found |= redaction.secrets_of_webhook(str(webhook)) if webhook else set()
    return found


def _below(folder: Path, pattern: str) -> Iterator[Path]:
    """Files that the daemon keeps for its mounts, for who can read them."""
    if os.access(folder, os.R_OK):
        yield from (path for path in folder.glob(pattern) if path.is_file())
