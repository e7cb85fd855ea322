"""What users may have mounted by themselves: a narrow table, their own homes, and the administrator first."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mountd.core.config import toml_text, users
from mountd.core.config.facts import Facts, Source
from mountd.core.config.users import MOST, MOST_OF_ALL, UserList, Users
from mountd.core.pace import Pace
from mountd.words.errors import MountdError
from mountd.words.keys import CREDENTIAL_KEYS, MOUNT_KEYS, USER_CREDENTIAL_KEYS, USER_KEYS
from mountd.words.model import Credentials, Mount, Place
from mountd.words.options import OPTIONS, Kind
from tests.unit.core.config.kit import FACTS, accepted

STORE = 'provider = "seaweedfs"\nendpoint_url = "http://127.0.0.1:9400"\n'
DATA = f'[[mount]]\nbucket = "bucket-one"\nfolder = "/home/rob/data"\n{STORE}'


def rob(text: str) -> UserList:
    return UserList("rob", Source("users.d/rob.toml", text))


def read(text: str, *administrators: Mount, facts: Facts = FACTS) -> Users:
    return users.read([rob(text)], administrators, facts)


def faults(text: str, *administrators: Mount, facts: Facts = FACTS) -> list[str]:
    found = read(text, *administrators, facts=facts)
    assert found.mounts == ()
    return [users.said(problem) for problem in found.problems]


def section(**keys: object) -> str:
    usual = {"bucket": "bucket-one", "folder": "/home/rob/data", "provider": "seaweedfs",
             "endpoint_url": "http://127.0.0.1:9400"}
    return toml_text.section({**usual, **keys})


def test_a_users_mount_is_bound_to_that_user() -> None:
    mount, = read(DATA).mounts
    assert (mount.name, mount.owner, mount.user, mount.home) == ("rob.data", "rob", "rob", "/home/rob")
    assert mount.credentials == Credentials(user="rob", own=True)
    assert (mount.memory_high, mount.memory_max) == (users.MEMORY_HIGH, users.MEMORY_MAX)


def test_nothing_of_the_defaults_reaches_it() -> None:
    administrators = accepted('[defaults]\ncredentials = { role = "instance" }\n[[mount]]\nbucket = "erdos-1"\n'
                              'folder = "/mnt/e"\n').mounts
    mount, = read(DATA, *administrators).mounts
    assert mount.credentials == Credentials(user="rob", own=True)


@pytest.mark.parametrize("key", sorted({*MOUNT_KEYS, *OPTIONS} - USER_KEYS.keys()))
def test_every_other_key_is_the_administrators(key: str) -> None:
    said, *_ = faults(section(**{key: "x"}))
    assert said.startswith(f'mount "data": {key}: only the administrator may set it')


@pytest.mark.parametrize("key", sorted(CREDENTIAL_KEYS.keys() - USER_CREDENTIAL_KEYS.keys()))
def test_every_other_source_of_keys_is_the_administrators(key: str) -> None:
    said, *_ = faults(section(credentials={key: "x"}))
    assert said.startswith(f'mount "data": credentials.{key}: only the administrator may set it')


def test_no_key_of_users_names_a_path_but_the_two_that_are_held_to_the_home() -> None:
    rows = {**USER_KEYS, **USER_CREDENTIAL_KEYS}
    named = {name for name, row in rows.items() if row.kind in (Kind.PATH, Kind.COMMAND, Kind.OWNER, Kind.WEBHOOK)}
    assert named == {"folder", "s3cfg"}


@pytest.mark.parametrize("key", ["cache", "ca_bundle", "on_change", "proxy", "memory_max", "when_away", "user"])
def test_some_that_would_do_harm(key: str) -> None:
    assert any("users.d/rob.toml" not in said and key in said for said in faults(section(**{key: "/etc/shadow"})))


@pytest.mark.parametrize("folder", [
    "/home/rob", "/home/rob/", "/home/ann/data", "/home", "/etc", "/etc/x", "/home/robert/x", "/", "/home/rob/../ann/x",
    "/home/rob/./../x", "relative", "", "~/data", "/home/rob/link", "/data/real",
])
def test_a_folder_elsewhere_is_refused(folder: str) -> None:
    assert faults(section(name="data", folder=folder))


def test_a_link_of_the_users_own_is_refused_though_nobody_would_follow_it() -> None:
    said, = faults(DATA, facts=replace(FACTS, has_link="/home/rob/data".__eq__))
    assert "a link leads away" in said


def test_a_home_behind_a_link_of_roots_is_the_home() -> None:
    def resolved(path: str) -> str:
        return path.replace("/home/", "/srv/homes/", 1) if path.startswith("/home/") else path

    facts = replace(FACTS, resolve_folder=resolved)
    mount, = read(DATA, facts=facts).mounts
    assert (mount.folder, mount.home) == ("/srv/homes/rob/data", "/srv/homes/rob")


@pytest.mark.parametrize("home", ["/", "", None])
def test_who_has_no_home_has_no_mounts(home: str | None) -> None:
    assert faults(DATA, facts=replace(FACTS, home_of=lambda _name: home))


def test_a_user_who_is_gone_is_told_and_nothing_else_suffers() -> None:
    found = users.read([UserList("gone", Source("users.d/gone.toml", DATA)), rob(DATA)], (), FACTS)
    assert [mount.name for mount in found.mounts] == ["rob.data"]
    assert [str(problem) for problem in found.problems] == [
        "users.d/gone.toml: there is no user gone on this machine (run: rm users.d/gone.toml)"]


@pytest.mark.parametrize("login", ["a.b", "../etc", "-x", "a b", "a@b", "é"])
def test_a_login_that_cannot_be_part_of_a_name(login: str) -> None:
    found = users.read([UserList(login, Source("x", DATA))], (), replace(FACTS, home_of=lambda _name: "/home/rob"))
    assert found.mounts == ()
    assert "cannot be part of a mount's name" in str(found.problems[0])


@pytest.mark.parametrize("file", ["/etc/shadow", "/home/ann/.s3cfg", "/home/rob/../ann/.s3cfg", "/home/robert/.s3cfg"])
def test_keys_of_s3cmd_lie_at_home(file: str) -> None:
    assert faults(section(credentials={"s3cfg": file}))


def test_keys_of_s3cmd_are_read_as_that_user() -> None:
    mount, = read(section(credentials={"s3cfg": "/home/rob/.s3cfg", "section": "lab"})).mounts
    assert mount.credentials == Credentials(user="rob", s3cfg="/home/rob/.s3cfg", section="lab", own=True)


def test_one_wrong_mount_costs_that_one() -> None:
    found = read(DATA + section(name="wrong", cache="/etc") + section(name="more", folder="/home/rob/more"))
    assert [mount.name for mount in found.mounts] == ["rob.data", "rob.more"]
    assert len(found.problems) == 1


@pytest.mark.parametrize(("text", "says"), [
    ('[daemon]\non_change = ["/bin/sh"]\n' + DATA, "daemon: only the administrator may set it"),
    ("[[mount]\n", "not valid TOML"),
    ("x = " + "[" * 5000, "not valid TOML"),
    ("[mount]\n", "two brackets"),
    ("#" * (users.LARGEST + 1), "is larger than"),
])
def test_a_list_that_is_wrong_as_a_whole(text: str, says: str) -> None:
    found = read(text)
    assert says in str(found.problems[0])


@pytest.mark.parametrize("administrators", [
    '[[mount]]\nname = "rob.data"\nbucket = "erdos-1"\nfolder = "/mnt/x"\n',
    '[[mount]]\nbucket = "erdos-1"\nfolder = "/home/rob/data"\n',
    '[[mount]]\nbucket = "erdos-1"\nfolder = "/home/rob/data/deep"\n',
    '[[mount]]\nbucket = "erdos-1"\nfolder = "/mnt/x"\ncache = "/home/rob/data/cache"\n',
])
def test_the_administrator_comes_first(administrators: str) -> None:
    assert len(faults(DATA, *accepted(administrators).mounts)) == 1


def test_a_mount_of_the_administrators_around_it_wins_too() -> None:
    around, = accepted('[[mount]]\nbucket = "erdos-1"\nfolder = "/home/rob/deep"\n').mounts
    assert len(faults(section(folder="/home/rob/deep/x"), around)) == 1


def test_bounds() -> None:
    many = "".join(section(name=f"n{number}", folder=f"/home/rob/{number}") for number in range(MOST + 1))
    found = read(many)
    assert len(found.mounts) == MOST
    assert f"a user may have {MOST} mounts" in str(found.problems[0])
    crowd = {f"u{number}": f"/home/u{number}" for number in range(MOST_OF_ALL + 1)}
    lists = [UserList(login, Source(login, section(folder=f"{home}/x"))) for login, home in crowd.items()]
    found = users.read(lists, (), replace(FACTS, home_of=crowd.get, user_exists=crowd.__contains__))
    assert (len(found.mounts), len(found.problems)) == (MOST_OF_ALL, 1)


# Lists that are changed


def added(before: str, text: str, *administrators: Mount) -> str:
    after, mount = users.added(rob(before), text, [], administrators, FACTS)
    assert mount.owner == "rob"
    return after.source.text


def refused(before: str, text: str, *administrators: Mount) -> str:
    with pytest.raises(MountdError) as caught:
        added(before, text, *administrators)
    assert caught.value.fault.code == "config-invalid"
    return caught.value.detail


def test_what_is_added_stands_on_the_list_and_can_be_taken_off() -> None:
    text = added(added("", DATA), section(name="two", folder="/home/rob/two"))
    first, second = read(text).mounts
    left = users.without(rob(text), "data")
    assert [mount.name for mount in read(left.source.text).mounts] == ["rob.two"]
    assert users.without(left, "two").source.text.strip() == ""
    assert (first.name, second.name) == ("rob.data", "rob.two")


def test_what_stands_on_a_list_is_read_as_it_would_be_added() -> None:
    text = added(added("", DATA), section(name="two", folder="/home/rob/two"))
    for name in ("data", "two"):
        assert added(users.without(rob(text), name).source.text, users.section(rob(text), name)).count("[[mount]]") == 2
    with pytest.raises(MountdError, match="other"):
        users.section(rob(DATA), "other")


def test_what_is_wrong_can_be_taken_off_too() -> None:
    text = DATA + section(name="wrong", cache="/etc") + section(folder="/etc/x.y")
    for name in ("wrong", "x-y", "data"):
        text = users.without(rob(text), name).source.text
    assert text.strip() == ""
    with pytest.raises(MountdError) as caught:
        users.without(rob(DATA), "other")
    assert caught.value.fault.code == "no-such-mount"


@pytest.mark.parametrize("text", [
    "", "[[mount]]\n", DATA + section(folder="/home/rob/two"), "[daemon]\nallow_users = true\n" + DATA,
    "[mount]\nx = 1", "[[mount]]\nfolder = 1979-05-27\n",
    DATA + '"bucket = 1 }\\n[[mount]]\\nfolder" = "/etc"\n', '[[mount]]\n"x]\\n[daemon" = 1\n',
    section(credentials={}).replace("{  }", '{ "profile = 1 }\\n[[mount]]\\nx" = "y" }'),
    section(bucket={"a": {"b = 1 }\n[[mount]]\nx": 1}}), section(prefix=["a/", "b/"]),
    "x" * (users.LARGEST + 1), section(name="a.b"), section(name=""), section(name="x" * 70),
    section(bucket='b"\n[daemon]\non_change = ["/bin/sh"]'), section(name='a"\ncache = "/etc'),
])
def test_whatever_is_tried_nothing_else_comes_onto_the_list(text: str) -> None:
    assert refused(DATA, text)


def test_what_stands_on_it_or_at_the_administrators_is_not_taken() -> None:
    assert "is called so" in refused(DATA, DATA)
    assert "meets" in refused("", DATA, *accepted('[[mount]]\nbucket = "erdos-1"\nfolder = "/home/rob/data"\n').mounts)


def test_one_more_than_may_be() -> None:
    many = "".join(section(name=f"n{number}", folder=f"/home/rob/{number}") for number in range(MOST))
    assert f"a user may have {MOST} mounts" in refused(many, DATA)


@settings(max_examples=200, deadline=None)
@given(key=st.sampled_from(["bucket", "prefix", "region", "name", "folder", "endpoint_url"]),
       value=st.text(max_size=40))
def test_no_text_writes_anything_but_itself(key: str, value: str) -> None:
    try:
        text = added("", section(**{"name": "data", key: value}))
    except MountdError:
        return
    found = read(text)
    assert len(found.mounts) == 1
    assert not found.problems
    mount, = found.mounts
    assert (mount.owner, mount.credentials) == ("rob", Credentials(user="rob", own=True))
    assert mount.folder.startswith("/home/rob/")
    assert users.without(rob(text), mount.name.partition(".")[2]).source.text.strip() == ""


def test_a_pace() -> None:
    pace = Pace(2, 60.0)
    assert [pace.allows(1, 0.0), pace.allows(1, 1.0), pace.allows(1, 2.0), pace.allows(2, 2.0)] == [
        True, True, False, True]
    assert pace.allows(1, 61.0)


def test_places_are_those_of_the_list() -> None:
    mount, = read(DATA).mounts
    assert mount.place == Place(str(Path("users.d/rob.toml")), 1)
