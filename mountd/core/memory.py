"""What is remembered of one mount between two looks. Times are monotonic seconds."""

from dataclasses import dataclass

from mountd.core.backoff import Failure
from mountd.core.messages import Cause
from mountd.core.units.worker import Prepared


@dataclass(frozen=True)
class Staging:
    """A worker started on a mount that is nowhere in the tree yet."""

    unit: str
    digest: str
    since: float
    ready: bool = False
    begun: bool = False
    """It has read the first request of those who wait at its mount: S3 has answered it."""
    was_spare: bool = False
    """It waited as a spare before: what it was given may be old, so that it fails means little."""
    finding: Cause | None = None
    """What S3, asked apart from the worker that is late, says is wrong."""


@dataclass(frozen=True)
class Spare:
    """A worker's unit that stands ready in its sandbox and has not begun: told to go, it is there in half the time.

    A hot one has begun, on a mount that is nowhere in the tree: once it has answered it only has to be swapped in.
    """

    unit: str
    digest: str
    hot: bool = False
    ready: bool = False
    """Has the hot one answered?"""
    since: float = 0.0


@dataclass(frozen=True)
class Hung:
    """A worker that is to be replaced because it does nothing any more. Remembered until its unit has ended."""

    unit: str
    deadline: float
    """When its callers get an error whether or not another worker has come up."""


@dataclass(frozen=True)
class Drain:
    """A worker whose mount is off the folder and which may finish what is open until the deadline."""

    unit: str
    mount_id: int
    deadline: float
    killed: bool = False


@dataclass(frozen=True)
class Memory:
    """All that is remembered of one mount between two looks."""

    held: bool = False
    """Stopped by an operator."""
    prepared: Prepared | None = None
    """What the host said of the folder and the keys, once it has been asked."""
    coverable: bool = False
    """The folder has been looked at and may be covered, by a guard while there is no worker. Outlives ``prepared``."""
    preparing: float | None = None
    """Since when the host is being asked."""
    refusal: Cause | None = None
    """What about this host forbids to start the worker at all."""
    failure: Failure | None = None
    away: float | None = None
    """Since when callers are made to wait; kept when they no longer are, until the mount serves."""
    awake: float | None = None
    """Of a mount on demand: since when a worker is needed; None while nobody has come."""
    idle_due: float | None = None
    """When to see whether anybody uses a mount on demand."""
    marked: bool = False
    """Nobody had used it then; a use takes the kernel's mark away, so nothing of ours may touch the folder."""
    staging: Staging | None = None
    spare: Spare | None = None
    spare_due: float | None = None
    """When a spare may be made; None while nobody serves."""
    spare_failure: Failure | None = None
    """What the last standby ended by, how often in a row."""
    unjudged: bool = False
    """Nobody knows yet what becomes of writes to its store: it may not come to the folder."""
    hindrance: Cause | None = None
    """Why that could not be found out."""
    unfronted: bool = False
    """The front that it shall go by is not there: it may not be started."""
    limited: Cause | None = None
    """Why it is mounted with less than was asked for."""
    hung: Hung | None = None
    draining: tuple[Drain, ...] = ()
