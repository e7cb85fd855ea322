"""The test machines themselves: what every other system test stands on."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.machine import CommandFailed, Machine
from tests.machine.cache import REPO, locked
from tests.machine.machine import machines_dir, sweep
from tests.machine.nspawn import Group
from tests.machine.reset import reset
from tests.setup.worker import worker
from tests.system.kit import store

pytestmark = pytest.mark.once

LAST_WORDS = """[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=true
ExecStop=touch /root/stopped
"""
LEFTOVER = """
os.makedirs("/mnt/left over", exist_ok=True)
device, mount = detached()
call(MOVE_MOUNT, mount, b"", -100, b"/mnt/left over", 0x4)
start("s3mount-left-1.service", device)
wait_for_active("s3mount-left-1.service")
"""
FUSE_BY_FD = (Path(__file__).parent / "fuse_by_fd.py").read_text()


def test_boots_the_release_asked_for_with_nothing_failed(bare_machine: Machine, release: str) -> None:
    assert bare_machine.failed_units == ()
    assert f'VERSION_ID="{release}"' in bare_machine.read("/etc/os-release")
    assert bare_machine.run("cat /proc/1/comm").stdout == "systemd\n"


def test_commands_say_how_they_ended(bare_machine: Machine) -> None:
    result = bare_machine.run("echo out; echo err >&2; exit 3", check=False)
    assert (result.stdout, result.stderr, result.returncode) == ("out\n", "err\n", 3)
    with pytest.raises(CommandFailed, match=r"(?s)status 3.*out.*err"):
        bare_machine.run("echo out; echo err >&2; exit 3")
    began = time.monotonic()
    with pytest.raises(CommandFailed, match="no end after"):
        bare_machine.run("sleep 30", timeout=0.5)
    assert time.monotonic() - began < 5
    assert bare_machine.run(["cat"], input="given\n").stdout == "given\n"
    assert bare_machine.run("id -un; echo $HOME $WORD", user="rob", env={"WORD": "said"}).stdout == (
        "rob\n/home/rob said\n"
    )


def test_nothing_of_the_hosts_environment_gets_in(
    bare_machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_CA_BUNDLE", "/of/the/host")
    assert "AWS" not in bare_machine.run("env").stdout


def test_the_only_network_is_loopback(bare_machine: Machine) -> None:
    names = [line.split(":")[1].strip() for line in bare_machine.run("ip -o link").stdout.splitlines()]
    assert names == ["lo"]
    assert "inet 127.0.0.1/8" in bare_machine.run("ip -o addr show dev lo up").stdout


def test_files_go_in_and_out(bare_machine: Machine, tmp_path: Path) -> None:
    (tmp_path / "tree/sub").mkdir(parents=True)
    (tmp_path / "tree/sub/tool").write_bytes(b"\x00\xff")
    (tmp_path / "tree/sub/tool").chmod(0o750)
    bare_machine.copy_in(tmp_path / "tree", "/opt/tree")
    assert bare_machine.run("stat -c '%a %U' /opt/tree/sub/tool").stdout == "750 root\n"
    bare_machine.copy_out("/opt/tree/sub/tool", tmp_path / "back")
    assert (tmp_path / "back").read_bytes() == b"\x00\xff"
    bare_machine.write("/new/place/a b", "text\n", 0o600)
    assert bare_machine.read("/new/place/a b") == "text\n"
    assert bare_machine.run(["stat", "-c", "%a", "/new/place/a b"]).stdout == "600\n"


def test_a_reboot_keeps_files_and_journal(bare_machine: Machine) -> None:
    bare_machine.write("/root/kept", "before\n")
    bare_machine.run("logger said before")
    first = bare_machine.read("/proc/sys/kernel/random/boot_id")
    bare_machine.run("touch /run/not-kept")
    bare_machine.reboot()
    assert bare_machine.failed_units == ()
    assert bare_machine.read("/proc/sys/kernel/random/boot_id") != first
    assert bare_machine.read("/root/kept") == "before\n"
    assert "said before" in bare_machine.journal("-b", "-1")
    assert bare_machine.run("test -e /run/not-kept", check=False).returncode == 1


def test_a_power_cut_ends_everything_at_once_and_keeps_synced_files(bare_machine: Machine) -> None:
    bare_machine.write("/etc/systemd/system/last-words.service", LAST_WORDS)
    bare_machine.run("systemctl daemon-reload; systemctl start last-words; echo kept >/root/kept; sync")
    stubborn = bare_machine.popen("trap '' TERM; sleep 1000")
    bare_machine.power_cut()
    assert stubborn.wait(5) != 0
    assert not Group(f"s3mountd-{bare_machine.name}").path.exists()
    bare_machine.boot()
    assert bare_machine.read("/root/kept") == "kept\n"
    assert bare_machine.run("test -e /root/stopped", check=False).returncode == 1, "that was an orderly end"


def test_a_shutdown_is_orderly(bare_machine: Machine) -> None:
    bare_machine.write("/etc/systemd/system/last-words.service", LAST_WORDS)
    bare_machine.run("systemctl daemon-reload; systemctl start last-words")
    bare_machine.shutdown()
    bare_machine.boot()
    bare_machine.run("test -e /root/stopped")


def test_a_destroyed_machine_leaves_nothing_on_the_host(release: str) -> None:
    with Machine.create(release) as machine:
        machine.boot()
        state, group, leader = machine.state, Group(f"s3mountd-{machine.name}"), machine.leader
        assert group.populated()
        assert str(state) not in Path("/proc/self/mountinfo").read_text()
    assert not state.exists()
    assert not group.path.exists()
    assert not Path(f"/proc/{leader}/root/etc").exists()


def test_a_killed_run_is_swept_away_and_a_kept_machine_is_not(release: str) -> None:
    begin = f"import os; from tests.machine import Machine; m = Machine.create('{release}'); m.boot(); "

    def killed_run(word: str) -> str:
        code = f"{begin}{word}print(m.name, flush=True); os.kill(os.getpid(), 9)"
        done = subprocess.run([sys.executable, "-c", code], check=False, cwd=REPO, stdout=subprocess.PIPE)
        assert done.returncode == -9
        return done.stdout.decode().strip()

    kept = killed_run("m.keep(); ")
    killed = killed_run("")
    assert Group(f"s3mountd-{killed}").populated()
    with locked("machines"):
        sweep()
    assert not Group(f"s3mountd-{killed}").populated()
    assert not (machines_dir() / killed).exists()
    found = Machine.attach(kept)
    assert found.run("hostname").stdout == kept + "\n"
    found.destroy()
    assert not (machines_dir() / kept).exists()


def test_fuse_by_descriptor_into_a_sandboxed_transient_unit(bare_machine: Machine) -> None:
    said = bare_machine.run(["/usr/bin/python3", "-c", FUSE_BY_FD]).stdout.splitlines()
    assert said == [
        "detached",
        "unit runs as a dynamic user",
        "mounted",
        "fusectl",
        "swapped beneath",
        "gone",
    ]


def test_manuals_completions_and_the_user_rob_are_there(bare_machine: Machine) -> None:
    bare_machine.run(
        "test -e /usr/share/man/man1/rsync.1.gz && man --where rsync && man --where systemd.unit"
    )
    bare_machine.run("test -e /usr/share/bash-completion/completions/systemctl")
    assert bare_machine.run("locale", user="rob").stdout.startswith("LANG=C.UTF-8\n")


def test_worker_and_stand_in_run_where_they_were_put(bare_machine: Machine) -> None:
    assert bare_machine.install_worker(worker()).startswith("mount-s3 1.")
    bare_machine.run("ldd /opt/aws/mountpoint-s3/bin/mount-s3 | grep -q 'not found' && exit 1; exit 0")
    bare_machine.install_standin()
    shown = bare_machine.run(["/usr/local/lib/standin/mount-s3", "--version"], user="rob").stdout
    assert shown.startswith("mount-s3 1.")


def test_the_shared_machine_is_put_back_whatever_was_done_to_it(machine: Machine) -> None:
    machine.run(["/usr/bin/python3", "-c", FUSE_BY_FD.partition("# --- the proof")[0] + LEFTOVER])
    machine.run(
        "systemctl kill --signal=STOP s3mount-left-1.service; systemctl stop weed.service; nft add table inet left;"
        "echo '[daemon]' >/etc/s3mountd/mounts.toml; echo >/etc/s3mountd/mounts.d/left.toml; logger said before"
    )
    assert "/mnt/left\\040over" in machine.read("/proc/self/mountinfo")
    machine.run("systemctl start weed.service")
    for key in ("a first one", "deep/er", "hello.txt"):
        store(machine, "put_object", Bucket="bucket-one", Key=key, Body="left over")
    store(machine, "create_multipart_upload", Bucket="bucket-one", Key="begun")
    store(machine, "delete_object", Bucket="bucket-two", Key="hello.txt")
    machine.run("systemctl stop weed.service")
    reset(machine)
    for bucket in ("bucket-one", "bucket-two"):
        [one] = store(machine, "list_objects_v2", Bucket=bucket)["Contents"]
        assert (one["Key"], one["Size"]) == ("hello.txt", len(f"hello from {bucket}\n"))
        assert "Uploads" not in store(machine, "list_multipart_uploads", Bucket=bucket)
    assert "/mnt/left" not in machine.read("/proc/self/mountinfo")
    assert machine.run("systemctl list-units --all --plain --no-legend 's3mount-left*'").stdout == ""
    assert machine.run("cat /etc/s3mountd/mounts.toml /etc/s3mountd/mounts.d/*", check=False).stdout == ""
    assert machine.run("nft list ruleset").stdout == ""
    assert machine.run("systemctl is-active weed s3mountd").stdout == "active\nactive\n"
    assert "said before" not in machine.journal()
    assert "said before" in machine.run("journalctl -b").stdout


def test_s3_checks_signatures_and_is_there_after_a_reboot(bare_machine: Machine) -> None:
    bare_machine.start_s3(["bucket-one", "bucket-two"])
    bare_machine.reboot()
    assert bare_machine.failed_units == ()
    asked = (
        "import boto3, botocore.exceptions as e, sys\n"
        "s3 = boto3.client('s3', endpoint_url='http://127.0.0.1:9400', region_name='us-east-1',\n"
        "  aws_access_key_id=sys.argv[1], aws_secret_access_key=sys.argv[2])\n"
        "try: print(s3.get_object(Bucket='bucket-two', Key='hello.txt')['Body'].read().decode())\n"
        "except e.ClientError as error: print(error.response['Error']['Code'])\n"
    )
    key = "WEEDADMINKEY00000001"
    right = bare_machine.run(["/usr/bin/python3", "-c", asked, key, "weed/admin+secret0123456789"]).stdout
    wrong = bare_machine.run(["/usr/bin/python3", "-c", asked, key, "weed/admin+secret012345678"]).stdout
    assert right.strip() == "hello from bucket-two"
    assert wrong.strip() == "SignatureDoesNotMatch"
