"""Rules on the table ``[daemon]`` that need more than one value, and what a person should know of the values."""

from collections.abc import Mapping, Sequence
from typing import cast
from urllib.parse import urlsplit

from mountd.core import listen
from mountd.core.config.facts import Facts, Findings, Source
from mountd.core.config.tables import Field
from mountd.words.model import DaemonSettings

_UNSEEN = ("/home/", "/root/", "/run/user/", "/tmp/", "/var/tmp/")  # noqa: S108  named, not used
"""What the sandbox of a hook does not show (systemd.exec(5), ProtectHome= and PrivateTmp=)."""
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def settings(fields: Mapping[str, Field]) -> DaemonSettings:
    """The table's values."""
    return DaemonSettings(**{key: cast(str, field.value) for key, field in fields.items()})  # type: ignore[arg-type]


def check(fields: Mapping[str, Field], sources: Sequence[Source], facts: Facts, findings: Findings) -> None:
    """Note faults and remarks."""
    if "http" in fields:
        _reach(fields["http"], findings)
    if "on_change" in fields:
        _program(fields["on_change"], facts, findings)
    if "webhook" in fields:
        _secret(fields["webhook"], {source.path for source in sources if source.open_to_all}, findings)


def _reach(http: Field, findings: Findings) -> None:
    """Status pages that other machines can read are meant, or a slip: say so."""
    wanted = listen.parse(str(http.value))
    if wanted is not None and not wanted.local:
        findings.note(http.place, "daemon.http", f"everybody who reaches {wanted} can read the status of all mounts",
                      f'write "{listen.EXAMPLE}" for this machine alone')


def _program(on_change: Field, facts: Facts, findings: Findings) -> None:
    """What must not be run is a fault; what only fails when it is run is a remark: it may be installed later."""
    path = cast(tuple[str, ...], on_change.value)[0]
    if path.startswith(_UNSEEN):
        findings.problem(on_change.place, "daemon.on_change", f"{path} is not to be seen from the hook's sandbox",
                         "put it in /usr/local/bin")
        return
    found = facts.program(path)
    if found.refused:
        findings.problem(on_change.place, "daemon.on_change", found.refused, found.hint)
    elif found.remark:
        findings.note(on_change.place, "daemon.on_change", found.remark, found.hint)


def _secret(webhook: Field, open_files: set[str], findings: Findings) -> None:
    parts = urlsplit(str(webhook.value))
    if webhook.place.file in open_files:
        findings.note(webhook.place, "daemon.webhook", "everybody on this machine can read the URL in this file",
                      f"run: chmod 600 {webhook.place.file}")
    if parts.scheme == "http" and parts.hostname not in _LOOPBACK:
        findings.note(webhook.place, "daemon.webhook", "what is sent by http can be read on its way",
                      "use https")
