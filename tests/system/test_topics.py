"""What `s3mountctl explain` tells of buckets, tried with mount-s3 itself: every sentence that can be tried."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.machine import Machine
from tests.machine.failures import odd, odd_stores
from tests.system import kit

pytestmark = pytest.mark.once("13")

BUCKET = "bucket-three"
# Each try begins with a fresh file of its own, made through the mount where that is allowed.
_TRIES = r"""
import json, os, subprocess, sys, sqlite3
strict, able = sys.argv[1:]
said = {}

def errno_of(call):
    try:
        found = call()
        return found if isinstance(found, (bool, str, int)) else "ok"
    except OSError as error:
        return os.strerror(error.errno)
    except sqlite3.Error as error:
        return "sqlite: " + str(error)

def new(name, folder=able):
    with open(f"{folder}/{name}", "w") as file:
        file.write("first\n")
    return f"{folder}/{name}"

def sh(command):
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True)
    return "ok" if not done.returncode else done.stderr.strip().rpartition(": ")[2]

def middle(path):
    descriptor = os.open(path, os.O_WRONLY)
    try:
        os.pwrite(descriptor, b"X", 2)
    finally:
        os.close(descriptor)

def hop(path):
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    try:
        os.lseek(descriptor, 100, 0)
        os.write(descriptor, b"X")
    finally:
        os.close(descriptor)

def after_fsync(path):
    with open(path, "wb", buffering=0) as file:
        file.write(b"begun")
        os.fsync(file.fileno())
        file.write(b"more")

def database(path):
    with sqlite3.connect(path) as one:
        one.execute("create table t (x)")

for name, call in {
    "change in the middle": lambda: middle(new("edit")),
    "seek before a write": lambda: hop(f"{able}/hop"),
    "sqlite": lambda: database(f"{able}/base.db"),
    "append": lambda: sh(f"echo more >>{new('log')}"),
    "mv within": lambda: sh(f"mv {new('old')} {able}/renamed"),
    "mv out": lambda: sh(f"mv {new('leaves')} /run/left && test ! -e {able}/leaves"),
    "mv in": lambda: sh(f"echo x >/run/comes && mv /run/comes {able}/came && cat {able}/came"),
    "rename a folder": lambda: sh(f"mkdir {able}/folder && echo x >{able}/folder/in && mv {able}/folder {able}/other"),
    "rmdir of one that was stored": lambda: os.rmdir(f"{able}/folder"),
    "mkdir and rmdir": lambda: (os.mkdir(f"{able}/empty"), os.rmdir(f"{able}/empty"))[0],
    "free bytes": lambda: os.statvfs(able).f_bavail * os.statvfs(able).f_frsize >= 1 << 62,
    "chmod": lambda: os.chmod(new("mode"), 0o600),
    "chown": lambda: os.chown(new("owner"), 1, 1),
    "touch": lambda: os.utime(new("time"), (1, 1)),
    "rm where it is not allowed": lambda: os.remove(new("stays", strict)),
    "rm": lambda: os.remove(new("goes")),
    "overwrite where it is not allowed": lambda: sh(f"echo again >{strict}/stays"),
    "overwrite": lambda: sh(f"echo again >{new('again')}"),
    "write after fsync": lambda: after_fsync(f"{able}/synced"),
    "stored by fsync": lambda: os.stat(f"{able}/synced").st_size,
    "save beside and rename": lambda: sh(f"echo x >{able}/.save && mv -f {able}/.save {new('saved')}"),
}.items():
    said[name] = errno_of(call)

# A writer that is killed before it has closed.
path = f"{able}/killed"
pid = os.fork()
if not pid:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT)
    os.write(descriptor, b"half")
    os.kill(os.getpid(), 9)
os.waitpid(pid, 0)
said["killed writer leaves"] = os.path.exists(path) and os.stat(path).st_size
os.mkdir(f"{able}/only-here")
print(json.dumps(said))
"""


@pytest.fixture
def said(machine: Machine) -> dict[str, Any]:
    """What each try came to, on a store that answers a rename as general purpose buckets of AWS do."""
    with odd_stores(machine):
        kit.configure(
            machine, kit.mount("strict", BUCKET, endpoint_url=odd("plain")),
            kit.mount("able", BUCKET, endpoint_url=odd("plain"), allow_delete=True, allow_overwrite=True))
        kit.wait_ok(machine, "strict", "able")
        found: dict[str, Any] = json.loads(
            machine.run([kit.PYTHON, "-c", _TRIES, "/srv/strict", "/srv/able"]).stdout)
        machine.run("s3mountctl restart able --no-wait")
        kit.wait_for(machine, "able", state="mounted", health="ok")
        found["empty folder after a restart"] = machine.run("test -d /srv/able/only-here", check=False).returncode == 0
        return found


REFUSED, INVALID, NO_RENAME = "Operation not permitted", "Invalid argument", "Function not implemented"
TOLD = {
    "change in the middle": REFUSED, "seek before a write": INVALID, "append": REFUSED,
    "mv within": NO_RENAME, "mv out": "ok", "mv in": "ok", "save beside and rename": NO_RENAME,
    "rename a folder": NO_RENAME, "rmdir of one that was stored": REFUSED,
    "mkdir and rmdir": "ok", "empty folder after a restart": False,
    "free bytes": True, "chmod": REFUSED, "chown": REFUSED, "touch": REFUSED,
    "rm where it is not allowed": REFUSED, "rm": "ok",
    "overwrite where it is not allowed": REFUSED, "overwrite": "ok",
    "killed writer leaves": 4, "stored by fsync": 5,
}


def test_what_explain_says_is_so(said: dict[str, Any]) -> None:
    assert {name: said[name] for name in TOLD} == TOLD
    assert said["sqlite"].startswith("sqlite: ")
    assert said["write after fsync"] != "ok"


def test_what_can_be_done_is_said_of_each_mount(machine: Machine) -> None:
    kit.configure(machine, kit.mount("plain"), kit.mount("looked-at", read_only=True),
                  kit.mount("able", allow_delete=True, allow_overwrite=True))
    kit.wait_ok(machine, "plain", "looked-at", "able")
    assert kit.look(machine, "able")["can"] == {
        "write": True, "delete": True, "overwrite": True, "rename": True, "append": False}
    assert not any(kit.look(machine, "looked-at")["can"].values())
    assert "write, rename; not delete, overwrite, append" in machine.run("s3mountctl status plain").stdout
    assert machine.run("mv /srv/able/hello.txt /srv/able/moved && mv /srv/able/moved /srv/able/hello.txt").stdout == ""
