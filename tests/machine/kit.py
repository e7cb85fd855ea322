"""What gets put into a machine: the S3 server, the worker, the package, the stand-in worker."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from tests.machine.cache import REPO
from tests.machine.inside import Inside

ENDPOINT = "http://127.0.0.1:9400"
REGION = "us-east-1"
# Made-up keys of throw-away servers; the "+" and "/" are there because signatures break on them first.
ADMIN = ("WEEDADMINKEY00000001", "weed/admin+secret0123456789")
READER = ("WEEDREADKEY000000001", "weedreadsecret0123456789")
BUCKETS = ("bucket-one", "bucket-two", "bucket-three")

IDENTITIES = {"identities": [
    {"name": "admin", "credentials": [{"accessKey": ADMIN[0], "secretKey": ADMIN[1]}],
     "actions": ["Admin", "Read", "List", "Tagging", "Write"]},
    {"name": "reader", "credentials": [{"accessKey": READER[0], "secretKey": READER[1]}],
     "actions": ["Read", "List"]},
]}

# Every odd flag has a reason: telemetry is on by default, the two ports 0 would else be opened and the server
# dies when they are taken, each bucket takes several volumes, and a SIGTERM may hang for minutes.
WEED_UNIT = """[Unit]
Description=S3 server of the test machine (SeaweedFS)
[Service]
Type=exec
Environment=GOMEMLIMIT=400MiB HOME=/var/lib/weed
StateDirectory=weed
ExecStart=/srv/share/weed -logdir=/var/lib/weed server -dir=/var/lib/weed -ip=127.0.0.1 -ip.bind=127.0.0.1 \\
 -master.telemetry=false -master.peers=none -master.port=9401 -volume.port=9402 -filer -filer.port=9403 \\
 -filer.localSocket=/var/lib/weed/filer.sock -s3 -s3.port=9400 -s3.port.grpc=9404 -master.port.grpc=9405 \\
 -volume.port.grpc=9406 -filer.port.grpc=9407 -s3.port.iceberg=0 -s3.port.lance=0 -volume.max=500 \\
 -master.volumeSizeLimitMB=256 -s3.config=/etc/weed/s3.json
ExecStartPost=/usr/bin/curl -s -f -o /dev/null --retry 300 --retry-delay 0 --retry-max-time 30 \\
 --retry-all-errors http://127.0.0.1:9400/healthz
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
for bucket in said["buckets"]:
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

    def start_s3(self, buckets: Sequence[str] = BUCKETS, binary: Path | None = None) -> None:
        """SeaweedFS on 127.0.0.1:9400 with signatures on, back after each reboot; each bucket has hello.txt."""
        if binary is None:
            from tests.s3 import seaweed
            binary = Path(seaweed.binary())
        self.share(binary)
        self.write("/etc/weed/s3.json", json.dumps(IDENTITIES), 0o600)
        self.write("/etc/systemd/system/weed.service", WEED_UNIT)
        self.run("systemctl daemon-reload && systemctl enable --quiet --now weed.service")
        self.seed(buckets)

    def seed(self, buckets: Sequence[str]) -> None:
        """Create buckets, each with hello.txt, by signed requests from inside."""
        said = {"endpoint": ENDPOINT, "region": REGION, "key": ADMIN[0], "secret": ADMIN[1],
                "buckets": list(buckets)}
        self.run(["/usr/bin/python3", "-c", SEED], input=json.dumps(said))

    def install_worker(self, directory: Path) -> str:
        """Put a worker and the libraries beside it where AWS's own package puts it; returns its version.

        That package has the program in /opt/aws/mountpoint-s3/bin and a link in /usr/bin (its INSTALL.md).
        """
        self.copy_in(directory, "/opt/aws/mountpoint-s3/bin", 0o755)
        self.run(["ln", "-sfn", "/opt/aws/mountpoint-s3/bin/mount-s3", "/usr/bin/mount-s3"])
        return self.run(["/usr/bin/mount-s3", "--version"]).stdout.strip()

    def install_deb(self, package: Path) -> str:
        """Install or change to that .deb by apt, without a network; returns apt's words."""
        path = self.share(package)
        command = ["apt-get", "install", "-y", "--no-install-recommends", "--allow-downgrades", path]
        return self.run(command, env={"DEBIAN_FRONTEND": "noninteractive"}, timeout=180).stdout

    def install_standin(self) -> None:
        """The misbehaving stand-in worker as /usr/local/lib/standin/mount-s3."""
        self.copy_in(REPO / "tests/faults/standin-mount-s3", "/usr/local/lib/standin/mount-s3", 0o755)
