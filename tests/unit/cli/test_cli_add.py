"""What ``s3mountctl add`` asks the store, and what it says when the store says no."""

from __future__ import annotations

import io
from argparse import Namespace
from types import TracebackType

import pytest

from mountd.cli import adding, checking, kind, on_hand, stores
from mountd.cli.console import Console, UsageError
from mountd.core.config import rules
from mountd.core.imports.draft import Source
from mountd.core.verdict import Exit
from mountd.words.errors import MountdError
from tests.unit.core.config.kit import accepted

MOUNT = '[[mount]]\nbucket = "hilbert"\nfolder = "/mnt/h"\nprovider = "ceph"\nendpoint_url = "https://s3.test"\n'


class Store:
    """Answers what it was made to answer, and notes what it was asked."""

    source = "rob: ~/.aws, profile default"
    answer: dict[str, object] | MountdError
    names: tuple[str, ...] = ()
    asked: dict[str, object]

    def __init__(self, whose: stores.Whose) -> None:
        type(self).asked = {"bucket": whose.bucket}

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        pass

    def ask(self, task: str, **fields: object) -> dict[str, object]:
        """The answer."""
        if task == "buckets" and isinstance(self.answer, dict):
            return {"buckets": [{"name": name} for name in self.names]}
        type(self).asked |= {"task": task, **fields}
        if isinstance(self.answer, MountdError):
            raise self.answer
        return self.answer


def checked(
        monkeypatch: pytest.MonkeyPatch, answer: dict[str, object] | MountdError, more: str = "") -> tuple[Exit, str]:
    """Exit status and what is said."""
    monkeypatch.setattr(stores, "Store", Store)
    Store.answer = answer
    error = io.StringIO()
    mount, = accepted(MOUNT + more).mounts
    return adding.checked(Console(io.StringIO(), error), mount), error.getvalue()


def test_a_store_that_is_well(monkeypatch: pytest.MonkeyPatch) -> None:
    assert checked(monkeypatch, {"code": "", "detail": ""}) == (Exit.WELL, "")
    assert (Store.asked["task"], Store.asked["bucket"], Store.asked["elsewhere"]) == ("diagnose", "hilbert", False)


@pytest.mark.parametrize("answer", [{"code": "access-denied", "detail": ""}, MountdError("access-denied")])
def test_a_store_that_says_no(monkeypatch: pytest.MonkeyPatch, answer: dict[str, object] | MountdError) -> None:
    status, said = checked(monkeypatch, answer)
    assert status == Exit.DOWN
    assert "use another key" in said
    assert "s3mountctl explain access-denied" in said


@pytest.mark.parametrize(("names", "says"), [
    (("hilbret", "other"), "did you mean hilbret?"),
    (("one", "two"), "the key sees one, two; to make one: s3mountctl bucket create"),
    (tuple(f"zz-{number}" for number in range(7)), "zz-4 and 2 more; to make"),
    ((), "the key sees no bucket at all"),
])
def test_a_bucket_that_is_not_there(monkeypatch: pytest.MonkeyPatch, names: tuple[str, ...], says: str) -> None:
    monkeypatch.setattr(Store, "names", names)
    status, said = checked(monkeypatch, {"code": "bucket-missing", "detail": ""})
    assert status == Exit.DOWN
    assert "there is no bucket hilbert at https://s3.test" in said
    assert says in " ".join(said.split())


@pytest.mark.parametrize("credentials", ['systemd_credential = "kopah"', 'assume_role = "arn:aws:iam::1:role/x"'])
def test_keys_that_only_the_daemon_gets_at(monkeypatch: pytest.MonkeyPatch, credentials: str) -> None:
    checked(monkeypatch, {"code": "", "detail": ""}, f"credentials = {{ {credentials} }}\n")
    assert Store.asked["elsewhere"] is True


URL = "https://s3.test"


def added(monkeypatch: pytest.MonkeyPatch, answer: dict[str, object], **given: object) -> tuple[int, object, str]:
    """Exit status, the keys that would be put, and what is said."""
    monkeypatch.setattr(stores, "Store", Store)
    Store.answer, Store.asked = answer, {}
    put: list[dict[str, object]] = []

    def noted(_console: Console, _args: Namespace, keys: dict[str, object]) -> int:
        put.append(keys)
        return Exit.WELL

    monkeypatch.setattr(adding, "put", noted)
    monkeypatch.setattr(checking, "check", lambda *_: checking.Found(mounts=accepted(
        MOUNT.replace(URL, "https://s3.known") + 'ca_bundle = "/etc/known.pem"\n').mounts))
    words = dict.fromkeys(("provider", "region", "read_only", "allow_delete", "allow_overwrite", "profile", "s3cfg",
                           "ca_bundle", "set", "mount_name", "no_check"))
    args = Namespace(**{**words, "bucket": "s3://hilbert", "folder": "/mnt/h", "endpoint_url": URL, **given})
    error = io.StringIO()
    status = adding.add(Console(io.StringIO(), error), args)
    return status, put[0] if put else None, " ".join(error.getvalue().split())


CEPH: dict[str, object] = {"provider": "ceph", "code": "", "detail": ""}


def test_a_store_says_what_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    status, keys, said = added(monkeypatch, CEPH, ca_bundle="/etc/ca.pem", s3cfg="/home/rob/.s3cfg")
    assert (status, Store.asked["task"]) == (Exit.WELL, "kind")
    assert keys == {"name": "h", "bucket": "hilbert", "folder": "/mnt/h", "provider": "ceph", "endpoint_url": URL,
                    "ca_bundle": "/etc/ca.pem", "credentials": {"s3cfg": "/home/rob/.s3cfg"}}
    assert f'note: {URL} answers as Ceph Object Gateway (RGW): provider = "ceph"' in said


def test_a_store_that_does_not_is_another(monkeypatch: pytest.MonkeyPatch) -> None:
    _, keys, said = added(monkeypatch, {**CEPH, "provider": ""})
    assert isinstance(keys, dict)
    assert keys["provider"] == "other"
    assert "--provider says otherwise" in said


def test_a_store_that_cannot_be_asked_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    status, keys, said = added(monkeypatch, {"provider": "", "code": "tls-failed", "detail": "its CA is not trusted"})
    assert (status, keys) == (Exit.DOWN, None)
    assert "its CA is not trusted give the store's CA with --ca-bundle" in said
    assert "Nothing was written. More: s3mountctl explain tls-failed" in said


@pytest.mark.parametrize("given", [{"provider": "minio"}, {"no_check": True}, {"endpoint_url": ""},
                                   {"endpoint_url": "https://s3.us-west-2.amazonaws.com"},
                                   {"endpoint_url": "https://s3.eu-central-1.wasabisys.com"}])
def test_who_is_known_is_not_asked(monkeypatch: pytest.MonkeyPatch, given: dict[str, object]) -> None:
    added(monkeypatch, CEPH, **given)
    assert Store.asked == {}


def test_a_store_that_is_mounted_already_is_known_with_its_ca(monkeypatch: pytest.MonkeyPatch) -> None:
    _, keys, _ = added(monkeypatch, CEPH, endpoint_url="https://s3.known")
    assert isinstance(keys, dict)
    assert (keys["provider"], keys["ca_bundle"], Store.asked) == ("ceph", "/etc/known.pem", {})
    _, keys, _ = added(monkeypatch, CEPH, endpoint_url="https://s3.known", ca_bundle="/etc/new.pem")
    assert isinstance(keys, dict)
    assert keys["ca_bundle"] == "/etc/new.pem"


def test_what_is_known_of_a_store_comes_from_all_places() -> None:
    text = "[default]\nhost_base = s3.test\naccess_key = A\nsecret_key = B\nca_certs_file = /etc/s3cfg.pem\n"
    named = {"default": {"endpoint_url": "https://s3.us-west-2.amazonaws.com"}, "lab": {"endpoint_url": "https://s3.lab"}}
    found = on_hand.endpoints(accepted(MOUNT).mounts, "rob", named, Source(text, "/home/rob/.s3cfg"))
    both = {"provider": "ceph", "ca_bundle": "/etc/s3cfg.pem"}
    assert found == {
        URL: on_hand.Known("mount h", both, {"s3cfg": "/home/rob/.s3cfg"}),
        "https://s3.lab": on_hand.Known("profile lab", {}, {"user": "rob", "profile": "lab"})}
    hand = on_hand.OnHand("rob", "/home/rob", {"default": {}, "lab": {}}, "/home/rob/.s3cfg", found)
    tables = [table for _, table in hand.keys("https://s3.lab")]
    assert tables[:2] == [{"user": "rob", "profile": "lab"}, {"user": "rob"}]
    assert [table for _, table in hand.keys("")][-2:] == [{"role": "instance"}, {"anonymous": True}]


def test_of_two_mounts_of_a_store_the_one_whose_kind_is_known_counts() -> None:
    other = MOUNT.replace('"ceph"', '"other"')
    for first, second in ((MOUNT, other), (other, MOUNT)):
        mounts = accepted(first + second.replace("/mnt/h", "/mnt/i")).mounts
        assert kind.of_mounts(URL, mounts) == {"provider": "ceph"}


@pytest.mark.parametrize("url", ["s3.test:9000", "ftp://s3.test"])
def test_what_is_no_url_is_said_to_be_none(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    with pytest.raises(UsageError, match="begins with https:// or http://"):
        added(monkeypatch, CEPH, endpoint_url=url)


@pytest.mark.parametrize(("folder", "bucket", "name"), [
    ("/home/rob/data", "hilbert", "data"), ("/home/rob/мой бакет", "hilbert", "hilbert"), ("/", "hilbert", "hilbert"),
    ("/home/rob/мой", "arn:aws:s3:us-west-2:123456789012:accesspoint/lab", "lab")])
def test_a_name_for_every_folder(folder: str, bucket: str, name: str) -> None:
    assert rules.name_of(folder, bucket) == name


def test_a_mount_of_aws_says_nothing_of_other_stores() -> None:
    mounts = accepted('[[mount]]\nbucket = "hilbert"\nfolder = "/mnt/h"\n').mounts
    assert kind.of_mounts("AWS", mounts) == kind.of_mounts(URL, mounts) == {}
