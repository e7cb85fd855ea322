"""s3mountd-http as a process: where it listens, what it needs, and a bus that goes away."""

import os
import socket
import subprocess
from pathlib import Path

from tests.bus.private_bus import PYTHON, ROOT, Bus, document
from tests.web.server import Server, free_port, until


def test_a_unix_socket(bus: Bus, tmp_path: Path) -> None:
    folder = Path("/run/s3mountd-http")
    folder.mkdir(exist_ok=True)
    path = folder / f"test-{os.getpid()}.sock"
    bus.manager("healthy")
    try:
        server = Server(bus, str(path))
        until(lambda: server.get("/livez").status == 200)
        assert path.stat().st_mode & 0o777 == 0o666
        assert server.get("/livez", Host="evil.example").status == 421
        server.process.kill()
        server.process.wait()
        assert Server(bus, str(path)).get("/page.css").status == 200, "the socket that was left is in the way"
    finally:
        path.unlink(missing_ok=True)


def ended(bus: Bus, *words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([PYTHON, "-m", "mountd.surfaces.web.main", *words], env=bus.environment, timeout=30,
                          capture_output=True, text=True, check=False)


def test_a_wrong_command_line_is_not_tried_again(bus: Bus) -> None:
    ran = ended(bus, "--listen", "127.0.0.1")
    assert ran.returncode == 64
    assert 'write "127.0.0.1:9787"' in ran.stderr
    assert ended(bus, "--lisen", "x").returncode == 64


def test_a_port_that_is_taken_is_named(bus: Bus) -> None:
    port = free_port()
    with socket.create_server(("127.0.0.1", port)):
        ran = ended(bus, "--listen", f"127.0.0.1:{port}")
    assert ran.returncode == 1
    assert f"cannot listen on 127.0.0.1:{port}: " in ran.stderr


def test_a_library_that_is_missing_is_named_with_the_command(bus: Bus, tmp_path: Path) -> None:
    (tmp_path / "prometheus_client.py").write_text("raise ImportError('not here')\n")
    environment = {**bus.environment, "PYTHONPATH": f"{tmp_path}:{ROOT}"}
    ran = subprocess.run([PYTHON, "-m", "mountd.surfaces.web.main"], env=environment, capture_output=True, text=True,
                         timeout=30, check=False)
    assert ran.returncode == 69
    assert ran.stderr == "s3mountd-http: a library is missing; run: apt install python3-prometheus-client\n"


def test_the_bus_itself_may_go_and_come_back(compiled: str, tmp_path: Path) -> None:
    address = f"unix:path={tmp_path}/bus"
    words = ["dbus-daemon", "--session", "--nofork", "--nopidfile", "--print-address", f"--address={address}"]

    def new_bus() -> "subprocess.Popen[str]":
        daemon = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
        assert daemon.stdout is not None
        assert daemon.stdout.readline().startswith(address)
        return daemon

    daemon = new_bus()
    bus = Bus(address, compiled, daemon)
    try:
        bus.manager("healthy")
        server = Server(bus)
        until(lambda: server.get("/livez").status == 200)
        daemon.kill()
        daemon.wait()
        until(lambda: b"system bus" in server.get("/livez").body)
        (tmp_path / "bus").unlink()
        daemon = new_bus()
        bus.manager("sick")
        until(lambda: server.get("/livez").status == 200)
        assert server.get("/status.json").body == document("sick").encode()
    finally:
        for child in [*bus.children, daemon]:
            child.kill()
            child.communicate()
