"""Keys that are changed where they lie: tried on the store, then taken into use by another worker or by the broker.

The files are users' own and may lie on a file system that hangs, so the helper reads them, now and then: a watch would
say nothing of what another machine writes to an NFS home.
"""

import os
from collections.abc import Callable, Iterable
from dataclasses import asdict
from typing import Any

import structlog
from gi.repository import GLib

from mountd.core.messages import Cause
from mountd.core.s3_question import place
from mountd.daemon import spare
from mountd.daemon.diagnosis import DEADLINE
from mountd.daemon.kept import Kept
from mountd.system.asking import Answer
from mountd.words.errors import FAULTS, FaultClass, MountdError
from mountd.words.model import Mount, State

_log = structlog.get_logger()
_EVERY = 60
"""Seconds."""
_HOPELESS = frozenset({FaultClass.CREDENTIALS, FaultClass.ACCESS})
"""What the store says of keys that must not replace others; all else is not about them."""
_FILES = ("credentials", "config")


class Rotation:
    """Looks at the keys of all mounts that serve."""

    def __init__(self, kepts: Callable[[], Iterable[Kept]]) -> None:
        self._kepts = kepts
        self._asked: dict[str, int] = {}
        self._timer = GLib.timeout_add_seconds(_EVERY, self._round)

    def _round(self) -> bool:
        for kept in self._kepts():
            self.look(kept)
        return bool(GLib.SOURCE_CONTINUE)

    def look(self, kept: Kept, *, again: bool = False) -> None:
        """Are a mount's keys still those that its worker was given? Not while that is being asked already; ``again``
        also tries such as were refused."""
        mount, owner, helper = kept.mount, kept.owner, kept.world.helper
        if (mount is None or owner is None or mount.credentials.anonymous or kept.record.state is not State.MOUNTED
                or helper.is_open(self._asked.get(kept.name, 0))):
            return
        self._asked[kept.name] = helper.ask(
            "keys_digest", lambda answer: self._read(kept, mount, answer, again=again), **_question(mount, owner))

    def _read(self, kept: Kept, mount: Mount, answer: Answer | MountdError, *, again: bool) -> None:
        # A file that is being written, or is away: what is in use stays so.
        if isinstance(answer, MountdError) or kept.mount is not mount or not kept.record.keys:
            return
        digest = str(answer["digest"])
        if digest == kept.record.keys:
            if kept.refused_keys is not None:
                kept.refused_keys = None
                kept.wake()
        elif kept.refused_keys is not None and digest == kept.refused_keys[0] and not again:
            return
        elif mount.name in kept.world.vault.accounts:
            self._renew_at_broker(kept, mount, digest)
        else:
            self._try(kept, mount, digest)

    def _renew_at_broker(self, kept: Kept, mount: Mount, digest: str) -> None:
        """Who gets the keys tries them, and leaves the old ones where they are of no use."""
        def copied(answer: Answer | MountdError) -> None:
            if not isinstance(answer, MountdError):
                kept.record.keys = digest
                kept.world.vault.refresh(mount.name)

        kept.world.helper.ask("copy_keys", copied, **_question(mount, kept.owner))

    def _try(self, kept: Kept, mount: Mount, digest: str) -> None:
        """Ask the store with the new keys, of which there is a copy in memory for as long as that takes."""
        copies = {name: os.memfd_create(f"s3mountd-{name}", os.MFD_CLOEXEC) for name in _FILES}

        def close() -> None:
            for number in copies.values():
                os.close(number)

        def said(answer: Answer | MountdError) -> None:
            if not isinstance(answer, MountdError) and kept.mount is mount:
                self._tried(kept, digest, Cause(answer["code"], answer["detail"]) if answer["code"] else None)

        def read(answer: Answer | MountdError) -> None:
            if not isinstance(answer, MountdError):
                given = [copies[name] for name in answer["files"]]
                kept.world.stores.ask("diagnose", said, descriptors=given, files=answer["files"], **place(mount),
                                      deadline=DEADLINE)
            close()

        kept.world.helper.ask("keys", read, descriptors=list(copies.values()), **_question(mount, kept.owner),
                              files=list(copies), folder=mount.folder, ca_bundle="")

    def _tried(self, kept: Kept, digest: str, cause: Cause | None) -> None:
        if digest == kept.record.keys or (cause is not None and FAULTS[cause.code].klass not in _HOPELESS):
            return
        if cause is None:
            _log.info(f"{kept.name}: other credentials are taken into use", mount=kept.name)
            kept.refused_keys, kept.record.keys = None, ""
            spare.drop(kept)
            kept.renew()
        else:
            why = kept.reason(cause).text
            kept.refused_keys = (digest, Cause("new-keys-refused", why))
            kept.wake()

    def close(self) -> None:
        """Look no more."""
        GLib.source_remove(self._timer)


def _question(mount: Mount, owner: int | None) -> dict[str, Any]:
    return {"name": mount.name, "credentials": asdict(mount.credentials), "uid": owner}
