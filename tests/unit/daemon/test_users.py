"""What users may have the daemon do: to mounts of their own, as far as the administrator allows it. Needs root."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from mountd.daemon.configuration import Configuration
from mountd.daemon.users import Users
from mountd.system import configfiles, userlists
from mountd.words import paths
from mountd.words.errors import MountdError
from tests.unit.core.config.kit import FACTS
from tests.unit.core.config.test_users import DATA, section

ROB, ANN = 1001, 1002
LOGINS = {0: "root", ROB: "rob", ANN: "ann"}


@dataclass
class Host:
    """A configuration in a folder of root's, as all its files must be, and what users do to it."""

    folder: Path
    taken: list[list[str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.configuration = Configuration(self.folder / "mounts.toml", self.folder / "mounts.d")
        self.users = Users(self.configuration, lambda: None, lambda: self.taken.append(self.names))

    def administrator(self, text: str) -> bool:
        (self.folder / "mounts.toml").write_text(text)
        return self.configuration.take(None)

    @property
    def names(self) -> list[str]:
        return [mount.name for mount in self.configuration.desired.mounts]

    @property
    def told(self) -> str:
        return "\n".join(map(str, self.configuration.users_problems))


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> Iterator[Host]:
    folder = Path("/run/s3mountd-test-host")
    folder.mkdir(mode=0o755)
    monkeypatch.setattr(paths, "USERS", folder / "users.d")
    monkeypatch.setattr(paths, "ACCEPTED", folder / "accepted.json")
    monkeypatch.setattr(configfiles, "host_facts", lambda _version: FACTS)
    monkeypatch.setattr(userlists, "login_of", lambda uid: LOGINS.get(uid, ""))
    yield Host(folder)
    shutil.rmtree(folder)


ADM = '[[mount]]\nname = "adm"\nbucket = "erdos-1"\nfolder = "/mnt/adm"\n'
ALLOWED = "[daemon]\nallow_users = true\n" + ADM


def refused(host: Host, uid: int, text: str = DATA) -> str:
    with pytest.raises(MountdError) as caught:
        host.users.add(uid, text)
    assert caught.value.fault.code == "not-permitted"
    return caught.value.detail


def test_nobody_may_before_the_administrator_says_so(host: Host) -> None:
    host.administrator(ADM)
    assert "allow_users = true" in refused(host, ROB)
    host.administrator(ALLOWED)
    assert "root's mounts" in refused(host, 0)
    assert "cannot be part" in refused(host, 4711)
    assert (host.names, host.taken) == (["adm"], [])


def test_a_user_adds_and_removes_and_others_do_not(host: Host) -> None:
    host.administrator(ALLOWED)
    assert host.users.add(ROB, DATA) == "rob.data"
    assert host.taken == [["adm", "rob.data"]]
    assert host.users.permits(ROB, "rob.data", on_list=False)
    for uid, name in ((ANN, "rob.data"), (ROB, "adm"), (ROB, "no-such"), (4711, "rob.data"), (4711, ""), (ROB, "")):
        assert not host.users.permits(uid, name, on_list=False), (uid, name)
    assert not host.users.permits(ANN, "rob.data", on_list=True)
    assert not host.users.permits(4711, ".data", on_list=True)
    host.users.remove("rob.data")
    assert (host.names, list(paths.USERS.iterdir())) == (["adm"], [])


def test_a_user_changes_a_mount_and_a_wrong_change_leaves_it(host: Host) -> None:
    host.administrator(ALLOWED)
    host.users.add(ROB, DATA)
    assert host.users.change(ROB, "rob.data", DATA + "read_only = true\n") == "rob.data"
    before = (paths.USERS / "rob.toml").read_text()
    assert (host.taken, before.count("[[mount]]"), "read_only = true" in before) == ([["adm", "rob.data"]] * 2, 1, True)
    for uid, name, text, code in (
            (ROB, "rob.data", DATA + 'cache = "/etc"\n', "config-invalid"), (ROB, "rob.data", "", "config-invalid"),
            (ROB, "rob.more", DATA, "no-such-mount"), (ROB, "adm", DATA, "not-permitted"),
            (ANN, "rob.data", DATA, "not-permitted"), (0, "rob.data", DATA, "not-permitted"),
            (4711, "rob.data", DATA, "not-permitted"), (ROB, "", DATA, "not-permitted")):
        with pytest.raises(MountdError) as caught:
            host.users.change(uid, name, text)
        assert caught.value.fault.code == code, (uid, name)
    assert ((paths.USERS / "rob.toml").read_text(), len(host.taken)) == (before, 2)
    # It may be called otherwise from now on.
    assert host.users.change(ROB, "rob.data", DATA + 'name = "new"\n') == "rob.new"
    assert host.names == ["adm", "rob.new"]


@pytest.mark.parametrize("name", ["rob.data", "adm", "../x.data", "", ".", ".x", "rob", "/etc/passwd.x"])
def test_what_is_on_no_list_is_not_removed(host: Host, name: str) -> None:
    host.administrator(ALLOWED)
    with pytest.raises(MountdError) as caught:
        host.users.remove(name)
    assert caught.value.fault.code == "no-such-mount"


def test_an_administrators_mount_of_the_same_name_is_not_theirs(host: Host) -> None:
    host.administrator(ALLOWED)
    host.users.add(ROB, DATA)
    host.administrator(ALLOWED + '[[mount]]\nname = "rob.data"\nbucket = "erdos-1"\nfolder = "/mnt/x"\n')
    assert host.names == ["adm", "rob.data"]
    assert not host.users.permits(ROB, "rob.data", on_list=False)
    assert "is called so" in host.told
    # From the user's own list it may go.
    assert host.users.permits(ROB, "rob.data", on_list=True)
    host.users.remove("rob.data")
    assert (host.names, host.told) == (["adm", "rob.data"], "")


def test_a_faulty_configuration_and_a_faulty_list_do_not_meet(host: Host) -> None:
    host.administrator(ALLOWED)
    host.users.add(ROB, DATA)
    assert not host.administrator(ALLOWED + "[[mount]]\nbucket = 1\n")
    assert host.users.add(ANN, section(folder="/home/ann/data")) == "ann.data"
    (paths.USERS / "rob.toml").write_text("[[mount]\n")
    assert host.administrator(ALLOWED)
    assert host.names == ["adm", "ann.data"]
    assert (host.configuration.problems, "rob.toml:1: not valid TOML" in host.told) == ((), True)


def test_what_is_no_longer_allowed_is_away_and_comes_back(host: Host) -> None:
    host.administrator(ALLOWED)
    host.users.add(ROB, DATA)
    host.administrator(ADM)
    assert host.names == ["adm"]
    host.administrator(ALLOWED)
    assert host.names == ["adm", "rob.data"]


def test_a_list_with_a_fault_is_looked_at_again(host: Host) -> None:
    host.administrator(ALLOWED)
    host.users.add(ROB, DATA)
    (paths.USERS / "rob.toml").write_text("x = 1\n" + DATA)
    host.administrator(ALLOWED)
    assert "x: only the administrator" in host.told
    (paths.USERS / "rob.toml").write_text(DATA.replace("/data", "/more"))
    host.taken.clear()
    assert host.users._again()
    assert (host.taken, host.told) == ([["adm", "rob.more"]], "")
    assert host.users._again()
    assert len(host.taken) == 1


def test_bounds_of_orders(host: Host) -> None:
    host.administrator(ALLOWED)
    host.users.add(ROB, DATA)
    for _ in range(30):
        assert host.users.permits(ROB, "rob.data", on_list=False)
    with pytest.raises(MountdError, match="wait a minute"):
        host.users.permits(ROB, "rob.data", on_list=False)
    for _ in range(100):
        try:
            host.users.add(ANN, "x")
        except MountdError as error:
            last = error
    assert "wait an hour" in last.detail
    assert host.users.add(ROB, section(folder="/home/rob/two")) == "rob.two"
