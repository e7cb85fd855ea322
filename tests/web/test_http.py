"""s3mountd-http as a process, met by its users and by strangers who mean it no good."""

import contextlib
import json
import signal
import socket
import struct
import subprocess
import time
from pathlib import Path
from typing import Any

from prometheus_client import parser

from tests.bus.private_bus import Bus, document
from tests.web.server import Server, many, until

ANSWER_LIMIT, SLACK = 2.0, 1.5
READY = {"state": "mounted", "health": "ok", "reason": None}


def parsed(body: bytes) -> list[Any]:
    """Families of metrics, as Prometheus' own parser reads them."""
    return list(parser.text_string_to_metric_families(body.decode()))  # type: ignore[no-untyped-call]


def test_the_status_is_the_daemons_own_bytes(bus: Bus, server: Server) -> None:
    bus.manager("sick")
    got = until(lambda: (got := server.get("/status.json")).status == 200 and got)
    assert got.body == document("sick").encode()
    assert got.headers["content-type"] == "application/json"
    assert "default-src 'none'" in got.headers["content-security-policy"]


def test_without_a_daemon_it_says_so_and_lives(bus: Bus, server: Server) -> None:
    assert (server.get("/livez").status, server.get("/livez").body) == (503, b"s3mountd is not running\n")
    assert b"s3mountd does not answer" in server.get("/").body
    assert b"\ns3mountd_up 0.0\n" in server.get("/metrics").body
    first = bus.manager("healthy")
    until(lambda: server.get("/livez").status == 200)
    first.kill()
    first.wait()
    until(lambda: server.get("/livez").status == 503)
    bus.manager("healthy")
    until(lambda: server.get("/livez").status == 200)


def test_a_daemon_that_hangs_is_seen_in_two_seconds_and_asked_only_once(bus: Bus, server: Server) -> None:
    fake = bus.manager("healthy")
    until(lambda: server.get("/livez").status == 200)
    with subprocess.Popen(["dbus-monitor", "--address", bus.address, "type='method_call',member='Status'"],
                          stdout=subprocess.PIPE, text=True) as monitor:
        assert monitor.stdout is not None
        assert "NameAcquired" in monitor.stdout.readline()
        fake.send_signal(signal.SIGSTOP)
        until(lambda: Path(f"/proc/{fake.pid}/stat").read_text().split()[2] == "T")
        time.sleep(0.3)  # what was answered a moment ago may be given again
        first = server.get("/livez")
        assert (first.status, first.body) == (503, b"s3mountd has not answered for 2 s\n")
        assert ANSWER_LIMIT <= first.seconds < ANSWER_LIMIT + SLACK
        later = [server.get(path) for path in ("/livez", "/readyz", "/status.json", "/", "/metrics") * 4]
        assert max(got.seconds for got in later) < 0.5
        assert {got.status for got in later} == {503, 200}
        assert b"it hangs" in later[0].body
        fake.send_signal(signal.SIGCONT)
        until(lambda: server.get("/livez").status == 200)
        monitor.terminate()
        asked = monitor.stdout.read().count("member=Status")
    # The one that hung, then one for each look until the daemon was back.
    assert 1 <= asked <= 3


def test_many_at_once_share_one_answer(bus: Bus, server: Server) -> None:
    bus.manager("healthy")
    until(lambda: server.get("/livez").status == 200)
    streams = [server.connect() for _ in range(100)]
    for stream in streams:
        stream.sendall(b"GET /status.json HTTP/1.1\r\nHost: localhost\r\n\r\n")
    for stream in streams:
        data = b""
        while chunk := stream.recv(65536):
            data += chunk
        assert data.endswith(document("healthy").encode())
        stream.close()


def test_readiness_of_one_and_of_all(bus: Bus, server: Server) -> None:
    bus.manager("sick")
    until(lambda: server.get("/livez").status == 200)
    assert server.get("/readyz").status == 503
    assert server.get("/readyz?mount=erdos").status == 200
    assert server.get("/readyz?mount=kopah").status == 503
    assert server.get("/readyz?mount=%3Cb%3E").body == b"there is no mount called <b>\n"


def test_metrics_of_200_mounts(bus: Bus, server: Server, tmp_path: Path) -> None:
    bus.manager(many(tmp_path))
    until(lambda: server.get("/livez").status == 200)
    got = [server.get("/metrics") for _ in range(5)]
    families = {one.name: one for one in parsed(got[-1].body)}
    assert len(families["s3mountd_mount_ok"].samples) == 200
    assert sum(one.value for one in families["s3mountd_mount_ok"].samples) == 190
    seconds = sorted(one.seconds for one in got)[2]
    print(f"/metrics, 200 mounts: {seconds * 1000:.0f} ms, {len(got[-1].body)} bytes; "
          f"resident {server.figure('VmRSS')} kB")
    assert seconds < 0.5


def test_events_follow_the_daemon(bus: Bus, server: Server) -> None:
    fake = bus.manager("sick", "--after", json.dumps({"kopah": READY}))
    until(lambda: server.get("/livez").status == 200)
    with server.connect() as stream, stream.makefile("rb") as lines:
        stream.sendall(b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert b"200 OK" in lines.readline()
        while lines.readline() != b"retry: 3000\n":
            pass
        bus.ctl("start", "kopah", "--no-wait")
        states: list[str] = []
        while states != ["mounting", "mounted"]:
            line = lines.readline()
            assert line, "the stream ended"
            # Also told of is the history, which has no state.
            if line.startswith(b"data: ") and "state" in (told := json.loads(line[6:])):
                states.append(told["state"])
        fake.kill()
        while lines.readline() != b"event: daemon\n":
            pass


def test_what_is_not_reading_or_not_for_us_is_refused(bus: Bus, server: Server) -> None:
    bus.manager("healthy")
    until(lambda: server.get("/livez").status == 200)
    post = server.say(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello")
    assert (post.status, post.headers["allow"]) == (405, "get, head")
    assert server.get("/status.json", Host="evil.example").status == 421
    twice = server.say(b"GET /status.json HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n")
    assert twice.status == 421
    assert server.say(b"GET http://evil.example/status.json HTTP/1.1\r\nHost: localhost\r\n\r\n").status in {400, 421}
    assert server.get("/status.json", Sec_Fetch_Site="cross-site", Sec_Fetch_Mode="cors").status == 403
    assert server.get("/../../../../etc/passwd").status == 404
    assert server.get("/static/page.py").status == 404
    assert server.get("/" + "a" * 5000).status == 414
    head = server.get("/", "HEAD")
    assert (head.status, head.body) == (200, b"")
    assert server.say(b"GET /livez HTTP/1.0\r\n\r\n").status == 200


def test_a_body_without_end_is_not_kept(bus: Bus, server: Server) -> None:
    bus.manager("healthy")
    until(lambda: server.get("/livez").status == 200)
    before = server.figure("VmRSS")
    sent = 0
    with server.connect() as stream:
        stream.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 999999999\r\n\r\n")
        try:
            for _ in range(64):
                stream.sendall(bytes(1 << 20))
                sent += 1
        except OSError:
            pass
    assert server.get("/livez").status == 200
    grown = server.figure("VmRSS") - before
    print(f"{sent} MiB of a body taken, {grown} kB more resident")
    assert grown < 20_000


def test_garbage_and_huge_headers_harm_nobody(bus: Bus, server: Server) -> None:
    bus.manager("healthy")
    until(lambda: server.get("/livez").status == 200)
    before = server.figure("VmRSS")
    for request in (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 50, b"GET\r\n\r\n", b"\r\n" * 1000,
                    b"GET / HTTP/9.9\r\nHost: localhost\r\n\r\n",
                    b"GET /%00%ff?a=%zz HTTP/1.1\r\nHost: localhost\r\n\r\n",
                    b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X: " + b"a" * 5_000_000 + b"\r\n\r\n",
                    b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"a: b\r\n" * 500_000 + b"\r\n"):
        with server.connect() as stream:
            try:
                stream.sendall(request)
                stream.shutdown(socket.SHUT_WR)
                while stream.recv(65536):
                    pass
            except OSError:
                pass
        assert server.get("/livez").status == 200
    assert server.figure("VmRSS") - before < 20_000


def test_those_who_stall_and_those_who_listen_do_not_keep_others_out(bus: Bus, server: Server) -> None:
    bus.manager("healthy")
    until(lambda: server.get("/livez").status == 200)
    half = [server.connect() for _ in range(300)]
    for stream in half:
        stream.sendall(b"GET / HTTP/1.1\r\nHost: loc")
    assert server.get("/livez").seconds < 1
    listeners = [server.connect() for _ in range(200)]
    for stream in listeners:
        stream.sendall(b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")
    taken = [stream.recv(12)[-3:] for stream in listeners]
    assert (taken.count(b"200"), taken.count(b"503")) == (100, 100)
    got = server.get("/livez")
    assert got.status == 200
    print(f"/livez beside 300 half requests and 200 listeners: {got.seconds * 1000:.0f} ms, "
          f"{server.figure('descriptors')} descriptors, resident {server.figure('VmRSS')} kB")
    assert got.seconds < 1
    assert server.figure("descriptors") < 400
    ends = time.monotonic() + 13
    for stream in half:
        stream.settimeout(max(0.1, ends - time.monotonic()))
        with contextlib.suppress(ConnectionResetError):
            assert stream.recv(1000) == b""
    for stream in [*half, *listeners]:
        stream.close()
    until(lambda: server.figure("descriptors") < 30)


def test_who_goes_away_while_the_daemon_hangs_leaves_nothing_behind(bus: Bus, server: Server) -> None:
    fake = bus.manager("healthy")
    until(lambda: server.get("/livez").status == 200)
    before = server.figure("descriptors")
    time.sleep(0.3)  # what was answered a moment ago may be given again
    fake.send_signal(signal.SIGSTOP)
    for number in range(60):
        with server.connect() as stream:
            stream.sendall(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
            if number < 10:
                # Not closed but torn off. These are noticed only when their time for asking is over.
                stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    fake.send_signal(signal.SIGCONT)
    until(lambda: server.get("/livez").status == 200)
    until(lambda: server.figure("descriptors") <= before + 10)


def test_who_tears_off_before_being_let_in_does_not_close_the_door(bus: Bus, server: Server) -> None:
    bus.manager("healthy")
    until(lambda: server.get("/livez").status == 200)
    server.process.send_signal(signal.SIGSTOP)
    for _ in range(20):
        stream = server.connect()
        stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        stream.close()
    server.process.send_signal(signal.SIGCONT)
    assert server.get("/livez").status == 200
