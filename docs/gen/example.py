"""Make docs/examples/mounts.toml, which shows every key switched off, from the tables of keys and options.

python3 docs/gen/example.py     write it (a unit test says when it has drifted)
"""

import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from mountd.words.keys import DAEMON_KEYS, MOUNT_KEYS  # noqa: E402  the path must be known first
from mountd.words.options import OLDEST, OPTIONS, Kind, Option, version_text  # noqa: E402

PATH = ROOT / "docs/examples/mounts.toml"

_HEAD = """\
# The buckets that s3mountd keeps mounted. After a change:  s3mountctl check && sudo s3mountctl reload
# More files may lie in /etc/s3mountd/mounts.d (*.toml). The manual: man s3mountd.toml
#
# The shortest entry:
#
#[[mount]]
#bucket = "erdos-23049527340598"
#folder = "/home/rob/bucket2"
#
# Keys of S3 do not belong here: they stay in ~/.aws/credentials of the folder's owner.
# Below stands everything that can be written, switched off by its "#".
"""

_INNER = {
    "credentials": "It takes user, profile, s3cfg, section, systemd_credential; or anonymous = true for public ones.",
    "check": "It takes interval, timeout and failures.",
}
"""What the keys that are tables take."""

_SAMPLES = {
    "on_stop": '"unmount"', "on_upgrade": '"keep"', "log_level": '"debug"', "http": '"127.0.0.1:9787"',
    "on_change": '["/usr/local/bin/s3-changed"]', "allow_users": "true",
    "webhook": '"https://hooks.example.org/s3?key=..."',
    "name": '"erdos"', "bucket": '"erdos-23049527340598"', "prefix": '"runs/2026/"', "folder": '"/home/rob/bucket2"',
    "provider": '"ceph"', "credentials": '{ user = "rob", profile = "kopah" }', "when_away": '"wait"',
    "nonempty": '"hide"', "user": '"rob"', "group": '"users"', "enabled": "false", "start_timeout": '"5min"',
    "stop_timeout": '"10min"', "wait_limit": '"1h"', "check": '{ interval = "5min", timeout = "30s", failures = 2 }',
    "memory_high": "3072", "memory_max": "4096",
    "grace": '"30s"', "hang_timeout": '"1min"', "idle_unmount": '"10min"',
    "proxy": '"http://proxy.example.org:3128"', "abort_uploads_after": '"7d"', "on_sleep": '"abort"',
    "write_safety": '"read-only"',
    "region": '"us-west-2"', "endpoint_url": '"https://s3.example.org"', "bucket_type": '"directory"',
    "expected_bucket_owner": '"111122223333"', "bind": '["eth0", "eth1"]', "ca_bundle": '"/etc/ssl/store-ca.pem"',
    "uid": "1000", "gid": "1000", "dir_mode": '"0750"', "file_mode": '"0640"',
    "storage_class": '"INTELLIGENT_TIERING"', "sse": '"aws:kms"',
    "sse_kms_key_id": '"arn:aws:kms:us-west-2:111122223333:key/1234abcd"', "upload_checksums": '"crc64nvme"',
    "cache": '"/var/cache/erdos"', "max_cache_size": "10240", "cache_xz": '"shared--usw2-az1--x-s3"',
    "metadata_ttl": "300", "negative_metadata_ttl": '"minimal"', "memory_target": "2048",
    "maximum_throughput_gbps": "10", "max_threads": "32", "part_size": "16777216", "read_part_size": "16777216",
    "write_part_size": "33554432", "otlp_endpoint": '"http://localhost:4318"', "otlp_export_interval": "30",
}
"""Of each key that is no flag: a value that says something (not what counts anyhow)."""


def text() -> str:
    """The whole file."""
    return "\n".join((
        _HEAD,
        "#[daemon]", *map(_entry, DAEMON_KEYS.values()), "",
        "# For all mounts: any key of a mount but name, bucket, prefix and folder; the mount's own counts more.",
        "#[defaults]", "",
        "# One section for each mount.",
        "#[[mount]]", *map(_entry, MOUNT_KEYS.values()), "",
        "# Options of mount-s3, which keep their names.", *map(_entry, OPTIONS.values()), "",
    ))


def _entry(option: Option) -> str:
    sample = _SAMPLES[option.name] if option.kind is not Kind.FLAG or option.name == "enabled" else "true"
    said = textwrap.wrap(" ".join(_facts(option)), 107, break_on_hyphens=False)
    return "\n".join([*(f"# {line}" for line in said), f"#{option.name} = {sample}"])


def _facts(option: Option) -> Iterator[str]:
    yield option.help
    if option.kind is Kind.TABLE:
        yield _INNER[option.name]
    if option.choices:
        number = f"A number of {option.unit}, " if option.kind is Kind.TTL else ""
        yield number + ", ".join(f'"{choice}"' for choice in option.choices) + "."
    elif option.unit:
        yield f"In {option.unit}."
    if option.unset != "false":
        yield f"{option.unset[0].upper()}{option.unset[1:]}." if option.unset.startswith("must") else (
            f"When not given: {option.unset}.")
    if option.since > OLDEST:
        yield f"Since mount-s3 {version_text(option.since)}."


if __name__ == "__main__":
    PATH.write_text(text(), encoding="utf-8")
