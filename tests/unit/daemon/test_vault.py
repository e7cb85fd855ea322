"""Keys that the broker holds: there before a worker begins, fetched anew, their end said."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, cast

import pytest

from mountd.core.messages import Cause
from mountd.core.units.worker import KeyFiles, token_file
from mountd.daemon.kept import Kept
from mountd.daemon.record import Record
from mountd.daemon.vault import Vault
from mountd.system.systemd import Systemd
from mountd.words import paths
from mountd.words.errors import MountdError
from mountd.words.model import Credentials, Mount, Place

HOUR = 3600.0
MOUNT = Mount("lab", "bucket-one", "/mnt/lab", Place("m.toml", 1), credentials=Credentials("rob", "p"))
KEYS = KeyFiles(source="rob: ~/.aws, profile p", delivery="broker", start="user", user="rob", home="/home/rob")


class World:
    """systemd and the broker: what they are asked, and an answer when the test gives one."""

    def __init__(self) -> None:
        self.started: list[str] = []
        self.questions: list[tuple[str, Callable[[Any], None], dict[str, Any]]] = []
        self.is_there = True

    def start(self, unit: str, *_: object) -> None:
        self.started.append(unit)

    def want(self) -> None:
        """It is there."""

    def close(self) -> None:
        """Nothing is open."""

    def ask(self, task: str, callback: Callable[[Any], None], descriptors: object = (), **fields: object) -> None:
        self.questions.append((task, callback, fields))

    def taken(self, life: float) -> None:
        """The broker has got keys which live that long."""
        _task, callback, fields = self.of("take")
        callback({"expires": fields["about"]["begun"] + life, "about": fields["about"]})

    def failed(self, code: str) -> None:
        self.of("take")[1](MountdError(code, "so"))

    def of(self, task: str) -> tuple[str, Callable[[Any], None], dict[str, Any]]:
        """The oldest question of that task."""
        found = next(one for one in self.questions if one[0] == task)
        self.questions.remove(found)
        return found


class One:
    """The mount."""

    def __init__(self) -> None:
        self.name, self.mount, self.record, self.told = "lab", MOUNT, Record(), True
        self.workers: dict[str, object] = {}
        self.refused_keys = None
        self.causes: list[str] = []
        self.woken = self.renewed = 0

    def wake(self) -> None:
        self.woken += 1

    def renew(self) -> None:
        self.renewed += 1

    def fail(self, cause: Cause) -> None:
        self.causes.append(cause.code)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    for name in ("TOKENS", "KEYS", "BROKER_PORT"):
        monkeypatch.setattr(paths, name, tmp_path / name.lower())
    return World()


@pytest.fixture
def one() -> One:
    return One()


@pytest.fixture
def vault(world: World, one: One) -> Iterator[Vault]:
    made = Vault(cast(Systemd, world))
    made._broker = world  # type: ignore[assignment]
    made._passes._broker = world  # type: ignore[assignment]
    made.listeners._broker = world  # type: ignore[assignment]
    made.meet(cast(Kept, one))
    made._passes.port = 4242
    yield made
    made.close()


def test_a_worker_begins_when_its_keys_are_there(vault: Vault, world: World, one: One) -> None:
    assert not vault.is_ready(MOUNT, KEYS)
    assert len(world.started) == 1
    assert not vault.is_ready(MOUNT, KEYS), "one is enough"
    assert len(world.started) == 1
    world.taken(HOUR)
    assert (one.woken, one.record.credentials) == (1, "rob: ~/.aws, profile p")
    assert one.record.expires == pytest.approx(time.time() + HOUR, abs=60)
    assert vault.is_ready(MOUNT, KEYS)


def test_the_url_and_the_token_of_a_worker(vault: Vault, world: World, one: One) -> None:
    url = vault.admit("lab", "s3mount-lab-1.service")
    assert url == "http://127.0.0.1:4242/s3mount=2dlab=2d1.service"
    file = token_file("s3mount-lab-1.service")
    assert len(file.read_text()) == 43
    assert world.of("admit")[2] == {"mount": "lab", "worker": "s3mount=2dlab=2d1.service", "token": file.read_text()}
    one.workers = {"s3mount-lab-1.service": object()}
    assert vault.door("lab") == (url, str(file))
    vault.dismiss("s3mount-lab-1.service")
    assert (world.of("dismiss")[2]["worker"], vault.door("lab")) == ("s3mount=2dlab=2d1.service", ("", ""))
    assert os.listdir(paths.TOKENS) == []


def test_who_cannot_get_keys_fails_if_somebody_waits_for_them(vault: Vault, world: World, one: One) -> None:
    vault.is_ready(MOUNT, KEYS)
    world.failed("sso-ended")
    assert one.causes == ["sso-ended"]
    vault.is_ready(MOUNT, KEYS, waits=False)
    world.failed("sso-ended")
    assert one.causes == ["sso-ended"], "a spare is no reason to fail"


def test_the_end_is_said_when_no_others_can_be_had(vault: Vault, world: World, one: One) -> None:
    vault.is_ready(MOUNT, KEYS)
    world.taken(HOUR / 12)
    assert vault.ending("lab") is None
    vault.refresh("lab")
    world.failed("sso-ended")
    cause = vault.ending("lab")
    assert cause is not None
    assert cause.code == "credentials-ending"
    assert cause.detail.endswith("the SSO session has ended (rob: ~/.aws, profile p)")
    assert (cause.hint, vault.lacking("lab")) == ("run so", Cause("sso-ended", "so"))
    assert vault.is_ready(MOUNT, KEYS), "what is there serves while it can"
    vault.refresh("lab")
    world.taken(HOUR)
    assert (vault.ending("lab"), vault.lacking("lab")) == (None, None)


def test_other_wishes_are_other_keys(vault: Vault, world: World) -> None:
    vault.is_ready(MOUNT, KEYS)
    world.taken(HOUR)
    other = KeyFiles(source="ann", delivery="broker", start="user", user="ann", home="/home/ann")
    assert not vault.is_ready(MOUNT, other)
    assert len(world.started) == 2


def test_keys_that_a_store_refuses_later_are_not_used_again(vault: Vault, world: World) -> None:
    vault.is_ready(MOUNT, KEYS)
    world.taken(HOUR)
    assert not vault.doubt("lab", Cause("key-refused")), "they were tried a moment ago"
    account = vault.accounts["lab"]
    assert account.term is not None
    vault.accounts["lab"].term = type(account.term)(time.time() - 60, time.time() + HOUR)
    assert not vault.doubt("lab", Cause("worker-crashed"))
    assert vault.doubt("lab", Cause("key-refused"))
    assert not vault.is_ready(MOUNT, KEYS)


def test_another_daemon_goes_on_with_what_the_broker_has(vault: Vault, world: World, one: One) -> None:
    vault.is_ready(MOUNT, KEYS)
    about = world.of("take")[2]["about"]
    vault.close()
    vault.accounts.clear()
    vault._met({"port": 4242, "workers": [], "held": {
        "lab": {"expires": time.time() + HOUR, "about": {**about, "how": "x"}},
        "gone": {"expires": None, "about": about}}})
    assert world.of("forget")[2] == {"mount": "gone"}
    assert vault.is_ready(MOUNT, KEYS)
    assert (len(world.started), one.renewed) == (1, 0)


def test_a_broker_without_memory_is_told_and_workers_are_replaced(vault: Vault, world: World, one: One) -> None:
    vault.is_ready(MOUNT, KEYS)
    world.taken(HOUR)
    vault.admit("lab", "s3mount-lab-1.service")
    world.questions.clear()
    one.workers = {"s3mount-lab-1.service": object()}
    vault._met({"port": 4243, "workers": [], "held": {}})
    assert world.of("admit")[2]["worker"] == "s3mount=2dlab=2d1.service"
    assert one.renewed == 1
    assert not vault.is_ready(MOUNT, KEYS), "it has no keys any more"


def behind(front: str) -> Mount:
    return replace(MOUNT, front=front, options=MappingProxyType({"endpoint_url": "http://s3.example"}))


def test_behind_a_front_a_worker_begins_when_the_broker_listens_there(vault: Vault, world: World, one: One) -> None:
    one.mount = behind("f00d")
    vault.is_ready(one.mount, KEYS)
    world.taken(HOUR)
    world.started.clear()
    assert not vault.is_ready(one.mount, KEYS)
    assert not vault.is_ready(one.mount, KEYS), "it is asked for once"
    assert world.started == ["s3mountd-listen-f00d.service"]
    woken = one.woken
    world.of("listen")[1]({"port": 4711})
    assert one.woken == woken + 1
    assert vault.is_ready(one.mount, KEYS)
    assert vault.admit("lab", "s3mount-lab-1.service", "f00d") == "http://127.0.0.1:4711/s3mount=2dlab=2d1.service"
    one.workers = {"s3mount-lab-1.service": object()}
    assert vault.door("lab")[0].startswith("http://127.0.0.1:4242/"), "who asks S3 is not behind it"
    vault.listeners.close("f00d")
    assert world.of("leave")[2] == {"front": "f00d"}
    assert not vault.is_ready(one.mount, KEYS)


def test_a_broker_that_cannot_listen_there_is_a_reason_to_fail(vault: Vault, world: World, one: One) -> None:
    one.mount = behind("f00d")
    vault.is_ready(one.mount, KEYS)
    world.taken(HOUR)
    vault.is_ready(one.mount, KEYS)
    world.of("listen")[1](MountdError("host-refused", "so"))
    assert one.causes == ["host-refused"]
    vault.is_ready(one.mount, KEYS, waits=False)
    world.of("listen")[1](MountdError("host-refused", "so"))
    assert one.causes == ["host-refused"], "a spare is no reason to fail"


def test_another_daemon_knows_where_the_broker_listens(vault: Vault, world: World, one: One) -> None:
    one.mount = behind("f00d")
    vault.is_ready(one.mount, KEYS)
    about = world.of("take")[2]["about"]
    vault.accounts.clear()
    vault._met({"port": 4242, "behind": {"f00d": 4711}, "workers": [], "held": {
        "lab": {"expires": time.time() + HOUR, "about": {**about, "how": "x"}}}})
    assert vault.is_ready(one.mount, KEYS)
