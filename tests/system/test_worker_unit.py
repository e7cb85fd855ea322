"""A worker as systemd and other users of the machine see it, and what becomes of it when mount-s3 changes."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.machine import Machine
from tests.s3.seaweed import ADMIN
from tests.system import kit

ERRNO = """
import errno, os, sys
try:
    open(sys.argv[1], sys.argv[2]).close()
    print("ok")
except OSError as error:
    print(errno.errorcode[error.errno])
"""

# TLS in front of the machine's S3 server: PORT CERTIFICATE-AND-KEY.
TLS_FRONT = """
import asyncio, ssl, sys
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[2])
async def copy(reader, writer):
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()
async def serve(reader, writer):
    back = await asyncio.open_connection("127.0.0.1", 9400)
    await asyncio.gather(copy(reader, back[1]), copy(back[0], writer), return_exceptions=True)
async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", int(sys.argv[1]), ssl=context)
    print("ready", flush=True)
    await server.serve_forever()
asyncio.run(main())
"""

# Counts how often it is asked for its version; else it is the real one.
COUNTING = """#!/bin/sh
[ "$1" = --version ] && echo asked >>/run/version-calls
exec /opt/aws/mountpoint-s3/bin/mount-s3 "$@"
"""


def _tried(machine: Machine, path: str, mode: str, user: str | None = None) -> str:
    """``ok`` or the name of the errno that opening the file gave."""
    return machine.run([kit.PYTHON, "-c", ERRNO, path, mode], user=user).stdout.strip()


def test_a_worker_is_a_sandboxed_unit_of_a_dynamic_user(machine: Machine) -> None:
    kit.configure(machine, kit.mount("my-data_1", folder="/srv/unit"))
    [one] = kit.wait_ok(machine, "my-data_1")
    escaped = machine.run(["systemd-escape", "my-data_1"]).stdout.strip()
    unit = str(one["unit"])
    assert re.fullmatch(rf"s3mount-{re.escape(escaped)}-\d+\.service", unit)
    assert kit.show(machine, unit, "Slice") == "s3mount.slice"
    assert kit.show(machine, unit, "DynamicUser") == "yes"
    assert kit.show(machine, unit, "MainPID") == str(one["pid"])
    uid = int(machine.run(f"awk '/^Uid:/ {{ print $2 }}' /proc/{one['pid']}/status").stdout)
    assert 61184 <= uid <= 65519, "that is no dynamic user (systemd.exec(5))"
    said = machine.run(["systemd-analyze", "security", "--no-pager", unit]).stdout
    found = re.search(r"Overall exposure level for .*: ([\d.]+)", said)
    assert found is not None, said
    print(f"exposure of a worker: {found[1]}")
    assert float(found[1]) <= 1.5


def test_the_key_is_nowhere_that_others_can_read(machine: Machine) -> None:
    kit.configure(machine, kit.mount("secret"))
    [one] = kit.wait_ok(machine, "secret")
    unit, pid = str(one["unit"]), one["pid"]
    looks = {
        "argv": f"tr '\\0' '\\n' </proc/{pid}/cmdline",
        "environment": f"tr '\\0' '\\n' </proc/{pid}/environ",
        "unit": f"systemctl show '{unit}'; systemctl cat '{unit}'",
        "status": "s3mountctl status --json; s3mountctl status secret",
        "bus": "busctl call org.s3mountd1 /org/s3mountd1 org.s3mountd1.Manager Status",
    }
    shown = {name: machine.run(command).stdout for name, command in looks.items()}
    # Of this test: the S3 server writes down who asked it with a key that another test had taken away.
    shown["journal"] = machine.journal("-o", "export")
    assert all(len(text) > 100 for text in shown.values()), "a look that shows nothing proves nothing"
    assert "AWS_SHARED_CREDENTIALS_FILE" in shown["environment"]
    for word in (ADMIN.secret_key, ADMIN.access_key):
        assert [name for name, text in shown.items() if word in text] == []
    holding = f"grep -rlsF -- '{ADMIN.secret_key}' /run /etc/s3mountd /var/lib/s3mountd /var/cache /tmp"
    assert machine.run(holding, check=False).stdout, "root finds the copy that the worker reads"
    assert machine.run(holding, check=False, user="rob").stdout == ""


def test_the_journal_tells_one_story_of_a_mount(machine: Machine) -> None:
    kit.configure(machine, kit.mount("story"))
    [one] = kit.wait_ok(machine, "story")
    kit.kill(machine, one["pid"])
    again = kit.wait_for(machine, "story", state="mounted", restarts=1)
    lines = machine.journal("S3MOUNT_NAME=story", "-o", "json", "--output-fields=_SYSTEMD_UNIT,MESSAGE,UNIT")
    by_worker = {unit for unit in (one["unit"], again["unit"]) if f'"{unit}"'.replace("\\", "\\\\") in lines}
    assert by_worker == {one["unit"], again["unit"]}
    assert '"s3mountd.service"' in lines
    assert "worker-crashed" in machine.journal("S3MOUNT_NAME=story", "-o", "json", "--output-fields=S3MOUNT_CODE")


def test_files_belong_to_whom_the_folder_belongs(machine: Machine) -> None:
    machine.run("install -d -o rob -g rob -m 0750 /home/rob/owned && chmod 0755 /home/rob")
    kit.configure(machine, kit.mount("owned", folder="/home/rob/owned"))
    kit.wait_ok(machine, "owned")
    shown = machine.run("stat -c '%U:%G %a' /home/rob/owned /home/rob/owned/hello.txt").stdout
    assert shown == "rob:rob 750\nrob:rob 640\n"
    machine.run("echo mine >/home/rob/owned/by-rob", user="rob")
    assert kit.store(machine, "head_object", Bucket="bucket-one", Key="by-rob")["ContentLength"] == 5
    assert _tried(machine, "/home/rob/owned/hello.txt", "r", user="nobody") == "EACCES"


def test_a_name_of_any_shape_outlives_a_reload_of_systemd_and_a_new_daemon(machine: Machine) -> None:
    folder = '/srv/we ird %n "q" \\ $HOME ü'
    kit.store(machine, "put_object", Bucket="bucket-one", Key="100% sure/it's", Body="deep")
    kit.configure(machine, kit.mount("odd", folder=folder, prefix="100% sure/"))
    [one] = kit.wait_ok(machine, "odd")
    machine.run("systemctl daemon-reload; systemctl restart s3mountd")
    [again] = kit.wait_ok(machine, "odd")
    assert (again["pid"], again["unit"]) == (one["pid"], one["unit"])
    assert machine.read(f"{folder}/it's") == "deep"
    machine.run(["systemctl", "stop", "s3mountd", one["unit"]])
    assert folder not in machine.run(["findmnt", "--noheadings", "--raw", "--output", "TARGET"]).stdout
    assert machine.run(["mountpoint", "-q", folder], check=False).returncode != 0
    assert not kit.alive(machine, one["pid"])


def test_read_only_is_enforced_by_the_kernel(machine: Machine) -> None:
    kit.configure(machine, kit.mount("readonly", read_only=True))
    [one] = kit.wait_ok(machine, "readonly")
    assert _tried(machine, "/srv/readonly/hello.txt", "r") == "ok"
    assert _tried(machine, "/srv/readonly/new", "w") == "EROFS"
    assert "--read-only" not in machine.read(f"/proc/{one['pid']}/cmdline")
    flags = machine.run("findmnt -n -o OPTIONS /srv/readonly").stdout
    assert {"ro", "nosuid", "nodev"} <= set(flags.strip().split(","))


def test_prefix_and_cache_work_from_home(machine: Machine) -> None:
    kit.store(machine, "put_object", Bucket="bucket-one", Key="runs/2026/deep", Body="deep down")
    machine.run("install -d -o rob /home/rob/cache && chmod 0700 /home/rob")
    kit.configure(
        machine,
        kit.mount("well-cached", prefix="runs/2026/", folder="/home/rob/deep", cache="/home/rob/cache",
                  max_cache_size=100),
    )
    [one] = kit.wait_ok(machine, "well-cached")
    assert machine.run("ls /home/rob/deep; cat /home/rob/deep/deep").stdout == "deep\ndeep down"
    blocks = "find /home/rob/cache -type f -size +0"
    machine.wait_until(lambda: machine.run(blocks).stdout, 5, "something is in the cache")
    assert machine.run(blocks, user="rob", check=False).stdout == "", "the cache is open to others"
    kit.kill(machine, one["pid"])
    kit.wait_for(machine, "well-cached", state="mounted", restarts=1)
    assert machine.read("/home/rob/deep/deep") == "deep down"
    kit.configure(machine)
    machine.wait_until(lambda: not kit.workers(machine), 10, "the worker has ended")
    machine.wait_until(lambda: not machine.run(blocks).stdout, 5, "its cache is swept")


@pytest.fixture
def authority(tmp_path: Path) -> Path:
    """A certificate for 127.0.0.1 that signs itself, its key beside it in one file."""
    words = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1",
             "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", "key.pem", "-out", "cert.pem"]
    subprocess.run(words, cwd=tmp_path, check=True, capture_output=True)
    (tmp_path / "both.pem").write_text((tmp_path / "cert.pem").read_text() + (tmp_path / "key.pem").read_text())
    return tmp_path


def test_a_private_authority_in_a_closed_home_is_trusted(machine: Machine, authority: Path) -> None:
    machine.copy_in(authority / "both.pem", "/root/tls.pem", 0o600)
    machine.copy_in(authority / "cert.pem", "/home/rob/private/ca.pem", 0o600)
    machine.run("chmod 0700 /home/rob /home/rob/private")
    front = machine.popen([kit.PYTHON, "-c", TLS_FRONT, "9443", "/root/tls.pem"], stdout=subprocess.PIPE)
    try:
        assert front.stdout is not None
        assert front.stdout.readline() == b"ready\n"
        secure = {"endpoint_url": "https://127.0.0.1:9443", "start_timeout": "3s"}
        kit.configure(
            machine,
            kit.mount("trusted", ca_bundle="/home/rob/private/ca.pem", **secure),
            kit.mount("untrusted", folder="/srv/untrusted", **secure),
        )
        kit.wait_ok(machine, "trusted")
        assert machine.read("/srv/trusted/hello.txt") == "hello from bucket-one\n"
        refused = kit.wait_for(machine, "untrusted", state="waiting")
        assert refused["reason"]["code"] in ("tls-failed", "start-timeout")
    finally:
        machine.run("pkill -f '[t]ls.pem'", check=False)
        front.wait(5)


def test_the_version_is_read_once_for_each_binary(machine: Machine) -> None:
    machine.write("/usr/local/bin/mount-s3", COUNTING, 0o755)
    machine.run("rm -f /run/version-calls; systemctl restart s3mountd")
    try:
        kit.configure(machine, kit.mount("a"), kit.mount("b", "bucket-two"))
        kit.wait_ok(machine, "a", "b")
        machine.run("s3mountctl restart a b; s3mountctl reload")
        assert machine.read("/run/version-calls") == "asked\n"
        machine.run("touch -d tomorrow /usr/local/bin/mount-s3; s3mountctl restart a")
        machine.wait_until(lambda: machine.read("/run/version-calls") == "asked\nasked\n", 5, "asked again")
        kit.wait_ok(machine, "a", "b")
    finally:
        machine.run("rm /usr/local/bin/mount-s3")


def test_a_missing_mount_s3_is_said_guarded_and_taken_up_when_it_comes(machine: Machine) -> None:
    machine.run("mv /opt/aws/mountpoint-s3 /opt/aws/away; mount-s3 --version && exit 1; exit 0", check=False)
    try:
        kit.configure(machine, kit.mount("early"))
        one = kit.wait_for(machine, "early", state="failed", code="worker-missing")
        assert "/usr/bin/mount-s3" in one["reason"]["text"]
        machine.wait_until(lambda: _tried(machine, "/srv/early/x", "w") == "ENOTCONN", 5, "the folder is guarded")
        assert kit.beneath(machine, "/srv/early") == []
    finally:
        machine.run("mv /opt/aws/away /opt/aws/mountpoint-s3")
    kit.wait_ok(machine, "early", timeout=10)


def test_a_worker_that_is_too_old_is_refused_until_it_is_exchanged(machine: Machine) -> None:
    with kit.standin(machine, all={"version": "mount-s3 1.13.0"}):
        kit.configure(machine, kit.mount("old"))
        one = kit.wait_for(machine, "old", state="failed", code="worker-too-old")
        assert "1.13.0" in one["reason"]["text"]
        assert "1.14" in one["reason"]["text"]
        assert kit.workers(machine) == {}
        kit.misbehave(machine, all={"version": "mount-s3 1.14.0"})
        machine.run("touch -d tomorrow /usr/local/lib/standin/mount-s3")
        kit.wait_ok(machine, "old", timeout=10)


def test_an_option_newer_than_the_worker_waits_for_it_and_the_old_worker_serves_on(machine: Machine) -> None:
    machine.run("head -c 10 /dev/zero >/root/ca.pem")
    with kit.standin(machine, all={"version": "mount-s3 1.20.0"}):
        kit.configure(machine, kit.mount("late"))
        kit.wait_ok(machine, "late")
        worker = kit.workers(machine)
        kit.configure(machine, kit.mount("late", ca_bundle="/root/ca.pem"))
        one = kit.wait_for(machine, "late", state="mounted", health="degraded", code="option-too-new")
        assert "1.23" in one["reason"]["text"]
        assert "1.20" in one["reason"]["text"]
        assert kit.workers(machine) == worker
        kit.kill(machine, one["pid"])
        kit.wait_for(machine, "late", state="failed", code="option-too-new")
        kit.misbehave(machine, all={"version": "mount-s3 1.23.0"})
        machine.run("touch -d tomorrow /usr/local/lib/standin/mount-s3")
        kit.wait_ok(machine, "late", timeout=10)
