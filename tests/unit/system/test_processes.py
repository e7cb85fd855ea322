"""Processes as /proc shows them."""

import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from mountd.core.hang import Pulse
from mountd.system import processes


def test_the_memory_of_a_process_is_what_the_kernel_accounts_to_it() -> None:
    pages = int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    assert processes.resident(os.getpid()) == pytest.approx(pages, rel=0.2)


def test_a_process_that_is_gone_has_none() -> None:
    with pytest.raises(FileNotFoundError):
        processes.resident(0)


@pytest.fixture
def child() -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    yield process
    process.kill()
    process.communicate()


def _settled(child: subprocess.Popen[bytes]) -> Pulse:
    """The pulse when what was sent has come through."""
    assert child.stdin is not None and child.stdout is not None
    child.stdin.write(b"x" * 10_000)
    child.stdin.flush()
    assert len(child.stdout.read(10_000)) == 10_000
    return processes.pulse(child.pid)


def test_a_pulse_counts_what_a_process_reads_and_writes(child: subprocess.Popen[bytes]) -> None:
    before = _settled(child)
    assert processes.pulse(child.pid).bytes == before.bytes
    assert _settled(child).bytes >= before.bytes + 20_000


def test_a_pulse_tells_that_a_process_is_stopped(child: subprocess.Popen[bytes]) -> None:
    assert not _settled(child).stopped
    os.kill(child.pid, signal.SIGSTOP)
    assert os.waitid(os.P_PID, child.pid, os.WSTOPPED) is not None
    assert processes.pulse(child.pid).stopped


def test_a_pulse_shows_what_lies_in_the_queues_of_connections() -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    with listener, socket.create_connection(listener.getsockname()) as one, listener.accept()[0]:
        idle = processes.pulse(os.getpid()).sockets
        one.sendall(b"nobody reads this")
        assert processes.pulse(os.getpid()).sockets != idle
