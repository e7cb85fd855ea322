"""Who is asked about writing, when, and how mounts are started meanwhile and after."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from mountd.core.front import Front
from mountd.core.layers import Kind, Layer
from mountd.core.memory import Memory
from mountd.core.messages import Cause
from mountd.core.observed import Observed, Worker
from mountd.core.units.worker import Folder, Prepared
from mountd.daemon import state_files
from mountd.daemon.fronts import Fronts as Real
from mountd.daemon.writes import Writes
from mountd.system import keys
from mountd.words import paths
from mountd.words.errors import MountdError
from mountd.words.model import Mount, OptionValue, Place
from tests.unit.core.test_write_safety import RGW18, SEAWEEDFS

READY = Memory(prepared=Prepared(Folder(1000, 1000, 0o755)))
SAFE: dict[str, Any] = {"code": "", "detail": "", "evidence": SEAWEEDFS.plain()}
UNSAFE: dict[str, Any] = {"code": "", "detail": "", "evidence": RGW18.plain()}
AWAY: dict[str, Any] = {"code": "connection-refused", "detail": ""}
DENIED: dict[str, Any] = {"code": "write-denied", "detail": "AccessDenied"}


class Binary:
    version = (1, 24, 0)


class Vault:
    """Nobody's keys are the broker's."""

    accounts: Mapping[str, object] = {}

    def door(self, _name: str) -> tuple[str, str]:
        return "", ""


@dataclass
class Fronts:
    """Fronts that come when the test says so."""

    is_installed: bool = False
    there: str = ""
    wrong: str = ""
    users: set[str] = field(default_factory=set)

    def hindrance(self, mount: Mount) -> Cause | None:
        return None if self.is_installed else Real.hindrance(mount)

    def life(self, _front: Front, mount: Mount) -> str:
        self.users.add(mount.name)
        return self.there

    def why(self, _front: Front) -> str:
        return self.wrong

    def release(self, name: str, front: Front | None = None) -> None:
        if front is None:
            self.users.discard(name)


@dataclass
class Kept:
    """A mount, seen from here."""

    name: str
    configured: Mount | None
    mount: Mount | None = None
    digest: str = ""
    memory: Memory = READY
    woken: int = 0

    serves: bool = False
    begun: str = ""
    """Digest of the worker that serves, when that is not the present one."""

    @property
    def serving(self) -> Worker | None:
        worker = Worker("s3mount-erdos-1.service", self.name, 1, self.begun or self.digest, 7)
        return worker if self.serves else None

    def observed(self) -> Observed:
        return Observed((Layer(Kind.LIVE, 7, 1, ""),), (self.serving,)) if self.serving else Observed()

    def wake(self) -> None:
        self.woken += 1

    @property
    def is_read_only(self) -> bool:
        assert self.mount is not None
        return bool(self.mount.options.get("read_only"))


@dataclass
class Stage:
    """Writes with a store that answers when the test does, and a clock that is set."""

    time: float = 1000.0
    questions: list[tuple[str, Callable[[Any], None]]] = field(default_factory=list)
    timers: list[tuple[int, Callable[..., Any]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.fronts = Fronts()
        self.writes = self.anew()

    def anew(self) -> Writes:
        """As after a restart of the daemon."""
        return Writes(self, Binary(), self.fronts, Vault(), lambda: self.time, lambda: self.time)  # type: ignore[arg-type]

    def ask(self, task: str, callback: Callable[[Any], None], **fields: Any) -> int:
        assert task == "writes"
        self.questions.append((fields["bucket"], callback))
        return 1

    def timer(self, milliseconds: int, call: Callable[..., Any], *_: object) -> int:
        self.timers.append((milliseconds, call))
        return len(self.timers)

    def answer(self, said: object) -> str:
        """Answer the one open question; whose bucket it was about."""
        (bucket, callback), = self.questions
        self.questions.clear()
        callback(said)
        return bucket

    def tend(self, *kept: Kept) -> None:
        for one in kept:
            self.writes.tend(one)  # type: ignore[arg-type]


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    monkeypatch.setattr(paths, "WRITES", tmp_path / "writes.json")
    monkeypatch.setattr(paths, "HAPROXY", tmp_path / "haproxy")
    monkeypatch.setattr(keys, "opened", lambda _name: {"credentials": os.memfd_create("keys")})
    made = Stage()
    monkeypatch.setattr("mountd.daemon.writes.GLib.timeout_add", made.timer)
    monkeypatch.setattr("mountd.daemon.writes.GLib.source_remove", lambda _timer: True)
    monkeypatch.setattr(state_files, "GLib", None)
    return made


def mount(name: str = "erdos", **more: Any) -> Mount:
    options: Mapping[str, OptionValue] = {"endpoint_url": "http://s3.test", "allow_delete": True}
    given = {"provider": "ceph", "options": MappingProxyType(options), **more}
    return Mount(name, f"bucket-{name}", f"/srv/{name}", Place("m.toml", 1), **given)


def test_it_is_started_as_asked_and_kept_from_its_folder_until_there_is_a_verdict(stage: Stage) -> None:
    kept = Kept("erdos", mount())
    stage.tend(kept)
    assert (kept.mount, kept.memory.unjudged) == (kept.configured, True)
    assert stage.answer(SAFE) == "bucket-erdos"
    assert kept.woken == 1
    digest = kept.digest
    stage.tend(kept)
    assert (kept.mount, kept.memory.unjudged) == (kept.configured, False)
    assert kept.digest == digest, "what was started is right"
    assert not stage.questions


def test_an_unsafe_store_is_mounted_read_only_by_another_worker(stage: Stage) -> None:
    kept = Kept("erdos", mount())
    stage.tend(kept)
    before = kept.digest
    stage.answer(UNSAFE)
    stage.tend(kept)
    assert kept.is_read_only
    assert kept.digest != before
    assert kept.memory.limited is not None
    assert kept.memory.limited.code == "rename-unsafe"
    shown = stage.writes.shown(kept)  # type: ignore[arg-type]
    assert shown is not None
    assert (shown.verdict, shown.way, shown.policy, shown.checked_at) == ("rename-unsafe", "read-only", "auto", 1000.0)


def test_mounts_of_one_endpoint_share_one_question(stage: Stage) -> None:
    one, two = Kept("one", mount("one")), Kept("two", mount("two"))
    stage.tend(one, two)
    stage.answer(SAFE)
    assert (one.woken, two.woken) == (1, 1)
    stage.tend(one, two)
    assert not one.memory.unjudged
    assert not two.memory.unjudged


def test_a_verdict_outlives_the_daemon(stage: Stage) -> None:
    stage.tend(Kept("erdos", mount()))
    stage.answer(UNSAFE)
    stage.writes = stage.anew()
    again = Kept("erdos", mount())
    stage.tend(again)
    assert again.is_read_only
    assert not stage.questions


def test_nothing_is_asked_before_the_keys_have_been_looked_for(stage: Stage) -> None:
    kept = Kept("erdos", mount(), memory=Memory())
    stage.tend(kept)
    assert not stage.questions
    assert kept.memory.unjudged
    kept.memory = READY
    stage.tend(kept)
    assert stage.questions


def test_a_store_that_is_away_is_asked_again_and_says_why_until_then(stage: Stage) -> None:
    kept = Kept("erdos", mount())
    stage.tend(kept)
    stage.answer(AWAY)
    stage.tend(kept)
    assert kept.memory.unjudged
    assert kept.memory.hindrance is not None
    assert kept.memory.hindrance.code == "connection-refused"
    assert not stage.questions, "not before its time"
    assert stage.timers[0][0] == 1001
    stage.time += 1.0
    stage.tend(kept)
    stage.answer(SAFE)
    stage.tend(kept)
    assert kept.memory == READY


def test_who_is_told_to_try_at_once_does(stage: Stage) -> None:
    kept = Kept("erdos", mount())
    stage.tend(kept)
    stage.answer(MountdError("host-refused", "the process that asks S3 died"))
    stage.writes.again()
    stage.tend(kept)
    assert stage.questions


def test_a_key_that_may_not_write_says_nothing_of_the_store(stage: Stage) -> None:
    reader, writer = Kept("reader", mount("reader")), Kept("writer", mount("writer"))
    stage.tend(reader, writer)
    assert stage.answer(DENIED) == "bucket-reader"
    stage.tend(reader, writer)
    assert reader.is_read_only
    assert stage.answer(SAFE) == "bucket-writer", "with its own keys"
    stage.tend(reader, writer)
    assert not writer.is_read_only
    assert reader.is_read_only


def test_an_old_verdict_counts_until_there_is_another(stage: Stage) -> None:
    kept = Kept("erdos", mount())
    stage.tend(kept)
    stage.answer(SAFE)
    stage.time += 24 * 3600
    stage.tend(kept)
    assert not kept.memory.unjudged
    stage.answer(AWAY)
    stage.tend(kept)
    assert (kept.memory.unjudged, kept.memory.hindrance, kept.is_read_only) == (False, None, False)


@pytest.mark.parametrize("one", [mount(provider="aws"), mount(write_safety="trust"),
                                 mount(options=MappingProxyType({"read_only": True}))])
def test_others_are_left_alone(stage: Stage, one: Mount) -> None:
    kept = Kept("erdos", one)
    stage.tend(kept)
    assert not stage.questions
    assert (kept.mount, kept.memory.unjudged) == (one, False)


def test_what_leaves_the_configuration_is_no_mount(stage: Stage) -> None:
    kept = Kept("erdos", mount())
    stage.tend(kept)
    kept.configured = None
    stage.tend(kept)
    assert (kept.mount, kept.digest, kept.memory.unjudged) == (None, "", False)
    stage.answer(SAFE)
    assert kept.woken == 0
