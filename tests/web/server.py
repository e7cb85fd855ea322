"""Starts s3mountd-http and speaks to it by bare sockets, as a stranger may."""

import json
import os
import socket
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bus.private_bus import PYTHON, Bus

_LIMIT = 20.0


def free_port() -> int:
    """A port that nobody has just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(holds: Callable[[], Any], limit: float = _LIMIT) -> Any:
    """Wait for it; fails after ``limit`` seconds."""
    ends = time.monotonic() + limit
    while True:
        found = holds()
        if found:
            return found
        assert time.monotonic() < ends, "it did not happen"
        time.sleep(0.02)


@dataclass
class Got:
    """An answer of HTTP, and how many seconds it took."""

    status: int
    headers: dict[str, str]
    body: bytes
    seconds: float


class Server:
    """The process, on ``address``."""

    def __init__(self, bus: Bus, listen: str = "") -> None:
        self.port = free_port()
        self.listen = listen or f"127.0.0.1:{self.port}"
        self.process = subprocess.Popen([PYTHON, "-m", "mountd.surfaces.web.main", "--listen", self.listen],
                                        env=bus.environment, text=True, stderr=subprocess.PIPE)
        bus.children.append(self.process)
        until(self._listens)

    @property
    def address(self) -> str:
        """For a browser."""
        return f"http://127.0.0.1:{self.port}/"

    def _listens(self) -> bool:
        assert self.process.poll() is None, "s3mountd-http has ended"
        try:
            self.connect().close()
        except OSError:
            return False
        return True

    def connect(self, limit: float = _LIMIT) -> socket.socket:
        """A connection; the caller closes it."""
        if self.listen.startswith("/"):
            made = socket.socket(socket.AF_UNIX)
            made.settimeout(limit)
            made.connect(self.listen)
            return made
        return socket.create_connection(("127.0.0.1", self.port), timeout=limit)

    def get(self, path: str, method: str = "GET", **headers: str) -> Got:
        """A request as it should be."""
        lines = {"Host": "localhost", **{name.replace("_", "-"): value for name, value in headers.items()}}
        text = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        return self.say(f"{method} {path} HTTP/1.1\r\n{text}\r\n".encode())

    def say(self, request: bytes) -> Got:
        """Any bytes, and what came back until the server closed."""
        began = time.monotonic()
        with self.connect() as stream:
            stream.sendall(request)
            data = b""
            while chunk := stream.recv(65536):
                data += chunk
        head, _, body = data.partition(b"\r\n\r\n")
        first, *rest = head.decode().split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in rest)  # compared without regard to case
        return Got(int(first.split(" ")[1]), headers, body, time.monotonic() - began)

    def figure(self, name: str) -> int:
        """A line of /proc/PID/status in its own unit (kB for VmRSS), or the number of descriptors."""
        if name == "descriptors":
            return len(os.listdir(f"/proc/{self.process.pid}/fd"))
        text = Path(f"/proc/{self.process.pid}/status").read_text("ascii")
        return int(next(line.split()[1] for line in text.splitlines() if line.startswith(f"{name}:")))


def many(folder: Path, count: int = 200) -> str:
    """A document of so many mounts, as a name for ``Bus.manager``; every 20th is out of order."""
    sick = json.loads((Path(__file__).resolve().parents[1] / "unit/cli/documents/sick.json").read_text("utf-8"))
    well, bad = sick["mounts"][0], next(one for one in sick["mounts"] if one["state"] == "failed")
    sick["mounts"] = [{**(bad if number % 20 == 7 else well), "name": f"m{number:03d}", "folder": f"/mnt/{number:03d}",
                       "unit": f"s3mount-m{number:03d}-1.service"} for number in range(count)]
    (folder / "many.json").write_text(json.dumps(sick), "utf-8")
    return str(folder / "many")
