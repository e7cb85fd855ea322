"""Reading mounts.toml: what mounts, sections and keys do to one another."""

from __future__ import annotations

import pytest

from mountd.core.config.reading import Facts, warnings
from tests.unit.core.config.kit import FACTS, MOUNT, accepted, refused


def test_thousands_of_digits() -> None:
    found, = refused(f"a = {'1' * 5000}\n")
    assert found.startswith("m.toml:1: not valid TOML: ")


def test_every_fault_at_once_in_the_order_of_the_files() -> None:
    assert [found.split(" ", 1)[0] for found in refused(
        'x = 1\n[defaults]\nregion = "uswest-2"\n' + MOUNT + "uid = 0\ngid = 0\n",
        "nonsense", '[daemon]\non_stop = "x"\n[[mount]]\nbucket = "ab"\n',
    )] == ["m.toml:1:", "m.toml:3:", "m.toml:7:", "m.toml:8:", "d/0.toml:1:",
           "d/1.toml:2:", "d/1.toml:3:", "d/1.toml:4:"]


def test_a_fault_of_the_defaults_is_said_once() -> None:
    other = MOUNT.replace("/mnt/erdos", "/mnt/other")
    assert refused('[defaults]\nregion = "us-west-5"\nuser = "bob"\n' + MOUNT + other) == [
        'm.toml:2: defaults.region: "us-west-5" is not an AWS region (did you mean "us-west-2"?)',
        'm.toml:3: defaults.user: there is no user "bob" on this machine (did you mean "rob"?)']


@pytest.mark.parametrize("section", ["", "[defaults]\n"])
def test_what_only_follows_from_a_fault_is_not_said(section: str) -> None:
    lines = 'provider = "cep"\nendpoint_url = "s3.test"\nregion = "x"\ncache = 5\nname = 5\n'
    lines = lines.replace("name = 5\n", "") if section else lines
    text = section + lines + MOUNT + "max_cache_size = 5\n" if section else f"{MOUNT}{lines}max_cache_size = 5\n"
    keys = [found.split(": ")[2 if "mount" in found else 1].removeprefix("defaults.") for found in refused(text)]
    assert keys == ["provider", "endpoint_url", "cache"] + ["name"] * (not section)


def test_sections_stand_once() -> None:
    assert refused("[daemon]\n", "[daemon]\n[defaults]\n", "\n[defaults]\n") == [
        "d/0.toml:1: daemon: [daemon] stands also at m.toml:1 (keep one of the two)",
        "d/1.toml:2: defaults: [defaults] stands also at d/0.toml:2 (keep one of the two)"]


def test_two_mounts_of_one_name() -> None:
    assert refused('[[mount]]\nbucket = "abc"\nfolder = "/home/rob/data"\n',
                   '[[mount]]\nbucket = "abc"\nfolder = "/home/ann/data"\n') == [
        'd/0.toml:1: mount "data": name: "data" is also the name of the mount at m.toml:3 (write: name = "ann-data")']
    assert refused('[[mount]]\nname = "d"\nbucket = "abc"\nfolder = "/a/b"\n[[mount]]\nname = "d"\nbucket = "abc"\n'
                   'folder = "/a/c"\n') == [
        'm.toml:6: mount "d": name: "d" is also the name of the mount at m.toml:2 (write another name)']


@pytest.mark.parametrize(("first", "second", "message"), [
    ("/a/b", "/a/b/", '"/a/b" is also the folder of mount "1" at m.toml:4 (write another folder)'),
    ("/a/b", "/a/b/c", '"/a/b/c" lies in the folder of mount "1" at m.toml:4 (write a folder outside of it)'),
    ("/a/b/c", "/a/b", '"/a/b" would cover the folder of mount "1" at m.toml:4 (write a folder beside it)'),
    ("/data/real", "/home/rob/link", '"/data/real" is also the folder of mount "1" at m.toml:4 (write another folder)'),
])
def test_folders_that_meet(first: str, second: str, message: str) -> None:
    both = "".join(f'[[mount]]\nname = "{number}"\nbucket = "abc"\nfolder = "{folder}"\n'
                   for number, folder in ((1, first), (2, second)))
    assert refused(both) == [f'm.toml:8: mount "2": folder: {message}']


def test_folders_that_only_look_alike() -> None:
    assert len(accepted(MOUNT + '[[mount]]\nbucket = "abc"\nfolder = "/mnt/erdos2"\n').mounts) == 2


def test_a_cache_in_a_mount() -> None:
    assert refused(f'{MOUNT}cache = "/mnt/erdos/c"\n') == [
        'm.toml:4: mount "erdos": cache: "/mnt/erdos/c" lies in the folder of mount "erdos" at m.toml:3 '
        "(write a folder outside of every mount)"]


@pytest.mark.parametrize(("lines", "message"), [
    ("read_only = true\nallow_delete = true", "allow_delete: cannot be set beside read_only (m.toml:4) "
                                              "(remove one of the two)"),
    ("part_size = 8388608\nread_part_size = 8388608", "read_part_size: cannot be set beside part_size (m.toml:4) "
                                                      "(remove one of the two)"),
    ('uid = 5\nuser = "rob"', "user: cannot be set beside uid (m.toml:4) (remove one of the two)"),
    ('sse = "AES256"\nsse_kms_key_id = "arn:aws:kms:us-east-1:1:key/1"',
     'sse_kms_key_id: cannot be set beside sse = "AES256" (write sse = "aws:kms", or remove it)'),
    ('sse = "aws:kms"\nsse_kms_key_id = "alias/x"',
     'sse_kms_key_id: must be the ARN of a key ("arn:aws:kms:...:key/..."), not "alias/x"'),
])
def test_combinations(lines: str, message: str) -> None:
    assert refused(f"{MOUNT}{lines}\n") == [f'm.toml:5: mount "erdos": {message}']


@pytest.mark.parametrize(("default", "own", "way"), [
    ("allow_delete", "read_only", "read_only: cannot be set beside allow_delete (m.toml:2) "
                                  "(write allow_delete = false in this mount)"),
    ("read_only", "allow_delete", "allow_delete: cannot be set beside read_only (m.toml:2) "
                                  "(write read_only = false in this mount)"),
])
def test_a_default_can_be_switched_off(default: str, own: str, way: str) -> None:
    text = f"[defaults]\n{default} = true\n{MOUNT}{own} = true\n"
    assert refused(text) == [f'm.toml:6: mount "erdos": {way}']
    assert accepted(f"{text}{default} = false\n").mounts[0].options == {default: False, own: True}


def test_a_link_is_followed_and_said() -> None:
    desired = accepted('[[mount]]\nbucket = "abc"\nfolder = "/home/rob/link"\n')
    assert (desired.mounts[0].folder, desired.mounts[0].name) == ("/data/real", "link")
    assert [str(note) for note in desired.notes] == [
        'm.toml:3: mount "link": folder: "/home/rob/link" leads to "/data/real"; the bucket is mounted there']


@pytest.mark.parametrize("region", ["ca-west-1", "us-west-2", "us-gov-west-1"])
def test_regions_without_a_remark(region: str) -> None:
    facts = Facts(regions=FACTS.regions | {"us-gov-west-1"})
    assert accepted(f'{MOUNT}region = "{region}"\n', facts=facts).notes == ()


@pytest.mark.parametrize("region", ["us-west-3", "sa-north-1"])
def test_a_region_newer_than_the_list_is_taken_and_said(region: str) -> None:
    note, = accepted(f'{MOUNT}region = "{region}"\n').notes
    assert f'"{region}" is in no list of AWS regions on this machine; it is taken as it is' in str(note)


def test_without_a_list_of_regions_any_is_taken() -> None:
    assert accepted(f'{MOUNT}region = "uswest-2"\n', facts=Facts()).notes == ()


def test_the_digest_is_of_the_content() -> None:
    one = accepted(MOUNT + "uid = 5\ngid = 6\n")
    assert one.digest == accepted("# a remark\n" + MOUNT + "gid = 6\nuid = 5 # more\n").digest
    assert one.digest != accepted(MOUNT + "uid = 5\ngid = 7\n").digest
    assert one.digest != accepted(MOUNT + 'uid = 5\ngid = 6\n[daemon]\non_stop = "unmount"\n').digest


def test_warnings_name_what_the_worker_is_too_old_for() -> None:
    desired = accepted(MOUNT + "memory_target = 512\n")
    assert warnings(desired, FACTS) == ()
    assert warnings(desired, Facts()) == ()
    assert list(map(str, warnings(desired, Facts(worker_version=(1, 22, 0))))) == [
        'm.toml:1: mount "erdos": memory_target: needs mount-s3 1.24; installed is 1.22.0 '
        "(upgrade mount-s3, or remove the option)"]
    assert list(map(str, warnings(desired, Facts(worker_version=(1, 13, 0))))) == [
        'm.toml:1: mount "erdos": mount-s3 1.13.0 is too old (1.14 is the oldest that can be supervised)']


def test_warnings_of_lost_empty_files() -> None:
    found, = warnings(accepted(MOUNT + 'upload_checksums = "off"\n'), FACTS)
    assert str(found) == ('m.toml:1: mount "erdos": upload_checksums: mount-s3 cannot store empty files with "off" '
                          "(remove the key unless uploads fail without it)")


@pytest.mark.parametrize(("provider", "text"), [
    ("ceph", "on Ceph mv, sed -i and rsync leave empty files and report success"),
    ("other", "whether mv, sed -i and rsync leave empty files on this store has not been tried"),
])
def test_warnings_of_renames_that_lose_data(provider: str, text: str) -> None:
    store = MOUNT + f'provider = "{provider}"\nendpoint_url = "https://s3.test"\nwrite_safety = "trust"\n'
    assert [str(one) for one in warnings(accepted(store), FACTS)] == [
        f'm.toml:1: mount "erdos": {text} (set read_only = true, or copy into the folder and never rename in it)']
    assert warnings(accepted(store + "read_only = true\n"), FACTS) == ()
    assert warnings(accepted(store.replace("trust", "auto")), FACTS) == (), "it is tried before it is written to"
    assert warnings(accepted(store.replace(provider, "seaweedfs")), FACTS) == ()


@pytest.mark.parametrize(("lines", "message"), [
    ("memory_high = 900\nmemory_max = 800\n",
     'm.toml:4: mount "erdos": memory_high: must not be above memory_max, which is 800 (m.toml:5) '
     "(write memory_high = 800 or less)"),
    ("memory_target = 900\nmemory_max = 800\n",
     'm.toml:4: mount "erdos": memory_target: must not be above memory_max, which is 800 (m.toml:5) '
     "(write memory_target = 800 or less)"),
])
def test_limits_of_memory_stand_in_order(lines: str, message: str) -> None:
    assert refused(MOUNT + lines) == [message]
    assert accepted(MOUNT + "memory_target = 600\nmemory_high = 700\nmemory_max = 800\n").mounts[0].memory_max == 800
def test_a_limit_for_waiting_needs_somebody_who_waits() -> None:
    limit = 'wait_limit = "1h"\n'
    assert [str(note) for note in accepted(MOUNT + limit).notes] == [
        'm.toml:4: mount "erdos": wait_limit: has no effect without when_away = "wait"']
    waits = accepted(MOUNT + limit + 'when_away = "wait"\n')
    assert (waits.mounts[0].wait_limit, waits.notes) == (3600.0, ())
    assert accepted(f"[defaults]\n{limit}{MOUNT}").notes == ()


def test_an_idle_mount_goes_only_if_an_access_brings_it_back() -> None:
    assert refused(MOUNT + 'idle_unmount = "10min"\n') == [
        'm.toml:4: mount "erdos": idle_unmount: has no effect without on_demand '
        '(set on_demand, or remove idle_unmount)']
    mount = accepted(MOUNT + 'on_demand = true\nstandby = true\nidle_unmount = "10min"\n').mounts[0]
    assert (mount.on_demand, mount.standby, mount.idle_unmount) == (True, True, 600.0)
