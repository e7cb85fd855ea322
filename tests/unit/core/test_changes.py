"""What a new configuration changes."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from mountd.core import changes
from mountd.core.config.reading import Facts, Source, read
from mountd.words.model import Desired, Mount, Place, Problem

BASE = '[[mount]]\nname = "a"\nbucket = "abc"\nfolder = "/m/a"\n'
EVERYBODY = Facts(user_exists=lambda _name: True, group_exists=lambda _name: True)


def desired(text: str) -> Desired:
    return read([Source("m.toml", text)], EVERYBODY)


def only(old: str, new: str) -> changes.Change:
    change, = changes.changes(desired(old), desired(new))
    return change


def test_no_change_when_only_lines_move() -> None:
    assert changes.changes(desired(BASE), desired("# remark\n\n" + BASE)) == ()


def test_what_goes_comes_first() -> None:
    other = BASE.replace('"a"', '"b"').replace("/m/a", "/m/b")
    found = changes.changes(desired(BASE), desired(other))
    assert [(change.name, change.kind, change.effect) for change in found] == [
        ("a", "remove", "finishes its uploads, then /m/a is unmounted"), ("b", "add", "to be mounted on /m/b")]


@pytest.mark.parametrize("line", [
    'prefix = "x/"', "allow_delete = true", "read_only = true", 'user = "rob"', 'group = "lab"',
    'credentials = { profile = "p" }', "credentials = { anonymous = true }", 'provider = "other"\nendpoint_url = "http://s"',
])
def test_a_new_worker(line: str) -> None:
    change = only(BASE, f"{BASE}{line}\n")
    assert (change.kind, change.effect) == (
        "remount", "a new worker takes over /m/a; open files go on with the old one")


@pytest.mark.parametrize(("line", "key"), [
    ('when_away = "empty"', ("when_away", "error", "empty")), ("stop_timeout = 5", ("stop_timeout", 90.0, 5.0)),
    ("start_timeout = 5", ("start_timeout", 120.0, 5.0)), ('nonempty = "hide"', ("nonempty", "refuse", "hide")),
])
def test_no_new_worker(line: str, key: tuple[str, object, object]) -> None:
    change = only(BASE, f"{BASE}{line}\n")
    assert (change.kind, change.keys) == ("update", (key,))
    assert change.effect == "takes effect at once; nothing is remounted"


def test_a_move() -> None:
    assert only(BASE, BASE.replace("/m/a", "/m/z")) == changes.Change(
        "a", "move", (("folder", "/m/a", "/m/z"),),
        "to be mounted on /m/z; /m/a finishes its uploads, then is unmounted")


def test_switching_off_and_on() -> None:
    off = BASE + "enabled = false\n"
    assert only(BASE, off).effect == "finishes its uploads, then /m/a is unmounted"
    assert only(off, BASE).effect == "to be mounted on /m/a"
    assert only("", off).effect == "is disabled: nothing is mounted"
    assert only(off, "").effect == "is disabled: nothing is mounted"
    assert only(off, off + "uid = 5\n").effect == "is disabled: nothing is mounted"


def test_the_provider_alone_needs_no_new_worker() -> None:
    store = 'endpoint_url = "http://s"\nprovider = '
    assert only(f'{BASE}{store}"ceph"\n', f'{BASE}{store}"minio"\n').kind == "update"


def test_keys_of_an_option_that_came_and_went() -> None:
    assert only(BASE + "uid = 5\n", BASE + "gid = 6\nbind = 'eth0'\n").keys == (
        ("uid", 5, None), ("bind", None, ["eth0"]), ("gid", None, 6))


def test_the_document_is_plain_json() -> None:
    found = changes.changes(desired(BASE), desired(BASE + 'credentials = { profile = "p" }\nuid = 5\n'))
    problem = Problem(Place("m.toml", 3), "x", "is wrong", "mend it")
    assert json.loads(json.dumps(changes.document(found, [problem], [problem]))) == {
        "changes": [{
            "name": "a", "change": "remount",
            "effect": "a new worker takes over /m/a; open files go on with the old one",
            "keys": [{"key": "credentials.profile", "from": "", "to": "p"}, {"key": "uid", "from": None, "to": 5}],
        }],
        "problems": ["m.toml:3: x: is wrong (mend it)"], "notes": ["m.toml:3: x: is wrong (mend it)"],
    }


def test_worker_digest_ignores_what_the_worker_does_not_see() -> None:
    one, = desired(BASE).mounts
    same, = desired("\n\n" + BASE + "stop_timeout = 5\nenabled = false\nwhen_away = 'empty'\n").mounts
    other, = desired(BASE + "uid = 5\n").mounts
    assert changes.worker_digest(one) == changes.worker_digest(same)
    assert changes.worker_digest(one) != changes.worker_digest(other)


def test_a_mount_on_another_line_is_the_same_mount() -> None:
    one = Mount("erdos", "bucket", "/mnt/erdos", Place("mounts.toml", 1))
    assert not changes.differ(one, replace(one, place=Place("mounts.toml", 7)))
    assert changes.differ(one, replace(one, nonempty="hide"))
    assert changes.differ(one, None)
    assert not changes.differ(None, None)
