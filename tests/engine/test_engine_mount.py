"""The engine on a real FUSE mount of a real S3 server: modes, reading, writing, refusals, endings."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.engine.harness import environment, run, spawn, until_mounted
from tests.faults import fusefd
from tests.s3.seaweed import ADMIN, Identity, Seaweed

PORT = 9480
BUCKET = "engine-tests"
WRONG_SECRET = Identity("wrong", ADMIN.access_key, "not-the-secret")


@pytest.fixture(name="s3", scope="module")
def _s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seaweed]:
    server = Seaweed.start(tmp_path_factory.mktemp("seaweed"), PORT)
    yield server
    server.stop()


@pytest.fixture(name="client", scope="module")
def _client(s3: Seaweed) -> Any:
    client = boto3.client(
        "s3",
        endpoint_url=s3.endpoint,
        region_name="us-east-1",
        aws_access_key_id=ADMIN.access_key,
        aws_secret_access_key=ADMIN.secret_key,
    )
    client.create_bucket(Bucket=BUCKET)
    client.put_object(Bucket=BUCKET, Key="sub/hello.txt", Body=b"hello from S3")
    return client


@pytest.fixture(name="options")
def _options(s3: Seaweed, client: Any) -> list[str]:
    return ["--endpoint-url", s3.endpoint, "--force-path-style", "--region", "us-east-1"]


@pytest.fixture(name="folder")
def _folder(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "mnt"
    folder.mkdir()
    yield folder
    fusefd.detach(folder)


def body(client: Any, key: str) -> bytes:
    """What the bucket itself has under a key, asked past the mount."""
    content = client.get_object(Bucket=BUCKET, Key=key)["Body"].read()
    assert isinstance(content, bytes)
    return content


def test_foreground(client: Any, options: list[str], folder: Path) -> None:
    engine = spawn(BUCKET, str(folder), *options)
    log = until_mounted(engine)
    assert log[-1] == f"bucket {BUCKET} is mounted at {folder}\n"
    assert any("mountpoint_s3: mount-s3 1.24.0-engine" in line for line in log)
    assert (folder / "sub/hello.txt").read_bytes() == b"hello from S3"
    (folder / "foreground").write_bytes(b"x" * 9_000_000)
    assert body(client, "foreground") == b"x" * 9_000_000
    fusefd.detach(folder)
    rest, _ = engine.communicate(timeout=20)
    assert engine.returncode == 0
    assert "all FUSE workers exited, shutting down Mountpoint" in rest


def test_background(client: Any, options: list[str], folder: Path) -> None:
    launched = run(BUCKET, str(folder), *options)
    assert (launched.returncode, launched.stdout) == (0, f"bucket {BUCKET} is mounted at {folder}\n")
    (folder / "background").write_text("written", encoding="ascii")
    assert body(client, "background") == b"written"


def test_mountinfo(options: list[str], folder: Path) -> None:
    assert run(BUCKET, str(folder), *options, "--allow-other").returncode == 0
    with Path("/proc/self/mountinfo").open(encoding="utf-8") as table:
        (entry,) = [line for line in table if f" {folder} " in line]
    assert " rw,nosuid,nodev,noatime " in entry
    assert " - fuse mountpoint-s3 rw," in entry
    assert "default_permissions,allow_other" in entry
    assert os.statvfs(folder).f_blocks == (2**64 - 1) // 1024


def serve_by_fd(folder: Path, *arguments: str) -> Any:
    """Mounts with the fd in the caller's hands only until the engine has it, as the daemon does."""
    device = fusefd.mount(folder)
    try:
        return spawn(BUCKET, f"/dev/fd/{device}", *arguments, "--allow-other", fds=[device])
    finally:
        os.close(device)


def test_descriptor(client: Any, options: list[str], folder: Path) -> None:
    engine = serve_by_fd(folder, *options)
    assert " is mounted at /dev/fd/" in until_mounted(engine)[-1]
    (folder / "by-fd").write_text("written", encoding="ascii")
    assert body(client, "by-fd") == b"written"
    fusefd.detach(folder)
    engine.communicate(timeout=20)
    assert engine.returncode == 0


def test_descriptor_in_background(options: list[str], folder: Path) -> None:
    device = fusefd.mount(folder)
    try:
        launched = run(BUCKET, f"/dev/fd/{device}", *options, fds=[device])
    finally:
        os.close(device)
    assert launched.returncode == 0
    assert (folder / "sub/hello.txt").read_bytes() == b"hello from S3"


def test_sigterm_by_descriptor_serves_on_until_the_mount_is_gone(client: Any, options: list[str], folder: Path) -> None:
    engine = serve_by_fd(folder, *options)
    until_mounted(engine)
    with (folder / "open-over-term").open("wb") as writer:
        writer.write(b"before ")
        engine.send_signal(signal.SIGTERM)
        time.sleep(2)
        assert engine.poll() is None
        assert (folder / "sub/hello.txt").read_bytes() == b"hello from S3"
        writer.write(b"after")
    assert body(client, "open-over-term") == b"before after"
    fusefd.detach(folder)
    engine.communicate(timeout=20)
    assert engine.returncode == 0


def test_lazy_detach_lets_an_open_file_finish(client: Any, options: list[str], folder: Path) -> None:
    engine = serve_by_fd(folder, *options)
    until_mounted(engine)
    with (folder / "drained").open("wb") as writer:
        writer.write(b"one ")
        fusefd.detach(folder)
        time.sleep(0.5)
        assert engine.poll() is None
        writer.write(b"two")
    engine.communicate(timeout=20)
    assert engine.returncode == 0
    assert body(client, "drained") == b"one two"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_signals_unmount_an_idle_folder(options: list[str], folder: Path, number: signal.Signals) -> None:
    engine = spawn(BUCKET, str(folder), *options)
    until_mounted(engine)
    engine.send_signal(number)
    rest, _ = engine.communicate(timeout=20)
    assert engine.returncode == 0
    assert "received interrupt signal, shutting down Mountpoint" in rest
    assert not fusefd.mounted(folder)


def test_sigterm_with_a_busy_folder_serves_on(options: list[str], folder: Path) -> None:
    engine = spawn(BUCKET, str(folder), *options)
    until_mounted(engine)
    held = os.open(folder, os.O_RDONLY)
    engine.send_signal(signal.SIGTERM)
    time.sleep(2)
    assert engine.poll() is None
    assert (folder / "sub/hello.txt").read_bytes() == b"hello from S3"
    os.close(held)
    fusefd.detach(folder)
    rest, _ = engine.communicate(timeout=20)
    assert engine.returncode == 0
    assert "umount failed with" in rest


def test_wrong_secret(options: list[str], folder: Path) -> None:
    refused = run(BUCKET, str(folder), *options, env=environment(WRONG_SECRET))
    assert refused.returncode == 1
    assert f"initial ListObjectsV2 failed for bucket {BUCKET} in region us-east-1" in refused.stderr
    assert "Forbidden: " in refused.stderr
    assert refused.stderr.endswith("Error: Failed to create mount process\n")
    assert not fusefd.mounted(folder)


def test_no_credentials(options: list[str], folder: Path) -> None:
    env = {name: value for name, value in environment().items() if not name.startswith("AWS_ACCESS")}
    refused = run(BUCKET, str(folder), *options, "-f", env=env)
    assert refused.returncode == 1
    assert "No signing credentials" in refused.stderr


def test_missing_bucket(options: list[str], folder: Path) -> None:
    refused = run("no-such-bucket", str(folder), *options, "-f")
    assert refused.returncode == 1
    assert "Service error" in refused.stderr
    assert "The bucket does not exist" in refused.stderr


def test_prefix(options: list[str], folder: Path) -> None:
    launched = run(f"s3://{BUCKET}/sub/", str(folder), *options)
    assert launched.stdout == f"prefix sub/ of bucket {BUCKET} is mounted at {folder}\n"
    assert (folder / "hello.txt").read_bytes() == b"hello from S3"


def test_write_switches(client: Any, options: list[str], folder: Path) -> None:
    client.put_object(Bucket=BUCKET, Key="kept", Body=b"kept")
    assert run(BUCKET, str(folder), *options).returncode == 0
    with pytest.raises(PermissionError):
        (folder / "kept").unlink()
    with pytest.raises(PermissionError):
        (folder / "kept").write_bytes(b"replaced")
    fusefd.detach(folder)
    assert run(BUCKET, str(folder), *options, "--allow-delete", "--allow-overwrite").returncode == 0
    (folder / "kept").write_text("replaced", encoding="ascii")
    assert body(client, "kept") == b"replaced"
    (folder / "kept").unlink()
    assert "Contents" not in client.list_objects_v2(Bucket=BUCKET, Prefix="kept")


def test_read_only(options: list[str], folder: Path) -> None:
    assert run(BUCKET, str(folder), *options, "--read-only").returncode == 0
    with pytest.raises(OSError, match="Read-only file system"):
        (folder / "new").write_bytes(b"")


def test_shown_owner_and_modes(options: list[str], folder: Path) -> None:
    shown = ["--uid", "1234", "--gid", "2345", "--dir-mode", "0750", "--file-mode", "0640"]
    assert run(BUCKET, str(folder), *options, *shown).returncode == 0
    root, file = folder.stat(), (folder / "sub/hello.txt").stat()
    assert (root.st_uid, root.st_gid, root.st_mode & 0o777) == (1234, 2345, 0o750)
    assert (file.st_uid, file.st_gid, file.st_mode & 0o777) == (1234, 2345, 0o640)


def test_cache_lives_below_its_parent_and_goes_at_the_end(options: list[str], folder: Path, tmp_path: Path) -> None:
    engine = spawn(BUCKET, str(folder), *options, "--cache", str(tmp_path), "--max-cache-size", "100")
    until_mounted(engine)
    assert (folder / "sub/hello.txt").read_bytes() == b"hello from S3"
    cached = tmp_path / "mountpoint-cache"
    fusefd.wait_until(lambda: any(one.is_file() for one in cached.rglob("*")), 10, "a block is cached")
    assert cached.stat().st_mode & 0o777 == 0o700
    engine.terminate()
    engine.communicate(timeout=20)
    assert not cached.exists()


def test_cache_needs_its_parent(options: list[str], folder: Path) -> None:
    refused = run(BUCKET, str(folder), *options, "-f", "--cache", "/nonexistent")
    assert refused.returncode == 1
    assert "failed to create cache directory" in refused.stderr


def test_log_directory(options: list[str], folder: Path, tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    assert run(BUCKET, str(folder), *options, "--log-directory", str(logs), "--debug").returncode == 0
    (log,) = logs.iterdir()
    assert (logs.stat().st_mode & 0o777, log.stat().st_mode & 0o777) == (0o750, 0o640)
    text = log.read_text(encoding="utf-8")
    assert f"successfully mounted bucket {BUCKET} at {folder}" in text
    assert "DEBUG" in text
    assert "awscrt" not in text


def test_no_log(options: list[str], folder: Path) -> None:
    engine = spawn(BUCKET, str(folder), *options, "--no-log")
    log = [line for line in until_mounted(engine) if not line.startswith("fuse: ")]
    assert log == [f"bucket {BUCKET} is mounted at {folder}\n"]
    engine.terminate()
    engine.communicate(timeout=20)


def test_background_gives_up_after_30_seconds(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        started = time.monotonic()
        refused = run(BUCKET, str(folder), "--endpoint-url", url, "--force-path-style")
        took = time.monotonic() - started
    assert refused.returncode == 1
    assert "Timeout after 30 seconds while waiting for mount process to be ready" in refused.stderr
    assert 30 <= took < 33
