"""Each misbehaviour of the stand-in, on a real mount made by file descriptor."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.faults import fusefd

STANDIN = Path(__file__).with_name("standin-mount-s3")
# prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN): what MemoryDenyWriteExecute= comes down to; kept over exec.
DENY_WRITE_EXECUTE = """
import ctypes, os, sys
assert ctypes.CDLL(None).prctl(65, 1, 0, 0, 0) == 0
os.execvp(sys.argv[1], sys.argv[1:])
"""
NOBODY = "setpriv --reuid=65534 --regid=65534 --clear-groups --no-new-privs --bounding-set=-all".split()
# More requests than the kernel itself makes of a new mount, so that some are always answered first.
LATER = 12


class Bench:
    """A folder with a FUSE mount whose server is the stand-in, and its control file."""

    def __init__(self, base: Path) -> None:
        self.folder = base / "mnt"
        self.folder.mkdir()
        self.control = base / "control.json"
        self.workers: list[subprocess.Popen[str]] = []

    def tell(self, bucket: str = "bucket", **faults: Any) -> None:
        """Writes the control file, in one step."""
        new = self.control.with_suffix(".new")
        new.write_text(json.dumps({bucket: faults}), encoding="utf-8")
        new.replace(self.control)

    def start(self, *options: str, inside: Sequence[str] = ()) -> subprocess.Popen[str]:
        """Mounts, starts the stand-in by the command `inside`, and keeps no copy of the device."""
        device = fusefd.mount(self.folder)
        try:
            worker = subprocess.Popen(
                [
                    *inside,
                    str(STANDIN),
                    "bucket",
                    f"/dev/fd/{device}",
                    "--foreground",
                    "--allow-other",
                    *options,
                ],
                env={"STANDIN_CONTROL": str(self.control)},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                pass_fds=[device],
            )
        finally:
            os.close(device)
        self.workers.append(worker)
        return worker

    def probe(self) -> int:
        """The errno of a statvfs, which is never cached; 0 when it is answered."""
        try:
            os.statvfs(self.folder)
        except OSError as error:
            return error.errno or -1
        return 0


@pytest.fixture(name="bench")
def _bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path)
    yield bench
    for worker in bench.workers:
        worker.kill()
        worker.communicate()
    fusefd.detach(bench.folder)


def run(*arguments: str, control: Path = Path("/nonexistent")) -> subprocess.CompletedProcess[str]:
    """Runs the stand-in to its end."""
    return subprocess.run(
        [str(STANDIN), *arguments],
        env={"STANDIN_CONTROL": str(control)},
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )


def test_version(bench: Bench) -> None:
    assert run("--version").stdout == "mount-s3 1.24.0-standin\n"
    bench.tell("*", version="mount-s3 1.13.0")
    assert run("--version", control=bench.control).stdout == "mount-s3 1.13.0\n"


def test_command_line() -> None:
    assert run("bucket", "/dev/fd/9", "--no-such-option").returncode == 2
    assert run("bucket").returncode == 2
    assert run("bucket", "/tmp", "--region", "x").returncode == 1


def test_behaves_without_a_control_file(bench: Bench) -> None:
    worker = bench.start("--uid", "1234", "--dir-mode=0750")
    assert worker.stdout is not None
    assert worker.stdout.readline().startswith("bucket bucket is mounted at /dev/fd/")
    assert [one.name for one in bench.folder.iterdir()] == ["hello.txt"]
    assert (bench.folder / "hello.txt").read_text() == "hello from the stand-in\n"
    big = os.urandom(300_000)
    (bench.folder / "new").write_bytes(big)
    assert (bench.folder / "new").read_bytes() == big
    root = bench.folder.stat()
    assert (root.st_uid, root.st_mode) == (1234, 0o040750)
    assert os.statvfs(bench.folder).f_blocks == (2**64 - 1) // 1024
    with pytest.raises(OSError, match="Function not implemented"):
        (bench.folder / "dir").mkdir()
    fusefd.detach(bench.folder)
    assert worker.wait(10) == 0


def test_runs_with_no_rights_and_no_new_executable_memory(bench: Bench) -> None:
    # The test's own folder is closed to others, so the control file has to be one that is not there.
    bench.control = Path("/nonexistent")
    bench.start(inside=["/usr/bin/python3", "-c", DENY_WRITE_EXECUTE, *NOBODY])
    assert (bench.folder / "hello.txt").read_text() == "hello from the stand-in\n"
    assert (bench.folder / "hello.txt").stat().st_uid == 65534


def test_die_before_init(bench: Bench) -> None:
    bench.tell(die_before_init=True)
    assert bench.start().wait(10) == -signal.SIGKILL
    assert bench.probe() == errno.ENOTCONN


def test_stems_and_exit_status(bench: Bench) -> None:
    bench.tell(stderr="Error: Failed to create S3 client\n    2: Forbidden: no", exit_status=1)
    worker = bench.start()
    _, text = worker.communicate(timeout=10)
    assert (worker.returncode, text) == (1, "Error: Failed to create S3 client\n    2: Forbidden: no\n")
    bench.tell(exit_status=101)
    fusefd.detach(bench.folder)
    assert bench.start().wait(10) == 101


@pytest.mark.parametrize(("how", "status"), [({"status": 7}, 7), ({"signal": "SIGABRT"}, -signal.SIGABRT)])
def test_exit_after_requests(bench: Bench, how: dict[str, Any], status: int) -> None:
    bench.tell(exit={"after_requests": LATER, **how})
    worker = bench.start()
    answered = 0
    while bench.probe() == 0:
        answered += 1
    assert 0 < answered <= LATER
    assert bench.probe() == errno.ENOTCONN
    assert worker.wait(10) == status


def test_exit_after_seconds(bench: Bench) -> None:
    bench.tell(exit_after_seconds=1.0)
    worker = bench.start()
    assert bench.probe() == 0
    began = time.monotonic()
    assert worker.wait(10) == 1
    assert 0.5 < time.monotonic() - began < 3


def test_hang_at_request(bench: Bench) -> None:
    bench.tell(hang_at_request=LATER)
    worker = bench.start()
    probe = f"import os\nwhile True: os.statvfs({str(bench.folder)!r}); print('answered', flush=True)"
    caller = subprocess.Popen([sys.executable, "-c", probe], stdout=subprocess.PIPE, text=True)
    try:
        with pytest.raises(subprocess.TimeoutExpired) as stuck:
            caller.communicate(timeout=2)
        assert 0 < (stuck.value.stdout or b"").count(b"answered") < LATER
        assert worker.poll() is None
    finally:
        worker.kill()
        caller.communicate(timeout=10)
    assert caller.returncode == 1


def test_errno_comes_and_goes_on_a_live_mount(bench: Bench) -> None:
    bench.start()
    assert bench.probe() == 0
    bench.tell(errno="EIO")
    assert bench.probe() == errno.EIO
    bench.tell(errno={"READ": "ESTALE"})
    assert bench.probe() == 0
    with pytest.raises(OSError, match="Stale file handle"):
        (bench.folder / "hello.txt").read_bytes()
    bench.tell()
    assert bench.probe() == 0


def test_zero_statfs_comes_and_goes(bench: Bench) -> None:
    bench.start()
    assert os.statvfs(bench.folder).f_blocks > 0
    bench.tell(zero_statfs=True)
    assert os.statvfs(bench.folder).f_blocks == 0
    bench.tell()
    assert os.statvfs(bench.folder).f_blocks > 0


def test_faults_of_another_bucket_do_not_count(bench: Bench) -> None:
    bench.tell("other", errno="EIO")
    bench.start()
    assert bench.probe() == 0


def test_start_delay(bench: Bench) -> None:
    bench.tell(start_delay=1.5)
    began = time.monotonic()
    bench.start()
    assert bench.probe() == 0
    assert 1.5 <= time.monotonic() - began < 5


def test_flood(bench: Bench) -> None:
    bench.tell(flood_lines_per_second=2000)
    worker = bench.start()
    assert worker.stdout is not None
    began = time.monotonic()
    lines = [worker.stdout.readline() for _ in range(4000)]
    assert 1.0 < time.monotonic() - began < 6
    assert sum(" WARN ThreadId(01) mountpoint_s3: flood " in line for line in lines) >= 3999


def test_sigterm(bench: Bench) -> None:
    worker = bench.start()
    assert bench.probe() == 0
    worker.terminate()
    time.sleep(0.5)
    assert worker.poll() is None
    assert bench.probe() == 0
    bench.tell(on_sigterm="exit")
    worker.terminate()
    assert worker.wait(10) == 0
    assert bench.probe() == errno.ENOTCONN
