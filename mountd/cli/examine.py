"""The way to each bucket, step by step: the folder, the network, the keys, reading, and writing if it is asked for."""

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Any

from mountd.cli import writing
from mountd.cli.findings import of_plain
from mountd.cli.stores import Children, Store, Whose, of_mount
from mountd.cli.text import moment, span
from mountd.core import reasons, verdict
from mountd.core.diagnosis import SKEW_LIMIT
from mountd.core.findings import Finding, Level, ok, skipped
from mountd.core.line import Answer
from mountd.core.messages import Cause
from mountd.core.verdict import Document, Exit
from mountd.words.errors import FaultClass, MountdError
from mountd.words.model import Credentials, Mount

_FOLDER_LIMIT = 3.0
"""Seconds that a mounted folder has for an answer."""
_WALK_LIMIT = 5.0
_STEP_LIMIT = 8.0
_OLD = 86400.0
"""Seconds after which an upload is taken to have been forgotten."""
_LEVELS = {Exit.WELL: Level.OK, Exit.DEGRADED: Level.WARNING, Exit.DOWN: Level.BAD}
_OF_KEYS = frozenset({FaultClass.CREDENTIALS})


@dataclass
class _Patient:
    """One mount with what is open for it."""

    mount: Mount
    store: Store | None
    """None while its keys cannot be had."""
    refused: MountdError | None
    walk: Callable[[], Answer]
    folder: int
    """The number of the question whether the folder answers."""
    asked: float
    """When that was (monotonic seconds)."""

    @property
    def source(self) -> str:
        """Whose keys."""
        return self.store.source if self.store else ""


def all_of(mounts: Sequence[Mount], document: Document | None, children: Children, progress: Callable[[str], None], *,
           write: bool) -> dict[str, list[Finding]]:
    """The findings for each mount by name. The network is walked for all of them at once."""
    told = {one["name"]: one for one in document["mounts"]} if document else {}
    now = document["generated_at"] if document else ""
    with ExitStack() as stack:
        patients = [_taken_in(mount, children, stack) for mount in mounts]
        found = {}
        for patient in patients:
            progress(f"looking at {patient.mount.name}")
            found[patient.mount.name] = lines = [
                *_state(told.get(patient.mount.name), now), *_writes(told.get(patient.mount.name), now),
                *_folder(patient, children)]
            try:
                lines.extend(_way(patient, write=write))
            except MountdError as error:
                lines.append(_bad("list", error.fault.code, error.detail, patient))
    return found


def _taken_in(mount: Mount, children: Children, stack: ExitStack) -> _Patient:
    asked, folder = time.monotonic(), children.host.begin("folder", folder=mount.folder)
    store, refused = None, None
    try:
        store = stack.enter_context(Store(of_mount(mount), children))
    except MountdError as error:
        refused = error
    # Without keys the network can be looked at all the same.
    way = store or stack.enter_context(Store(_unsigned(mount), children))
    return _Patient(mount, store, refused, way.begin("walk", limit=_WALK_LIMIT), folder, asked)


def _unsigned(mount: Mount) -> Whose:
    return replace(of_mount(mount), credentials=Credentials(anonymous=True))


def _state(told: Document | None, now: str) -> Iterator[Finding]:
    """What the daemon says of the mount."""
    if told is None:
        yield skipped("state", "the daemon does not tell")
        return
    reason = told["reason"]
    text = f"{told['state']}, {told['health']}" if told["state"] == "mounted" else told["state"]
    if told["state"] == "mounted" and told["checked_at"]:
        text += f", checked {span((moment(now) - moment(told['checked_at'])).total_seconds())} ago"
    if reason:
        text += f": {reason['text']}"
    yield Finding("state", _LEVELS[verdict.of_mount(told)], text, reason["hint"] if reason else "")


def _writes(told: Document | None, now: str) -> Iterator[Finding]:
    """What is known of writing to the store, where something can go wrong with it."""
    for name, text in writing.fields(told, moment(now)) if told else ():
        assert told is not None
        writes = told["writes"]
        if writes["verdict"] is None and writes["policy"] != "trust":
            yield skipped(name, text)
        elif writes["way"] == "read-only" or (writes["way"] == "direct" and writes["verdict"] != "safe"):
            yield Finding(name, Level.WARNING, text, "see: s3mountctl explain mv")
        else:
            yield ok(name, text)


def _folder(patient: _Patient, children: Children) -> Iterator[Finding]:
    name, folder = "folder", patient.mount.folder
    try:
        found = children.host.answer(patient.folder, patient.asked + _FOLDER_LIMIT)
    except MountdError:
        yield Finding(name, Level.BAD, f"{folder} gives no answer within {_FOLDER_LIMIT:g} s: callers hang",
                      f"wait for hang_timeout, or run: s3mountctl restart {patient.mount.name}")
        return
    if not found["mounted"]:
        yield skipped(name, f"nothing is mounted on {folder}")
    elif found["error"]:
        yield Finding(name, Level.WARNING, f"{folder}: {found['error']}", f"s3mountctl status {patient.mount.name}")
    elif found["mounted"] == "foreign":
        yield Finding(name, Level.BAD, f"something else is mounted on {folder}",
                      f"umount {folder}, or change folder in {patient.mount.place}")
    else:
        yield ok(name, f"{folder} answers in {found['seconds'] * 1000:.0f} ms")


def _way(patient: _Patient, *, write: bool) -> Iterator[Finding]:
    try:
        walked = patient.walk()
    except MountdError as error:
        walked = {"steps": [{"name": "connect", "seconds": 0.0, "code": error.fault.code, "detail": error.detail}],
                  "skew": None, "host": "", "port": 0}
    for step in walked["steps"]:
        yield _step(step, patient, walked)
    if walked["steps"][-1]["code"]:
        yield skipped("credentials", "not looked at: the store is not in reach")
        return
    yield _time(walked["skew"])
    if patient.store is None:
        assert patient.refused is not None
        if os.geteuid() and patient.refused.fault.code == "no-credentials":
            yield skipped("credentials", f"not found out: {patient.refused.detail}")
            return
        yield _bad("credentials", patient.refused.fault.code, patient.refused.detail, patient)
        return
    yield from _with_keys(patient, patient.store, write=write)


def _step(step: Mapping[str, Any], patient: _Patient, walked: Mapping[str, Any]) -> Finding:
    if step["code"]:
        return _bad(step["name"], step["code"], step["detail"], patient)
    where = {"resolve": walked["host"], "connect": f"port {walked['port']}", "TLS": "the certificate is trusted",
             "answer": "speaks HTTP", "proxy": f"{walked['host']}:{walked['port']} takes connections"}[step["name"]]
    return ok(step["name"], f"{where}, {step['seconds'] * 1000:.0f} ms")


def _bad(name: str, code: str, detail: str, patient: _Patient) -> Finding:
    reason = reasons.reason(Cause(code, detail), patient.mount, patient.source or detail)
    return Finding(name, Level.BAD, f"{reason.text} ({code})", reason.hint)


def _time(skew: float | None) -> Finding:
    if skew is None:
        return skipped("time", "the store does not tell its time")
    text = f"{abs(skew):.0f} s {'ahead of' if skew > 0 else 'behind'} the store's"
    if abs(skew) >= SKEW_LIMIT:
        return Finding("time", Level.BAD, f"{text}: it refuses signatures", "set the clock; see: timedatectl")
    if abs(skew) >= SKEW_LIMIT / 5:
        return Finding("time", Level.WARNING, text, "set the clock; see: timedatectl")
    return ok("time", "as the store's")


def _with_keys(patient: _Patient, store: Store, *, write: bool) -> Iterator[Finding]:
    """From the keys on: each step is asked for, whatever came of the one before, but for keys that are not taken."""
    diagnosed = store.ask("diagnose", limit=_STEP_LIMIT)
    code = diagnosed["code"]
    if code and MountdError(code).fault.klass in _OF_KEYS:
        yield _bad("credentials", code, diagnosed["detail"], patient)
        return
    yield ok("credentials", store.source)
    if code:
        yield _bad("list", code, diagnosed["detail"], patient)
        return
    yield ok("list", f"{patient.mount.source}, {diagnosed['seconds'] * 1000:.0f} ms in all")
    steps: dict[str, Callable[[], Finding]] = {"read": lambda: _read(store)}
    if write:
        steps["write"] = lambda: _write(patient, store)
    if not patient.mount.options.get("read_only"):
        steps["uploads"] = lambda: _uploads(store)
        steps["lifecycle"] = lambda: of_plain(store.ask("lifecycle", limit=_STEP_LIMIT)["findings"][0])
    for name, step in steps.items():
        try:
            yield step()
        except MountdError as error:
            # The keys have been taken before, so it is one of those that only a worker can get at.
            optional = name in ("uploads", "lifecycle") or error.fault.klass in _OF_KEYS
            yield skipped(name, f"not told: {error.detail}") if optional else _bad(
                name, error.fault.code, error.detail, patient)


def _read(store: Store) -> Finding:
    found = store.ask("reading", limit=_STEP_LIMIT)
    if not found["key"]:
        return skipped("read", "there is no object with anything in it yet")
    return ok("read", f"{found['key']}, {found['seconds'] * 1000:.0f} ms")


def _write(patient: _Patient, store: Store) -> Finding:
    if patient.mount.options.get("read_only"):
        return skipped("write", "the mount is read-only")
    found = store.ask("writing", limit=_STEP_LIMIT)
    if not found["same"]:
        return Finding("write", Level.BAD, f"{found['key']} was stored, and is not read as it was written",
                       "do not write to this store; see: s3mountctl explain")
    if found["deleted"]:
        return Finding("write", Level.WARNING, f"an object was stored, and cannot be deleted ({found['deleted']}): "
                       f"{found['key']} is left", "delete it with another key, or give this one s3:DeleteObject")
    return ok("write", "an object was stored, read and deleted")


def _uploads(store: Store) -> Finding:
    found = store.ask("uploads", limit=_STEP_LIMIT)
    if not found["count"]:
        return ok("uploads", "none that were begun and not ended")
    text = f"{found['count']}{' and more' * found['more']} begun and not ended, the oldest {span(found['oldest'])} ago"
    if found["oldest"] < _OLD:
        return ok("uploads", text)
    return Finding("uploads", Level.WARNING, f"{text}: their parts cost like files",
                   "aws s3api abort-multipart-upload, or a lifecycle rule that does it")
