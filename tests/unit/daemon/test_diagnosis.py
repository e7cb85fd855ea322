"""Who asks S3 the same at the same time shares one question."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

import pytest

from mountd.core.diagnosis import Finding
from mountd.core.messages import Cause
from mountd.daemon.diagnosis import Diagnoses
from mountd.daemon.vault import Vault
from mountd.system.s3.link import Stores
from mountd.words import paths
from mountd.words.errors import MountdError
from mountd.words.model import Credentials, Mount, OptionValue, Place

ENDPOINT = "https://store.example"


class Questions:
    """Instead of the process: questions are kept until the test answers them."""

    def __init__(self) -> None:
        self.fields: list[dict[str, Any]] = []
        self.contents: list[list[bytes]] = []
        self._callbacks: list[Callable[[Any], None]] = []

    def ask(self, task: str, callback: Callable[[Any], None], *, descriptors: list[int], **fields: object) -> int:
        assert task == "diagnose"
        self.fields.append(fields)
        self.contents.append([os.pread(number, 99, 0) for number in descriptors])
        self._callbacks.append(callback)
        return len(self.fields)

    def answer(self, code: str = "", *, shared: bool = False, failed: bool = False, server: str = "") -> None:
        """Answer the oldest question."""
        answer = {"code": code, "detail": "", "shared": shared, "seconds": 0.1, "skew": None, "server": server}
        self._callbacks.pop(0)(MountdError("host-refused", "died") if failed else answer)


class NoVault:
    """No mount has its keys from the broker."""

    accounts: Mapping[str, object] = {}

    def door(self, _name: str) -> tuple[str, str]:
        return "", ""


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Questions:
    monkeypatch.setattr(paths, "KEYS", tmp_path)
    return Questions()


def mount(name: str, endpoint: str = ENDPOINT, **options: OptionValue) -> Mount:
    return Mount(name, f"bucket-{name}", f"/mnt/{name}", Place("mounts.toml", 1), credentials=Credentials(profile="p"),
                 options={"endpoint_url": endpoint, "force_path_style": True, **options})


def told(asked: Questions, *mounts: Mount) -> list[list[Finding | None]]:
    """What each of them will have been told."""
    diagnoses, all_told = Diagnoses(cast(Stores, asked), cast(Vault, NoVault())), []
    for one in mounts:
        all_told.append(list[Finding | None]())
        diagnoses.ask(one, all_told[-1].append)
    return all_told


def codes(all_told: list[list[Finding | None]]) -> list[list[str]]:
    return [[found.cause.code if found and found.cause else "" for found in one] for one in all_told]


def test_what_is_wrong_with_the_endpoint_is_asked_once(asked: Questions) -> None:
    all_told = told(asked, mount("one"), mount("two"), mount("three"))
    assert len(asked.fields) == 1
    asked.answer("unreachable", shared=True)
    assert codes(all_told) == [["unreachable"]] * 3
    assert len(asked.fields) == 1


def test_buckets_and_keys_are_each_ones_own(asked: Questions) -> None:
    all_told = told(asked, mount("one"), mount("two"))
    asked.answer("bucket-missing")
    assert codes(all_told) == [["bucket-missing"], []]
    assert asked.fields[1]["bucket"] == "bucket-two"
    asked.answer()
    assert codes(all_told) == [["bucket-missing"], [""]]


def test_other_endpoints_are_asked_at_the_same_time(asked: Questions) -> None:
    told(asked, mount("one"), mount("two", "https://other.example"), mount("three", ca_bundle="/ca.pem"))
    assert [fields["endpoint_url"] for fields in asked.fields] == [ENDPOINT, "https://other.example"]


def test_what_cannot_be_found_out_is_not_called_well(asked: Questions) -> None:
    all_told = told(asked, mount("one"), mount("two"))
    asked.answer(failed=True)
    assert all_told == [[None], [None]]


def test_who_asks_later_is_asked_for_anew(asked: Questions) -> None:
    diagnoses, heard = Diagnoses(cast(Stores, asked), cast(Vault, NoVault())), list[Finding | None]()
    for _ in range(2):
        diagnoses.ask(mount("one"), heard.append)
        asked.answer()
    assert heard == [Finding(None, seconds=0.1)] * 2


def test_keys_go_as_descriptors_and_in_no_field(asked: Questions, tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "credentials").write_text("[p]\nsecret")
    (tmp_path / "one" / "ca_bundle").write_text("a CA")
    before = len(os.listdir("/proc/self/fd"))
    told(asked, mount("one", ca_bundle="/ca.pem"))
    assert asked.fields[0]["files"] == ["credentials", "ca_bundle"]
    assert asked.contents == [[b"[p]\nsecret", b"a CA"]]
    assert "secret" not in repr(asked.fields)
    assert len(os.listdir("/proc/self/fd")) == before


def test_a_cause_is_handed_on(asked: Questions) -> None:
    all_told = told(asked, mount("one"))
    asked.answer("clock-skew")
    assert all_told == [[Finding(Cause("clock-skew"), seconds=0.1)]]


def test_what_a_store_that_is_well_says_of_itself_is_heard(asked: Questions) -> None:
    diagnoses, heard = Diagnoses(cast(Stores, asked), cast(Vault, NoVault())), list[tuple[str, str]]()
    diagnoses.heard = lambda mount, server: heard.append((mount.name, server))
    for code in ("", "store-error"):
        diagnoses.ask(mount("one"), lambda _finding: None)
        asked.answer(code, server="SeaweedFS")
    assert heard == [("one", "SeaweedFS")], "an answer that is an error may be that of something on the way"
