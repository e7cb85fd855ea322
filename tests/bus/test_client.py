"""The real s3mountctl, as a process, against a fake daemon on a private bus."""

import json
import os
import resource
import signal
import time
from pathlib import Path

from mountd.words import paths
from mountd.words.errors import FAULTS
from tests.bus.private_bus import Bus, asked, document

UP = {"state": "mounted", "health": "ok", "reason": None, "next_try": None}
READY = json.dumps({name: {**UP, "unit": f"s3mount-{name}-2.service", "pid": 77} for name in ("kopah", "archive")})
STILL_WAITING = json.dumps({"kopah": {"state": "waiting", "next_try": "2026-11-22T13:41:00Z"}})
AWAY = json.dumps({"kopah": {"state": "stopped", "health": "unknown"}})
FAILED = json.dumps({"archive": {"state": "failed", "health": "down", "reason": {
    "code": "bucket-missing", "text": "there is no bucket archive at AWS", "hint": "check the spelling"}}})
CALL_LIMIT, SLACK = 5.0, 3.0


def test_status_of_a_healthy_host(bus: Bus) -> None:
    bus.manager("healthy")
    ran = bus.ctl("status")
    assert (ran.status, ran.err) == (0, "")
    assert "erdos    mounted  ok" in ran.out


def test_status_json_is_the_daemons_own_bytes(bus: Bus) -> None:
    bus.manager("sick")
    ran = bus.ctl("status", "--json")
    assert ran.status == 2
    assert ran.out == document("sick") + "\n"


def test_status_of_one_mount(bus: Bus) -> None:
    bus.manager("sick")
    ran = bus.ctl("status", "--json", "scratch")
    assert ran.status == 1
    assert [mount["name"] for mount in json.loads(ran.out)["mounts"]] == ["scratch"]


def test_a_mistyped_name_is_a_usage_error_with_the_nearest(bus: Bus) -> None:
    bus.manager("healthy")
    ran = bus.ctl("status", "erods")
    assert (ran.status, ran.out) == (64, "")
    assert "there is no mount called 'erods'; did you mean 'erdos'?" in ran.err


def test_list_names(bus: Bus) -> None:
    bus.manager("healthy")
    assert bus.ctl("list", "--names").out == "erdos\nkopah\narchive\n"


def test_list_names_of_nothing_is_nothing(bus: Bus) -> None:
    bus.manager("empty")
    assert bus.ctl("list", "--names").out == ""


def test_start_waits_for_the_outcome(bus: Bus) -> None:
    bus.manager("healthy", "--after", READY)
    ran = bus.ctl("start", "archive")
    assert (ran.status, ran.out) == (0, "archive: mounted on /srv/archive\n")


def test_start_that_fails_says_why(bus: Bus) -> None:
    bus.manager("healthy", "--after", FAILED)
    ran = bus.ctl("start", "archive")
    assert ran.status == 2
    assert "archive (failed): there is no bucket archive at AWS" in ran.out
    assert "check the spelling" in ran.out


def test_start_of_what_goes_on_waiting_comes_back(bus: Bus) -> None:
    bus.manager("sick", "--after", STILL_WAITING)
    ran = bus.ctl("start", "kopah")
    assert ran.status == 1
    assert ran.seconds < 5


def test_start_without_waiting_leaves_it_open(bus: Bus) -> None:
    bus.manager("healthy", "--after", FAILED)
    ran = bus.ctl("start", "--no-wait", "archive")
    assert (ran.status, ran.out, ran.err) == (0, "", "")


def test_stop(bus: Bus) -> None:
    bus.manager("healthy", "--after", AWAY)
    ran = bus.ctl("stop", "kopah")
    assert (ran.status, ran.out) == (0, "kopah: stopped\n")


def test_stop_that_does_not_end_is_bounded(bus: Bus) -> None:
    bus.manager("healthy", "--after", json.dumps({"kopah": {"state": "draining", "health": "unknown"}}))
    ran = bus.ctl("stop", "kopah", "--timeout", "1s")
    assert ran.status == 1
    assert "not finished after 1s: kopah" in ran.err
    assert ran.seconds < 1 + SLACK


def test_restart_wants_another_worker(bus: Bus) -> None:
    bus.manager("healthy", "--after", READY)
    ran = bus.ctl("restart", "kopah")
    assert (ran.status, ran.out) == (0, "kopah: mounted on /home/rob/kopah\n")


def test_restart_that_keeps_the_old_worker_is_not_done(bus: Bus) -> None:
    bus.manager("healthy", "--after", json.dumps({"kopah": {"state": "mounted", "health": "ok"}}))
    ran = bus.ctl("restart", "kopah", "--timeout", "3s")
    assert ran.status == 1
    assert "not finished after 3s: kopah" in ran.err


def test_reload_shows_the_plan_and_waits(bus: Bus, tmp_path: Path) -> None:
    plan = tmp_path / "plan.json"
    change = {"name": "kopah", "change": "remount", "effect": "swapped", "keys": [
        {"key": "allow_delete", "from": False, "to": True}]}
    plan.write_text(json.dumps({"changes": [change], "problems": [], "notes": []}))
    bus.manager("healthy", str(plan), "--after", READY)
    ran = bus.ctl("reload")
    assert ran.status == 0
    assert "~ kopah (remount)" in ran.out
    assert "allow_delete: false -> true" in ran.out
    assert ran.out.endswith("kopah: mounted on /home/rob/kopah\n")


def test_reload_of_a_faulty_file_prints_every_fault(bus: Bus, tmp_path: Path) -> None:
    plan = tmp_path / "plan.json"
    plan.write_text(json.dumps({"changes": [], "problems": ["first.toml:3: one"], "notes": []}))
    bus.manager("healthy", str(plan), "--refuse", FAULTS["config-invalid"].bus_name,
                "first.toml:3: one\nfirst.toml:9: two")
    ran = bus.ctl("reload")
    assert (ran.status, ran.out) == (2, "")
    assert "  - first.toml:3: one\n  - first.toml:9: two\n" in ran.err


def test_an_order_that_is_not_permitted(bus: Bus) -> None:
    bus.manager("healthy", "--refuse", f"{paths.ERROR_PREFIX}NotPermitted", "you may not do this: polkit says no")
    ran = bus.ctl("stop", "erdos")
    assert ran.status == 2
    assert ran.err.splitlines() == ["s3mountctl: you may not do this: polkit says no", "            use sudo"]


def test_an_unknown_error_of_the_bus_is_shown_as_it_is(bus: Bus) -> None:
    bus.manager("healthy", "--refuse", "org.example.Strange", "odd")
    ran = bus.ctl("stop", "erdos")
    assert ran.status == 2
    assert "org.example.Strange: odd" in ran.err


def test_wait_for_what_is_there(bus: Bus) -> None:
    bus.manager("healthy")
    assert bus.ctl("wait", "erdos", "kopah").status == 0


def test_wait_gives_up_at_once_where_a_person_is_needed(bus: Bus) -> None:
    bus.manager("sick")
    ran = bus.ctl("wait", "typo", "--timeout", "60s")
    assert ran.status == 2
    assert ran.seconds < SLACK


def test_a_name_behind_two_dashes_as_the_unit_for_waiting_gives_it(bus: Bus) -> None:
    bus.manager("healthy")
    assert bus.ctl("wait", "--timeout", "300", "--", "erdos").status == 0
    ran = bus.ctl("wait", "--", "-erdos")
    assert ran.status == 64
    assert "there is no mount called '-erdos'" in ran.err


def test_options_may_stand_between_names(bus: Bus) -> None:
    bus.manager("healthy")
    ran = bus.ctl("status", "erdos", "--json", "kopah")
    assert [mount["name"] for mount in json.loads(ran.out)["mounts"]] == ["erdos", "kopah"]


def test_an_order_to_a_hung_daemon_is_bounded(bus: Bus) -> None:
    bus.manager("healthy", "--hang")
    ran = bus.ctl("restart", "erdos")
    assert ran.status == 3
    assert ran.seconds < CALL_LIMIT + SLACK


def test_wait_for_a_stopped_mount_does_not_succeed(bus: Bus) -> None:
    bus.manager("healthy")
    assert bus.ctl("wait", "archive").status == 2


def test_wait_runs_out_of_time(bus: Bus) -> None:
    bus.manager("sick")
    ran = bus.ctl("wait", "kopah", "--timeout", "1s")
    assert ran.status == 1
    assert 1 <= ran.seconds < 1 + SLACK


def test_wait_lives_through_a_restart_of_the_daemon(bus: Bus) -> None:
    old = bus.manager("sick")
    waiting = bus.popen("wait", "kopah", "--timeout", "30s")
    asked(old)
    old.kill()
    old.wait()
    time.sleep(0.7)
    assert waiting.poll() is None
    bus.manager("healthy")
    assert waiting.communicate(timeout=20)[0] == "kopah: mounted on /home/rob/kopah\n"
    assert waiting.returncode == 0


def test_ctrl_c_while_waiting(bus: Bus) -> None:
    daemon = bus.manager("sick")
    waiting = bus.popen("wait", "kopah")
    asked(daemon)
    waiting.send_signal(signal.SIGINT)
    _, err = waiting.communicate(timeout=5)
    assert waiting.returncode == 130
    assert "Traceback" not in err


def test_ctrl_c_while_the_daemon_hangs(bus: Bus) -> None:
    bus.manager("healthy", "--hang")
    asking = bus.popen("status")
    time.sleep(1)
    began = time.monotonic()
    asking.send_signal(signal.SIGINT)
    asking.communicate(timeout=CALL_LIMIT)
    assert asking.returncode == 130
    assert time.monotonic() - began < 1


def test_daemon_missing(bus: Bus) -> None:
    ran = bus.ctl("status")
    assert (ran.status, ran.out) == (3, "")
    assert "s3mountd is not running" in ran.err
    assert "systemctl status s3mountd" in ran.err


def test_bus_missing(bus: Bus) -> None:
    bus.address = "unix:path=/nonexistent/bus"
    ran = bus.ctl("status")
    assert ran.status == 3
    assert "no system bus" in ran.err


def test_a_bus_that_is_stopped_is_bounded(bus: Bus) -> None:
    bus.daemon.send_signal(signal.SIGSTOP)
    ran = bus.ctl("status")
    assert (ran.status, ran.out) == (3, "")
    assert "no system bus (it does not answer for 5 s)" in " ".join(ran.err.split())


def test_a_hung_daemon_is_bounded(bus: Bus) -> None:
    bus.manager("healthy", "--hang")
    ran = bus.ctl("status")
    assert ran.status == 3
    assert "no answer within 5 s" in ran.err
    assert CALL_LIMIT <= ran.seconds < CALL_LIMIT + SLACK


def test_a_stopped_daemon_is_bounded(bus: Bus) -> None:
    child = bus.manager("healthy")
    os.kill(child.pid, signal.SIGSTOP)
    ran = bus.ctl("list")
    assert ran.status == 3
    assert ran.seconds < CALL_LIMIT + SLACK


def test_version_needs_no_daemon(bus: Bus) -> None:
    ran = bus.ctl("version", "--json")
    assert ran.status == 0
    assert json.loads(ran.out)["s3mountd"] is None
    bus.manager("healthy")
    assert json.loads(bus.ctl("version", "--json").out)["s3mountd"] == "0.1.0"


def test_status_is_quick(bus: Bus) -> None:
    """Processor time, for other work on the machine must not decide; one call to the daemon adds under 1 ms."""
    bus.manager("sick")
    bus.ctl("status")
    spent = []
    for _ in range(5):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert bus.ctl("status").status == 2
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent.append(after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)
    print(f"s3mountctl status: {min(spent) * 1000:.0f} ms")
    assert min(spent) <= 0.150


def test_a_reader_that_goes_away(bus: Bus) -> None:
    bus.manager("sick")
    child = bus.popen("status")
    assert child.stdout is not None
    assert child.stderr is not None
    child.stdout.close()
    assert "Traceback" not in child.stderr.read()
    assert child.wait() == 141
