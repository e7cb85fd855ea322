"""The values that travel between the floors: frozen, typed, without behaviour that needs the world."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType

OptionValue = bool | int | str | tuple[str, ...]
"""A mount-s3 option's value: flag, number, text, or the values of a repeatable option."""


class State(str, Enum):
    """What s3mountd is doing with a mount; the words are fixed, others measure against them."""

    MOUNTED = "mounted"
    MOUNTING = "mounting"
    WAITING = "waiting"
    FAILED = "failed"
    DRAINING = "draining"
    STOPPED = "stopped"
    DISABLED = "disabled"
    FOREIGN = "foreign"


class Health(str, Enum):
    """What was last proven of a mount, apart from its state."""

    OK = "ok"
    DEGRADED = "degraded"
    DOWN = "down"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Place:
    """Where something was written: a configuration file and a line (1-based; 0 when the file as a whole)."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" if self.line else self.file


@dataclass(frozen=True)
class Problem:
    """One fault of a configuration, with everything needed to mend it.

    ``key`` is a path such as ``mount "erdos": region`` or ``daemon.http``; ``hint`` holds the nearest right word or
    the right form, and may be empty.
    """

    place: Place
    key: str
    text: str
    hint: str = ""

    def __str__(self) -> str:
        hint = f" ({self.hint})" if self.hint else ""
        return f"{self.place}: {self.key}: {self.text}{hint}" if self.key else f"{self.place}: {self.text}{hint}"


@dataclass(frozen=True)
class Credentials:
    """Whose keys a mount uses. None named: the folder's owner's files, then root's, then the machine's role."""

    user: str = ""
    profile: str = ""
    anonymous: bool = False
    s3cfg: str = ""
    """A file of s3cmd, and which section of it."""
    section: str = ""
    systemd_credential: str = ""
    """Name of a credential that systemd itself reads, and decrypts, for the worker."""
    role: str = ""
    """``instance``: that of this machine."""
    assume_role: str = ""
    """ARN of a role that is assumed with the keys of all of the above, or with the token in ``web_identity``."""
    external_id: str = ""
    duration: float = 0.0
    """Seconds of a session of the role; 0: as STS has it."""
    web_identity: str = ""
    delivery: str = ""
    """``broker`` or ``file``; empty: by whether the keys expire."""
    warn_before: float = 0.0
    """Seconds; 0: by how long they live."""
    own: bool = False
    """Only files that belong to ``user`` count, ``s3cfg`` too; no file says so."""


@dataclass(frozen=True)
class Check:
    """How often S3 is asked through a mount (a HEAD and a LIST each time), and what counts as failed. Seconds."""

    interval: float = 60.0
    timeout: float = 10.0
    failures: int = 3
    """Failures in a row before the mount is called unwell where nothing else explains them."""


@dataclass(frozen=True)
class Mount:
    """One wanted mount, validated: nothing past ``core.config.reading`` handles raw values.

    ``options`` are mount-s3's own, under their names with underscores, presets and defaults merged in. Times are
    seconds. ``user`` and ``group`` are names or numbers as written, empty when the folder's own owner counts.
    """

    name: str
    bucket: str
    folder: str
    place: Place
    prefix: str = ""
    provider: str = "aws"
    options: Mapping[str, OptionValue] = field(default_factory=lambda: MappingProxyType({}))
    credentials: Credentials = Credentials()
    when_away: str = "error"
    nonempty: str = "refuse"
    user: str = ""
    group: str = ""
    enabled: bool = True
    start_timeout: float = 120.0
    stop_timeout: float = 90.0
    check: Check = Check()
    grace: float = 10.0
    """What is over sooner is no outage."""
    hang_timeout: float = 15.0
    """A worker that leaves callers waiting this long while S3 answers is replaced."""
    standby: bool = False
    memory_high: int = 0
    """MiB above which the worker is slowed down; 0: no limit."""
    memory_max: int = 0
    """MiB above which it is ended; 0: no limit."""
    wait_limit: float = 600.0
    """With ``when_away = "wait"``: callers wait at most this long, then get an error."""
    on_demand: bool = False
    idle_unmount: float = 0.0
    """0: never."""
    on_sleep: str = "keep"
    write_safety: str = "auto"
    front: str = ""
    """Which front it goes by, "" for none; the daemon says so, no file does."""
    proxy: str = ""
    """URL of the HTTP proxy on the way to S3; empty: none."""
    abort_uploads_after: float = 0.0
    """Incomplete uploads below the prefix that are older are aborted; 0: none is."""
    owner: str = ""
    """Login of the user who manages the mount, "" for the administrator's."""
    home: str = ""
    """Of that user, without symbolic links; the folder lies in it."""

    @property
    def source(self) -> str:
        """The mount table's source column: ``s3://bucket/prefix``."""
        return f"s3://{self.bucket}/{self.prefix}" if self.prefix else f"s3://{self.bucket}"

    @property
    def endpoint(self) -> str:
        """What people call the other side: the endpoint's URL, or ``AWS``."""
        return str(self.options.get("endpoint_url", "AWS"))


@dataclass(frozen=True)
class DaemonSettings:
    """The ``[daemon]`` table."""

    on_stop: str = "keep"
    log_level: str = "info"
    http: str = "off"
    """``core.listen`` understands it."""
    on_change: tuple[str, ...] = ()
    """Program and arguments; empty: none."""
    on_upgrade: str = "replace"
    webhook: str = field(default="", repr=False)
    """A secret: whoever knows the URL can post there. Never logged, shown or handed on but over a pipe."""
    allow_users: bool = False


@dataclass(frozen=True)
class Desired:
    """A whole accepted configuration; ``notes`` are remarks a person should see (a symlink was resolved)."""

    mounts: tuple[Mount, ...] = ()
    daemon: DaemonSettings = DaemonSettings()
    notes: tuple[Problem, ...] = ()
    digest: str = ""

    def mount(self, name: str) -> Mount | None:
        """The mount of that name, or None."""
        return next((mount for mount in self.mounts if mount.name == name), None)


@dataclass(frozen=True)
class Reason:
    """Why a mount is not well: a code of ``words.errors`` with its sentence and hint filled in."""

    code: str
    text: str
    hint: str
