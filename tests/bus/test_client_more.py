"""More of the real s3mountctl against a fake daemon: what was, what is while it changes, what monitoring reads."""

import json
import signal

from tests.bus.private_bus import Bus


def test_history_of_one_and_of_all(bus: Bus) -> None:
    bus.manager("healthy")
    ran = bus.ctl("history", "kopah")
    assert (ran.status, ran.err) == (0, "")
    assert ran.out.startswith("kopah\n  99.17 % in 24 h")
    assert "connection-refused" in ran.out
    every = json.loads(bus.ctl("history", "--json").out)
    assert [mount["name"] for mount in every["mounts"]] == ["erdos", "kopah", "archive"]
    two = json.loads(bus.ctl("history", "archive", "erdos", "--json").out)
    assert [mount["name"] for mount in two["mounts"]] == ["archive", "erdos"]


def test_watch_for_a_machine_ends_at_an_interrupt(bus: Bus) -> None:
    bus.manager("healthy")
    watching = bus.popen("watch", "--json", "kopah")
    assert watching.stdout is not None
    assert json.loads(watching.stdout.readline())["name"] == "kopah"
    watching.send_signal(signal.SIGINT)
    out, err = watching.communicate(timeout=10)
    assert (watching.returncode, out, err) == (130, "", "")


def test_watch_tells_turns_and_a_daemon_that_went(bus: Bus) -> None:
    fake = bus.manager("sick", "--after", '{"kopah": {"state": "stopped"}}')
    watching = bus.popen("watch", "kopah")
    assert watching.stdout is not None
    assert watching.stderr is not None
    assert "kopah: waiting: https://s3.kopah.uw.edu refuses connections" in watching.stdout.readline()
    assert bus.ctl("stop", "kopah", "--no-wait").status == 0
    assert "kopah: mounting" in watching.stdout.readline()
    assert "kopah: stopped" in watching.stdout.readline()
    fake.kill()
    fake.wait()
    assert watching.stderr.readline() == "s3mountctl: s3mountd is not running; waiting for it\n"
    bus.manager("healthy")
    assert "kopah: mounted, ok" in watching.stdout.readline()


def test_check_health(bus: Bus) -> None:
    assert bus.ctl("check-health").status == 3
    bus.manager("sick")
    ran = bus.ctl("check-health")
    assert (ran.status, ran.err) == (2, "")
    assert ran.out.startswith("S3MOUNTD CRITICAL - 7 mounts, 1 ok, 1 not in use, the configuration has 1 fault | ")
    assert bus.ctl("check-health", "scratch").status == 1
    unknown = bus.ctl("check-health", "scartch")
    assert (unknown.status, unknown.out.split("; ")[0]) == (3, "S3MOUNTD UNKNOWN - there is no mount called 'scartch'")
