"""What gets put into a machine: the S3 server, the worker, the package, the stand-in worker."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.machine.cache import REPO
from tests.machine.inside import Inside
from tests.s3 import seaweed
from tests.s3.seaweed import ADMIN, Identity, Seaweed

PORT = 9400
ENDPOINT = f"http://127.0.0.1:{PORT}"
FILER = f"http://127.0.0.1:{PORT + 3}"
"""SeaweedFS's own file service (`tests.s3.seaweed` has the order of its ports)."""
REGION = "us-east-1"
READER = Identity("reader", "WEEDREADKEY000000001", "weedreadsecret0123456789", ("Read", "List"))
LISTER = Identity("lister", "WEEDLISTKEY000000001", "weedlistsecret0123456789", ("List",))
BUCKETS = ("bucket-one", "bucket-two", "bucket-three")

WORKER_PREFIX = "/opt/aws/mountpoint-s3"
DATA = Path("/var/lib/weed")
CONFIG = Path("/etc/weed/s3.json")

# SIGKILL because the server may take minutes to obey a SIGTERM; its data survives.
WEED_UNIT = """[Unit]
Description=S3 server of the test machine (SeaweedFS)
[Service]
Type=exec
Environment=GOMEMLIMIT=400MiB HOME={data}
StateDirectory=weed
ExecStart={command}
ExecStartPost=sh -c 'until curl -sf -o /dev/null {endpoint}/healthz; do sleep 0.1; done'
TimeoutStartSec=30
KillSignal=SIGKILL
StandardOutput=null
StandardError=journal
[Install]
WantedBy=multi-user.target
"""

SEED = """
import json, sys, boto3, botocore.config
said = json.load(sys.stdin)
s3 = boto3.client("s3", endpoint_url=said["endpoint"], region_name=said["region"],
                  aws_access_key_id=said["key"], aws_secret_access_key=said["secret"],
                  config=botocore.config.Config(s3={"addressing_style": "path"}))
there = [row["Name"] for row in s3.list_buckets()["Buckets"]]
for bucket in said["buckets"]:
    if bucket not in there:
        s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="hello.txt", Body=f"hello from {bucket}\\n".encode())
"""


class Kit(Inside):
    """A machine that can be equipped."""

    state: Path

    def share(self, source: Path) -> str:
        """Show a file of the host inside (a hard link where the disk allows); returns its path there."""
        target = self.state / "share" / source.name
        target.unlink(missing_ok=True)
        try:
            os.link(source, target)
        except OSError:
            shutil.copy2(source, target)
        return f"/srv/share/{source.name}"

    def share_tree(self, source: Path) -> str:
        """Show a folder of the host inside, a link of each file where the disk allows; returns its path there."""
        target = self.state / "share" / source.name
        if not target.exists():
            subprocess.run(["cp", "--archive", "--link", str(source), str(target)], check=True)
        return f"/srv/share/{source.name}"

    def start_s3(self, buckets: Sequence[str] = BUCKETS, domain: str = "") -> None:
        """SeaweedFS on ENDPOINT with signatures on, back after each reboot; each bucket has hello.txt. Below ``domain``
        its buckets have names of their own.

        ADMIN may do everything, READER may read and list, LISTER only list. Raises SeaweedError without a server.
        """
        command = shlex.join([*self.s3_command(DATA, PORT), *([f"-s3.domainName={domain}"] if domain else [])])
        unit = WEED_UNIT.format(data=DATA, command=command, endpoint=ENDPOINT)
        self.write("/etc/systemd/system/weed.service", unit)
        self.run("systemctl daemon-reload && systemctl enable --quiet --now weed.service")
        self.seed(buckets)

    def s3_command(self, data: Path, port: int) -> list[str]:
        """The command line of an S3 server on that port of loopback; the identities are in place then.

        Raises SeaweedError without a server.
        """
        identities = [seaweed._as_json(one) for one in (ADMIN, READER, LISTER)]
        self.write(str(CONFIG), json.dumps({"identities": identities}), 0o600)
        return [self.share(Seaweed.binary()), *seaweed._command(data, port, "127.0.0.1", CONFIG, None)]

    def seed(self, buckets: Sequence[str], endpoint: str = ENDPOINT) -> None:
        """Create buckets, each with hello.txt, by signed requests from inside."""
        said = {
            "endpoint": endpoint,
            "region": REGION,
            "key": ADMIN.access_key,
            "secret": ADMIN.secret_key,
            "buckets": list(buckets),
        }
        self.run(["/usr/bin/python3", "-c", SEED], input=json.dumps(said))

    def install_worker(self, prefix: Path) -> str:
        """Put a worker, PREFIX/bin/mount-s3 and what lies beside it, where AWS's own package puts it.

        That package has its tree in /opt/aws/mountpoint-s3 and a link in /usr/bin. Returns the version line.
        """
        self.copy_in(prefix, WORKER_PREFIX, 0o755)
        self.run(["ln", "-sfn", f"{WORKER_PREFIX}/bin/mount-s3", "/usr/bin/mount-s3"])
        return self.run(["/usr/bin/mount-s3", "--version"]).stdout.strip()

    def install_deb(self, package: Path) -> str:
        """Install or change to that .deb by apt, without a network; returns apt's words."""
        path = self.share(package)
        command = ["apt-get", "install", "-y", "--no-install-recommends", "--allow-downgrades", path]
        return self.run(command, env={"DEBIAN_FRONTEND": "noninteractive"}, timeout=180).stdout

    def install_standin(self) -> None:
        """The misbehaving stand-in worker as /usr/local/lib/standin/mount-s3, its modules beside it."""
        faults = REPO / "tests/faults"
        self.copy_in(faults / "standin", "/usr/local/lib/standin/standin", 0o755)
        self.copy_in(faults / "standin-mount-s3", "/usr/local/lib/standin/mount-s3", 0o755)
