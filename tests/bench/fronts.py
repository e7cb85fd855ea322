"""What the way by a front costs in throughput: one SeaweedFS, over plain HTTP and over TLS, mounted directly and by a
front."""

from __future__ import annotations

import shlex
import tempfile
from pathlib import Path

from tests.bench import rig
from tests.bench.report import Row, ratio
from tests.machine.machine import Machine
from tests.s3.servers import Authority
from tests.system import kit

NAME = "s3.bench.test"
PORT, SECRET_PORT = 9300, 9350
KEY, SIZE, WRITTEN = "big-file", 96, 48
"""The file that is read, and MB that are read and written."""
GOAL = 0.98
_DATA = "/var/lib/weed-tls"
_ENDPOINTS = {"plain HTTP": f"http://{NAME}:{PORT}", "TLS": f"https://{NAME}:{SECRET_PORT}"}
_WAYS = ("trust", "front")
_MAKE = """
import boto3, os
s3 = boto3.client("s3", endpoint_url="http://127.0.0.1:{port}", region_name="us-east-1")
s3.put_object(Bucket="{bucket}", Key="{key}", Body=os.urandom(1 << 20) * {size})
"""


def store(machine: Machine) -> None:
    """A SeaweedFS that speaks TLS as well, with the file to be read."""
    with tempfile.TemporaryDirectory() as folder:
        Authority.make(Path(folder)).certify("server", f"DNS:{NAME}")
        for name in ("ca.pem", "server.pem", "server.key"):
            machine.copy_in(Path(folder) / name, f"/etc/weed-tls/{name}", 0o644)
    secret = [f"-s3.port.https={SECRET_PORT}", "-s3.cert.file=/etc/weed-tls/server.pem",
              "-s3.key.file=/etc/weed-tls/server.key"]
    command = shlex.join([*machine.s3_command(Path(_DATA), PORT), *secret])
    machine.run(f"mkdir -p {_DATA}; grep -q {NAME} /etc/hosts || echo 127.0.0.1 {NAME} >>/etc/hosts")
    machine.run(f"systemd-run --quiet --collect --unit=weed-tls -p KillSignal=KILL {command}")
    machine.wait_until(lambda: machine.run(f"curl -sf http://127.0.0.1:{PORT}/healthz").returncode == 0, 30,
                       "SeaweedFS answers")
    machine.seed([rig.BUCKET], f"http://127.0.0.1:{PORT}")
    machine.run([kit.PYTHON, "-c", _MAKE.format(port=PORT, bucket=rig.BUCKET, key=KEY, size=SIZE)])


def measure(machine: Machine, rounds: int = 9) -> list[Row]:
    """Read and write by a front, as parts of what they are without."""
    store(machine)
    mounts, pairs = list[kit.Document](), dict[str, list[str]]()
    for number, (what, endpoint) in enumerate(_ENDPOINTS.items()):
        for way in _WAYS:
            one = kit.mount(f"{way}-{number}", rig.BUCKET, provider="other", endpoint_url=endpoint,
                            force_path_style=True, region="us-east-1", allow_delete=True, write_safety=way)
            mounts.append({**one, **({"ca_bundle": "/etc/weed-tls/ca.pem"} if what == "TLS" else {})})
            pairs.setdefault(what, []).append(str(one["folder"]))
    kit.configure(machine, *mounts)
    kit.wait_ok(machine, *(str(one["name"]) for one in mounts), timeout=60)
    for one in mounts:
        way = kit.look(machine, str(one["name"]))["writes"]["way"]
        assert way == {"trust": "direct", "front": "front"}[str(one["write_safety"])], one
    found = rig.gauge(machine, "fronts", pairs=pairs, key=KEY, megabytes=WRITTEN, rounds=rounds)["found"]
    machine.run("systemctl stop weed-tls")
    return [ratio(f"{done} by a front / direct, {what}", by_front, direct, GOAL, "MB/s", below=False)
            for what, both in found.items() for done, (direct, by_front) in both.items()]
