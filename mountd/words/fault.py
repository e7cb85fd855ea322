"""What a row of the table of errors is, and how often each class of them is tried again."""

from dataclasses import dataclass
from enum import Enum

from mountd.words import paths


class FaultClass(str, Enum):
    """Who has to act, and so how often a retry makes sense."""

    CONFIG = "config"
    ACCESS = "access"
    CREDENTIALS = "credentials"
    NETWORK = "network"
    WORKER = "worker"
    HOST = "host"
    OPERATOR = "operator"


@dataclass(frozen=True)
class Retry:
    """Delays between tries, in seconds: ``first``, then times ``factor`` up to ``cap``; ``first=None`` never."""

    first: float | None
    cap: float = 0.0
    factor: float = 2.0
    after: int = 0
    """Failures in a row before this row begins."""
    jitter: float = 0.1
    """Share of the delay that is random, so that many mounts do not knock at once."""


RETRY: dict[FaultClass, Retry] = {
    FaultClass.CONFIG: Retry(None),
    FaultClass.ACCESS: Retry(30.0, 600.0),
    FaultClass.CREDENTIALS: Retry(30.0, 600.0),
    FaultClass.NETWORK: Retry(1.0, 60.0, jitter=0.3),
    FaultClass.WORKER: Retry(0.0, 30.0),
    FaultClass.HOST: Retry(5.0, 60.0),
    FaultClass.OPERATOR: Retry(None),
}


_NEEDS_PERSON = frozenset(
    {FaultClass.CONFIG, FaultClass.ACCESS, FaultClass.CREDENTIALS, FaultClass.HOST, FaultClass.OPERATOR}
)


@dataclass(frozen=True)
class Fault:
    """One row: what it is called, whose it is, what to say, what to do.

    ``sentence`` and ``hint`` are templates over the names in ``core.reasons.FIELDS`` (name, bucket, folder,
    endpoint, region, detail ...); ``story`` is the paragraph that ``s3mountctl explain CODE`` prints.
    """

    code: str
    klass: FaultClass
    sentence: str
    hint: str
    story: str
    own_retry: Retry | None = None
    """Where the delays of the class are not right."""
    lasts: bool = False
    """Somebody has to change something though the class mends itself."""

    @property
    def retry(self) -> Retry:
        """Delays between tries: its own, or those of its class."""
        return self.own_retry or RETRY[self.klass]

    @property
    def needs_person(self) -> bool:
        """True when somebody has to change something (state ``failed``), be it tried again meanwhile or not."""
        return self.lasts or self.klass in _NEEDS_PERSON

    @property
    def bus_name(self) -> str:
        """The D-Bus error name: the code in CamelCase behind the common prefix."""
        return paths.ERROR_PREFIX + "".join(word.capitalize() for word in self.code.split("-"))


CRASHES = 5
"""So many in a row without a stable spell are a loop."""
