"""Where everything lives: files, unit names, bus names. The one place that spells them."""

from pathlib import Path

CONFIG = Path("/etc/s3mountd/mounts.toml")
DROPINS = Path("/etc/s3mountd/mounts.d")
USERS = Path("/etc/s3mountd/users.d")
"""What users have added themselves, a file each, named by login; only the daemon writes there."""
RUN = Path("/run/s3mountd")
"""Memory that must outlive the daemon but not a reboot; root only, made by systemd (``RuntimeDirectory=``)."""
CACHE_MOUNT = RUN / "cache"
"""Where a worker finds its own cache folder inside its sandbox: an empty folder on the host."""
KEYS = RUN / "keys"
"""Copies of the AWS files that running mounts use; root only, gone with a reboot."""
SECRETS = Path("/etc/credstore.encrypted")
"""Where systemd looks for encrypted credentials (systemd.exec(5), LoadCredentialEncrypted=)."""
STATE = Path("/var/lib/s3mountd")
"""Memory that outlives a reboot: the last accepted configuration, which mounts an operator stopped."""
ACCEPTED = STATE / "accepted.json"
HISTORY = STATE / "history"
"""One file a mount: its outages."""
WATCHED = STATE / "watched.json"
"""When this machine was last watched."""
SIZES = STATE / "sizes.json"
"""How much is in buckets, as ``s3mountctl bucket size`` counted it."""
USAGE = STATE / "usage.json"
"""How much is in buckets, as their stores told it."""
WRITES = STATE / "writes.json"
"""What is known of writing to each endpoint."""
FRONTS = RUN / "fronts"
"""The files of each front."""
HAPROXY = Path("/usr/sbin/haproxy")
LIBEXEC = Path("/usr/libexec/s3mountd")
HTTP = LIBEXEC / "s3mountd-http"
HTTP_RUN = Path("/run/s3mountd-http")
"""Where the status pages' unix socket lies, if they have one; made by systemd for that unit."""
WEBHOOK = LIBEXEC / "s3mountd-webhook"
"""Posts to the webhook, for the daemon."""
S3 = LIBEXEC / "s3mountd-s3"
"""Asks S3 out of band, for the daemon."""
BROKER = LIBEXEC / "s3mountd-broker"
"""Gives workers their keys, each its own."""
BROKER_LINE = Path("/run/s3mountd-broker/line")
"""Where the daemon meets it: in a folder that systemd makes for that unit, and that only it and root can enter."""
BROKER_PORT = RUN / "broker-port"
LISTEN = LIBEXEC / "s3mountd-listen"
"""Makes the broker a socket in the network namespace of a front."""
RESOLVE = LIBEXEC / "s3mountd-resolve"
"""Gets keys from where a mount's come from, as the user whose they are."""
TOKENS = RUN / "tokens"
"""By worker: what it shows to the broker. Root only; systemd hands it to the worker."""
TOLD = RUN / "told.json"
"""What hooks and webhook were last told of each mount."""
AWAIT = LIBEXEC / "s3mount-await"
"""Becomes the worker when it is told to."""

WORKERS = ("/usr/local/bin/mount-s3", "/usr/bin/mount-s3", "/opt/aws/mountpoint-s3/bin/mount-s3")
"""Where mount-s3 is looked for. AWS's package installs to the last one and links it from the second."""

BUS_NAME = "org.s3mountd1"
OBJECT_PATH = "/org/s3mountd1"
INTERFACE = "org.s3mountd1.Manager"
POLKIT_MANAGE = "org.s3mountd1.manage"
ERROR_PREFIX = "org.s3mountd1.Error."

SLICE = "s3mount.slice"
WORKER_PREFIX = "s3mount-"
HELPER_PREFIX = "s3mountd-helper-"
DAEMON_UNIT = "s3mountd.service"
HTTP_UNIT = "s3mountd-http.service"
BROKER_UNIT = "s3mountd-broker.service"
RESOLVE_PREFIX = "s3mountd-resolve-"
LISTEN_PREFIX = "s3mountd-listen-"
S3_UNIT = "s3mountd-s3.service"
WEBHOOK_UNIT = "s3mountd-webhook.service"
FRONT_PREFIX = "s3mountd-front-"
HOOK_PREFIX = "s3mountd-hook-"
HTTP_USER = "s3mountd-http"
"""Made by ``systemd/sysusers.d``; has no rights but those of everybody."""

FUSE_SUBTYPE = "mount-s3"
"""Live mounts appear in mountinfo as ``fuse.mount-s3`` with the source ``s3://bucket/prefix``."""
GUARD_SOURCE = "s3mountd-guard"
"""Guards appear with the source ``s3mountd-guard:NAME`` (dead FUSE, or an empty read-only tmpfs)."""
