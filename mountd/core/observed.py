"""What is: the mounts on a folder and the workers of a mount, as last seen."""

from dataclasses import dataclass

from mountd.core.layers import Kind, Layer


@dataclass(frozen=True)
class Worker:
    """One generation's unit that has not ended."""

    unit: str
    name: str
    generation: int
    digest: str
    """Of everything that needs a new worker when it changes (``core.changes.worker_digest``)."""
    connection: int
    folder: str = ""
    cache: str = ""
    """Its own cache folder on the host, empty without a cache."""
    mount_id: int = 0
    """Its mount's id, by which open files are found also when the mount is off the folder."""
    stop_timeout: float = 0.0
    """Seconds it may drain when its mount is in no configuration any more."""
    version: str = ""
    """Of the mount-s3 it runs; empty when it does not say."""
    program: str = ""
    """Which file that was (``core.programs``); empty when it does not say."""
    started: float = 0.0
    """Seconds since the epoch; 0 when it does not say."""


@dataclass(frozen=True)
class Observed:
    """All that a decision on one mount looks at, apart from its memory."""

    layers: tuple[Layer, ...] = ()
    """What is mounted on the folder, topmost first."""
    workers: tuple[Worker, ...] = ()
    held: frozenset[int] = frozenset()
    """Connections of which we hold the server's end: their callers wait, whatever becomes of the worker."""

    @property
    def top(self) -> Layer | None:
        """What callers meet, None for the plain folder."""
        return self.layers[0] if self.layers else None

    @property
    def serving(self) -> Worker | None:
        """The worker behind what callers meet; None when they meet a guard, a dead mount or the plain folder."""
        return self._behind(self.top)

    @property
    def beneath(self) -> Worker | None:
        """The worker behind the second layer: a swap is two steps, and a daemon was killed between them."""
        return self._behind(self.layers[1]) if len(self.layers) > 1 else None

    def _behind(self, layer: Layer | None) -> Worker | None:
        if layer is None or layer.kind is not Kind.LIVE:
            return None
        return next((worker for worker in self.workers if worker.connection == layer.connection), None)

    def worker(self, unit: str) -> Worker | None:
        """The worker of that unit."""
        return next((worker for worker in self.workers if worker.unit == unit), None)

    @property
    def guard_is_taken(self) -> bool:
        """Do callers wait at a mount that some worker, living or dying, has been given?"""
        top = self.top
        return top is not None and top.kind is Kind.WAITING and any(
            worker.connection == top.connection for worker in self.workers)
