"""Lines for journald: whole, in its own protocol, and never waited for."""

import socket
import struct
from pathlib import Path

import pytest
import structlog

from mountd.system import journal
from mountd.system.journal import Journal


class Journald:
    """Reads datagrams as journald does, when it is asked to."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self._socket.bind(str(path))

    def entries(self) -> list[dict[str, str]]:
        """All that has come since the last call."""
        found = []
        while True:
            try:
                found.append(_fields(self._socket.recv(1 << 20)))
            except BlockingIOError:
                return found


def _fields(packet: bytes) -> dict[str, str]:
    found = {}
    while packet:
        line, _, packet = packet.partition(b"\n")
        name, equals, value = line.partition(b"=")
        if not equals:
            size = struct.unpack("<Q", packet[:8])[0]
            value, packet = packet[8:8 + size], packet[8 + size + 1:]
        found[name.decode()] = value.decode()
    return found


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "socket"


def test_a_line_arrives_with_its_fields(path: Path) -> None:
    journald = Journald(path)
    Journal(str(path)).send(4, "erdos: waiting\nand more = this", {"S3MOUNT_NAME": "erdos"})
    assert journald.entries() == [{"MESSAGE": "erdos: waiting\nand more = this", "PRIORITY": "4",
                                   "SYSLOG_IDENTIFIER": "s3mountd", "S3MOUNT_NAME": "erdos"}]


def test_a_journal_that_does_not_read_is_not_waited_for_and_told_later_what_it_missed(path: Path) -> None:
    journald, ours = Journald(path), Journal(str(path))
    for number in range(100_000):
        if ours.lost == 5:
            break
        ours.send(6, f"line {number}", {})
    assert ours.lost == 5, "the socket never became full"
    assert len(journald.entries()) == number - 5
    ours.send(6, "again", {})
    assert [entry["MESSAGE"] for entry in journald.entries()] == [
        "again", "5 lines before this one are lost: the journal did not take them"]
    assert ours.lost == 0


def test_a_journal_that_is_away_comes_back_under_its_path(path: Path) -> None:
    ours = Journal(str(path))
    ours.send(6, "into the void", {})
    assert ours.lost == 1
    first = Journald(path)
    ours.send(6, "one", {})
    path.unlink()
    second = Journald(path)
    ours.send(6, "two", {})
    assert next(entry["MESSAGE"] for entry in first.entries()) == "one"
    assert [entry["MESSAGE"] for entry in second.entries()] == ["two"]


def test_what_is_too_long_is_cut_and_not_lost(path: Path) -> None:
    journald = Journald(path)
    Journal(str(path)).send(3, "é" * 1_000_000, {})
    message = journald.entries()[0]["MESSAGE"]
    assert message.endswith(" ... (cut off)") and len(message) > 20_000


def test_an_exception_is_told_with_its_trace(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journald = Journald(path)
    monkeypatch.setattr(journal, "SOCKET", str(path))
    monkeypatch.setenv("JOURNAL_STREAM", "8:1")
    monkeypatch.setattr("os.set_blocking", lambda *_: None)
    try:
        journal.set_up("info")
        try:
            raise ValueError("of ours")
        except ValueError:
            structlog.get_logger().exception("a call failed", mount="erdos")
    finally:
        structlog.reset_defaults()
    told = journald.entries()[0]
    assert told["MESSAGE"].startswith("a call failed\nTraceback ") and "ValueError: of ours" in told["MESSAGE"]
    assert (told["PRIORITY"], told["S3MOUNT_NAME"]) == ("3", "erdos")
