"""A mount's worker as a transient unit of systemd: its name, its command line, its sandbox. Values only.

Property names and types are those of org.freedesktop.systemd1(5); the sandbox was run with the real mount-s3 and
rates 1.3 (``systemd-analyze security``).
"""

import signal
from collections.abc import Mapping
from dataclasses import dataclass, field

from mountd.core.front import Front
from mountd.core.observed import Worker
from mountd.core.units import front, proxies
from mountd.core.units.names import escape, escape_path, file_name, token_file, unit_name
from mountd.core.units.sandbox import SANDBOX, Property
from mountd.words import options, paths
from mountd.words.model import Mount, OptionValue

__all__ = ["escape", "escape_path", "file_name", "token_file", "unit_name"]


@dataclass(frozen=True)
class KeyFiles:
    """The AWS files a worker is given, already looked up: paths on the host, empty when there is none."""

    credentials: str = ""
    config: str = ""
    source: str = "role"
    """Where the keys come from, for people: never a secret."""
    credential: str = ""
    """Name of an encrypted credential of systemd, which is an AWS credentials file."""
    delivery: str = "file"
    """``broker``: the worker is given none of these, and asks the broker."""
    start: str = "files"
    """How the broker's keys are got (``system.resolve``)."""
    user: str = ""
    home: str = ""
    """Whose files they are."""
    digest: str = field(default="", compare=False)
    """Tells whether others are the same."""

    @property
    def by_broker(self) -> bool:
        """Does the worker ask the broker for its keys?"""
        return self.delivery == "broker"

    @property
    def any(self) -> bool:
        """Has it any keys? Without, the machine's role counts."""
        return bool(self.credentials or self.config or self.credential)


@dataclass(frozen=True)
class Folder:
    """Whose the folder is: what files of the mount shall look like."""

    uid: int
    gid: int
    mode: int


@dataclass(frozen=True)
class Prepared:
    """What the host has been asked before a worker can start."""

    folder: Folder
    keys: KeyFiles = KeyFiles()
    cache: str = ""
    """This worker's own cache folder on the host, empty without a cache."""


@dataclass(frozen=True)
class Launch:
    """All that is needed to start one generation of a worker."""

    mount: Mount
    generation: int
    binary: str
    prepared: Prepared
    digest: str
    connection: int
    mount_id: int = 0

    broker: str = ""
    """URL at which it asks for its keys, empty where it is given them."""

    memory_target: int = 0
    """MiB it is told to plan with unless its mount says otherwise; 0 where this mount-s3 cannot be told."""

    version: str = ""
    """Of mount-s3, as it is written."""
    program: str = ""
    """Which file that is (``core.programs``)."""
    started: float = 0.0
    """Seconds since the epoch."""

    waits: bool = False
    """A spare: the sandbox is set up, mount-s3 begins when it is told to."""

    @property
    def unit(self) -> str:
        """The unit's name."""
        return unit_name(self.mount.name, self.generation)


_LIFE: tuple[Property, ...] = (
    Property("Type", "s", "exec"),
    Property("Restart", "s", "no"),
    # Else systemd keeps the failed unit, and with it the FUSE descriptor, and callers hang.
    Property("CollectMode", "s", "inactive-or-failed"),
    Property("Slice", "s", paths.SLICE),
    # After ExecStop has detached the mount the worker ends by itself when the last file is closed. SIGTERM would cut
    # that short in some versions of mount-s3 (up to 1.22, and those with mountpoint-s3-crt 0.16.2); SIGCONT is none.
    Property("KillSignal", "i", signal.SIGCONT.value),
    # In the foreground mount-s3 logs to stdout and to syslog; the syslog copy carries the level.
    Property("StandardOutput", "s", "null"),
    Property("StandardError", "s", "journal"),
    Property("SyslogIdentifier", "s", "mount-s3"),
    Property("TasksMax", "t", 4096),
    # A worker can be started again, a person's job cannot: so it goes before that when the machine has no memory left.
    # 100 is what systemd gives to what users run (systemd 250, NEWS); the daemon itself has -500.
    Property("OOMScoreAdjust", "i", 100),
    # One process, so it is ended all the same; without this systemd would not say that it was for memory.
    Property("OOMPolicy", "s", "stop"),
    Property("LimitNOFILE", "t", 65536),
    # Keys are in its memory.
    Property("LimitCORE", "t", 0),
)

_ORDER_AFTER = (paths.BROKER_UNIT, "network.target", "network-online.target", "nss-lookup.target", "dbus.socket")
_ORDER_BEFORE = (paths.DAEMON_UNIT, "systemd-user-sessions.service")
"""At shutdown the reverse holds: the daemon goes first, so that it restarts nothing; then the sessions of those who
use the folders; then the workers, draining; the network after them. Nothing here may come before remote-fs.target: the
slice is ordered after it, and systemd breaks such a cycle by dropping a stop."""


_NOBODY = 65534
"""nobody and nogroup on Debian: whom root's folder is shown to belong to."""


def _filled(launch: Launch) -> dict[str, OptionValue]:
    """The mount's options with what only the host knows: files look like the folder they lie in."""
    filled = dict(launch.mount.options)
    # mount-s3 refuses 0, and without uid and gid files would belong to the worker's user, another one each time.
    filled.setdefault("uid", launch.prepared.folder.uid or _NOBODY)
    filled.setdefault("gid", launch.prepared.folder.gid or _NOBODY)
    filled.setdefault("dir_mode", f"{launch.prepared.folder.mode:04o}")
    filled.setdefault("file_mode", f"{int(str(filled['dir_mode']), 8) & 0o666:04o}")
    if launch.memory_target:
        filled.setdefault("memory_target", launch.memory_target)
    if launch.mount.front:
        # TLS is the front's.
        filled["endpoint_url"] = _front(launch).inner_url
        filled.pop("ca_bundle", None)
    if "ca_bundle" in filled:
        filled["ca_bundle"] = _CA
    if "cache" in filled:
        filled["cache"] = str(paths.CACHE_MOUNT)
    return filled


def command(launch: Launch) -> list[str]:
    """The worker's command line; ``/dev/fd/0`` is the FUSE descriptor."""
    mount = launch.mount
    argv = [launch.binary, mount.bucket, "/dev/fd/0", "--foreground", "--allow-other"]
    if mount.prefix:
        argv += ["--prefix", mount.prefix]
    if mount.credentials.anonymous:
        argv.append("--no-sign-request")
    return [*argv, "--user-agent-prefix=s3mountd", *options.argv(_filled(launch))]


_CA = "ca-bundle"


def _front(launch: Launch) -> Front:
    return Front.of(launch.mount)


def _credentials_directory(launch: Launch) -> str:
    """Where systemd puts what LoadCredential names; only this unit's user can read it (systemd.exec(5)).

    The worker is started in it and gets bare file names: a hyphen in the mount's name is a backslash in this path, and
    the AWS library takes a backslash in a path for a slash (aws-c-common, ``aws_normalize_directory_separator``).
    """
    return f"/run/credentials/{launch.unit}"


def _environment(launch: Launch) -> list[str]:
    """The worker's variables. Everybody can read them over D-Bus: never a secret."""
    pairs = [f"{variable}={name}" for name, variable, path in _loaded(launch) if variable]
    if launch.broker:
        pairs.append(f"AWS_CONTAINER_CREDENTIALS_FULL_URI={launch.broker}")
    elif launch.prepared.keys.credential:
        pairs.append(f"AWS_SHARED_CREDENTIALS_FILE={launch.prepared.keys.credential}")
    if launch.broker or launch.prepared.keys.any or launch.mount.credentials.anonymous:
        pairs.append("AWS_EC2_METADATA_DISABLED=true")
    if launch.mount.credentials.profile and not launch.broker:
        pairs.append(f"AWS_PROFILE={launch.mount.credentials.profile}")
    pairs += proxies.environment(launch.mount.proxy)
    # Also for s3mount-detach, which the drop-in of all workers runs (systemd/system/s3mount-.service.d).
    return [*pairs, *_paths(launch), f"S3MOUNT_CONNECTION={launch.connection}", "HOME=/nonexistent"]


def _loaded(launch: Launch) -> list[tuple[str, str, str]]:
    """Files that systemd reads as root for the worker: name, the variable that points there, path on the host."""
    keys = launch.prepared.keys
    own = (
        ("aws-credentials", "AWS_SHARED_CREDENTIALS_FILE", keys.credentials),
        ("aws-config", "AWS_CONFIG_FILE", keys.config),
    )
    token = (("broker-token", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", str(token_file(launch.unit))),)
    rows = (
        *(token if launch.broker else own),
        (_CA, "", str(launch.mount.options.get("ca_bundle", ""))),
    )
    return [row for row in rows if row[2]]


def log_fields(launch: Launch) -> list[str]:
    """What the unit says of itself, in the journal and to a daemon that comes later (see ``system.systemd``)."""
    return [
        f"S3MOUNT_NAME={launch.mount.name}", f"S3MOUNT_GENERATION={launch.generation}",
        f"S3MOUNT_DIGEST={launch.digest}", f"S3MOUNT_CONNECTION={launch.connection}",
        f"S3MOUNT_ID={launch.mount_id}",
    ]


def _paths(launch: Launch) -> list[str]:
    """The rest of what the unit says of itself: variables, for after a daemon-reload systemd 252 cuts off what it reads
    of LogExtraFields= at the first space, and a folder may have some."""
    return [f"S3MOUNT_FOLDER={launch.mount.folder}", f"S3MOUNT_CACHE={launch.prepared.cache}",
            f"S3MOUNT_VERSION={launch.version}", f"S3MOUNT_PROGRAM={launch.program}",
            f"S3MOUNT_STARTED={launch.started:.0f}"]


def describe(unit: str, fields: Mapping[str, str]) -> Worker:
    """The worker that log fields and environment describe. Raises KeyError and ValueError for a unit of others."""
    return Worker(
        unit, fields["S3MOUNT_NAME"], int(fields["S3MOUNT_GENERATION"]), fields["S3MOUNT_DIGEST"],
        int(fields["S3MOUNT_CONNECTION"]), fields["S3MOUNT_FOLDER"], fields["S3MOUNT_CACHE"],
        int(fields.get("S3MOUNT_ID", "0")), version=fields.get("S3MOUNT_VERSION", ""),
        program=fields.get("S3MOUNT_PROGRAM", ""), started=float(fields.get("S3MOUNT_STARTED", "0")))


def properties(launch: Launch) -> list[Property]:
    """Everything but the standard descriptors, which need the call's own descriptor list."""
    mount = launch.mount
    argv = [str(paths.AWAIT), *command(launch)] if launch.waits else command(launch)
    own = [
        Property("Description", "s", f"S3 mount {mount.name}: {mount.source} on {mount.folder}"),
        Property("ExecStart", "a(sasb)", [(argv[0], argv, False)]),
        Property("TimeoutStopUSec", "t", int(mount.stop_timeout * 1_000_000)),
        Property("Environment", "as", _environment(launch)),
        Property("UnsetEnvironment", "as", proxies.unset(launch.mount.proxy)),
        Property("LoadCredential", "a(ss)", [(name, path) for name, _, path in _loaded(launch)]),
        Property("LogExtraFields", "aay", [field.encode() for field in log_fields(launch)]),
        Property("After", "as", [*_ORDER_AFTER, f"{escape_path(mount.folder)}.mount"]),
        Property("Before", "as", list(_ORDER_BEFORE)),
    ]
    sealed = launch.prepared.keys.credential and not launch.broker
    if sealed:
        # The name is sealed within: systemd opens it under no other (systemd-creds(1), --name=).
        name = launch.prepared.keys.credential
        own.append(Property("LoadCredentialEncrypted", "a(ss)", [(name, name)]))
    if _loaded(launch) or sealed:
        # Missing ("-") once the worker has ended: ExecStop= is run all the same.
        own.append(Property("WorkingDirectory", "s", f"-{_credentials_directory(launch)}"))
    if mount.front:
        own += front.worker_properties(_front(launch), str(paths.FRONTS / _front(launch).name))
    own += [Property(name, "t", limit << 20)
            for name, limit in (("MemoryHigh", mount.memory_high), ("MemoryMax", mount.memory_max)) if limit]
    if launch.prepared.cache:
        own.append(Property("BindPaths", "a(ssbt)", [(launch.prepared.cache, str(paths.CACHE_MOUNT), False, 0)]))
    return [*_LIFE, *SANDBOX, *own]
