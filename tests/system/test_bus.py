"""The daemon on the system bus of a real machine: free to read for everybody, changed by who may."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest

from tests.machine import Machine
from tests.machine.inside import Result
from tests.system.kit import PYTHON, alive, configure, look, mount, show, status, wait_for, wait_ok, workers

pytestmark = pytest.mark.once("13")

SEND = ["dbus-send", "--system", "--print-reply", "--dest=org.s3mountd1", "/org/s3mountd1"]
MANAGER = "org.s3mountd1.Manager"
RULE = "/etc/polkit-1/rules.d/40-rob.rules"
RULE_TEXT = """
polkit.addRule(function(action, subject) {
    if (action.id == "org.s3mountd1.manage" && subject.user == "rob") return polkit.Result.YES;
});
"""
GUARDED = [("Start", "string:one"), ("Stop", "string:one"), ("Restart", "string:one"), ("Check", "string:one"),
           ("Reload",)]

# Prints each Changed signal as a line of JSON until its input ends.
LISTEN = """
import json, sys, threading
from gi.repository import Gio, GLib
bus, loop = Gio.bus_get_sync(Gio.BusType.SYSTEM), GLib.MainLoop()
def heard(*args):
    print(json.dumps(args[5].unpack()), flush=True)
bus.signal_subscribe("org.s3mountd1", "org.s3mountd1.Manager", "Changed", "/org/s3mountd1", None, 0, heard)
bus.call_sync("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "GetId", None, None, 0, -1)
print("listening", flush=True)
threading.Thread(target=lambda: (sys.stdin.read(), GLib.idle_add(loop.quit))).start()
loop.run()
"""


def _send(machine: Machine, method: str, *words: str, user: str | None = None) -> Result:
    return machine.run([*SEND, f"{MANAGER}.{method}", *words], check=False, user=user)


def _error(machine: Machine, method: str, *words: str, user: str | None = None) -> str:
    """The name of the error that the call ends with."""
    ended = _send(machine, method, *words, user=user)
    assert ended.returncode != 0, ended
    return ended.stderr.removeprefix("Error ").split(":")[0]


def _mounted(machine: Machine) -> int:
    configure(machine, mount("one"))
    (one,) = wait_ok(machine, "one")
    return int(one["pid"])


@contextmanager
def _rule(machine: Machine) -> Iterator[None]:
    machine.write(RULE, RULE_TEXT)
    machine.run("systemctl try-restart polkit")
    try:
        yield
    finally:
        machine.run(["rm", RULE])
        machine.run("systemctl try-restart polkit")


def test_the_interface_describes_itself_to_everybody(machine: Machine) -> None:
    listing = machine.run(["busctl", "introspect", "org.s3mountd1", "/org/s3mountd1", MANAGER], user="rob").stdout
    found = [tuple(line.split()[:4]) for line in listing.splitlines()[1:]]
    assert sorted(found) == sorted([
        *((f".{name}", "method", "s", "-") for name in ("Start", "Stop", "Restart", "Check", "RemoveMount")),
        (".AddMount", "method", "s", "s"), (".ChangeMount", "method", "ss", "s"),
        *((f".{name}", "method", "-", "s") for name in ("Status", "Plan")),
        (".History", "method", "s", "s"),
        (".Reload", "method", "-", "-"), (".Changed", "signal", "ss", "-"),
    ])


def test_reading_is_free_for_everybody(machine: Machine) -> None:
    _mounted(machine)
    answer = machine.run(["busctl", "--json=short", "call", "org.s3mountd1", "/org/s3mountd1", MANAGER, "Status"],
                         user="rob").stdout
    document = json.loads(json.loads(answer)["data"][0])
    assert document["schema"] == 1
    assert [(one["name"], one["state"]) for one in document["mounts"]] == [("one", "mounted")]
    assert _send(machine, "Plan", user="rob").returncode == 0
    shown = machine.run("s3mountctl status", user="rob", check=False)
    assert (shown.returncode, "mounted" in shown.stdout) == (0, True)


@pytest.mark.parametrize("call", GUARDED, ids=lambda call: call[0])
def test_changing_is_refused_to_whom_polkit_does_not_know(machine: Machine, call: Sequence[str]) -> None:
    pid = _mounted(machine)
    assert _error(machine, *call, user="rob") == "org.s3mountd1.Error.NotPermitted"
    assert look(machine, "one")["state"] == "mounted"
    assert look(machine, "one")["pid"] == pid


def test_the_command_line_says_what_was_refused(machine: Machine) -> None:
    pid = _mounted(machine)
    for command in ("stop one", "restart one", "reload"):
        ended = machine.run(f"s3mountctl {command}", user="rob", check=False)
        assert ended.returncode == 2, ended
        assert "sudo" in ended.stderr
        assert "Traceback" not in ended.stderr
    assert look(machine, "one")["pid"] == pid


def test_root_may_change_everything_and_everybody_hears_of_it(machine: Machine) -> None:
    pid = _mounted(machine)
    process = machine.popen([PYTHON, "-c", LISTEN], user="rob", stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"listening\n"
    for call in (*GUARDED, ("Stop", "string:one")):
        assert _send(machine, *call).returncode == 0
        wait_for(machine, "one", state="stopped" if call[0] == "Stop" else "mounted")
    heard = [json.loads(line) for line in process.communicate(b"", timeout=10)[0].splitlines()]
    assert {name for name, _ in heard} == {"one"}
    documents = [json.loads(text) for _, text in heard]
    assert {"mounted", "stopped"} <= {one["state"] for one in documents}
    assert documents[-1]["state"] == "stopped"
    assert set(documents[-1]) == set(look(machine, "one"))
    assert not alive(machine, pid)


def test_a_rule_of_polkit_lets_somebody_in(machine: Machine) -> None:
    _mounted(machine)
    assert _error(machine, "Stop", "string:one", user="rob") == "org.s3mountd1.Error.NotPermitted"
    with _rule(machine):
        assert machine.run("s3mountctl stop one", user="rob").returncode == 0
        assert look(machine, "one")["state"] == "stopped"
        assert machine.run("s3mountctl start one", user="rob").returncode == 0
        wait_ok(machine, "one")
    assert _error(machine, "Stop", "string:one", user="rob") == "org.s3mountd1.Error.NotPermitted"


def test_a_polkit_that_does_not_answer_holds_up_nobody_else(machine: Machine) -> None:
    pid = _mounted(machine)
    _send(machine, "Check", "string:one", user="rob")  # starts polkit
    polkit = show(machine, "polkit", "MainPID")
    machine.run(["kill", "-STOP", polkit])
    try:
        asking = machine.popen([*SEND, f"{MANAGER}.Stop", "string:one"], user="rob", stderr=subprocess.PIPE)
        began = time.monotonic()
        assert status(machine)["mounts"][0]["state"] == "mounted"
        assert machine.run("s3mountctl restart one").returncode == 0
        assert look(machine, "one")["pid"] != pid
        assert time.monotonic() - began < 15
        assert asking.poll() is None, "it was meant to wait for polkit"
    finally:
        machine.run(["kill", "-CONT", polkit])
    assert b"org.s3mountd1.Error.NotPermitted" in asking.communicate(timeout=30)[1]
    assert look(machine, "one")["state"] == "mounted"


def test_without_polkit_only_root_may(machine: Machine) -> None:
    _mounted(machine)
    machine.run("systemctl mask --runtime --now polkit")
    try:
        ended = _send(machine, "Stop", "string:one", user="rob")
        assert "org.s3mountd1.Error.NotPermitted" in ended.stderr
        assert _send(machine, "Check", "string:one").returncode == 0
    finally:
        machine.run("systemctl unmask --runtime polkit")
    assert look(machine, "one")["state"] == "mounted"


@pytest.mark.parametrize("name", ["nix", "", "../../etc", "x" * 5000, "one ", "ONE", "a\nb", "{detail}", "%s"])
def test_an_unknown_mount_has_an_error_of_its_own(machine: Machine, name: str) -> None:
    ended = _send(machine, "Start", f"string:{name}")
    assert ended.stderr.startswith("Error org.s3mountd1.Error.NoSuchMount: there is no mount called"), ended


@pytest.mark.parametrize(("call", "name"), [
    (("Start",), "org.freedesktop.DBus.Error.InvalidArgs"),
    (("Start", "int32:1"), "org.freedesktop.DBus.Error.InvalidArgs"),
    (("Nonsense",), "org.freedesktop.DBus.Error.UnknownMethod"),
])
def test_a_wrong_call_is_answered_by_its_error(machine: Machine, call: Sequence[str], name: str) -> None:
    assert _error(machine, *call) == name
    assert _send(machine, "Status").returncode == 0


def test_a_refused_configuration_is_an_error_with_every_fault(machine: Machine) -> None:
    machine.write("/etc/s3mountd/mounts.toml", "[[mount]]\nbuckett = 1\n[[mount]]\nfolder = 2\n")
    ended = _send(machine, "Reload")
    assert ended.stderr.startswith("Error org.s3mountd1.Error.ConfigInvalid: ")
    assert "mounts.toml:2" in ended.stderr
    assert "mounts.toml:4" in ended.stderr


def test_nobody_but_root_can_be_the_daemon(machine: Machine) -> None:
    machine.run("systemctl stop s3mountd")
    said = machine.run(["busctl", "call", "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
                        "RequestName", "su", "org.s3mountd1", "4"], user="rob", check=False)
    assert said.returncode != 0
    assert "Access denied" in said.stderr


def test_without_a_daemon_the_bus_says_so_and_starts_none(machine: Machine) -> None:
    machine.run("systemctl stop s3mountd")
    assert _error(machine, "Status") == "org.freedesktop.DBus.Error.ServiceUnknown"
    ended = machine.run("s3mountctl status", check=False)
    assert ended.returncode == 3
    assert "systemctl status s3mountd" in ended.stderr
    assert show(machine, "s3mountd", "ActiveState") == "inactive"


def test_many_callers_at_once_are_all_answered(machine: Machine) -> None:
    _mounted(machine)
    script = "for i in $(seq 10); do s3mountctl status --json >/dev/null & done; wait; s3mountctl status"
    assert machine.run(script, user="rob").returncode == 0
    assert len(workers(machine)) == 1
    assert show(machine, "s3mountd", "NRestarts") == "0"
