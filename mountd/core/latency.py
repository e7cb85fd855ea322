"""How long checks through a mount took: counted in buckets as Prometheus wants them. Pure."""

from dataclasses import dataclass
from typing import Any

BOUNDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds in seconds; what took longer is in the count alone."""


@dataclass(frozen=True)
class Latency:
    """All that were answered since the daemon began: the last one, how many, their sum, how many within each bound."""

    last: float | None = None
    count: int = 0
    total: float = 0.0
    within: tuple[int, ...] = (0,) * len(BOUNDS)

    def and_one(self, seconds: float) -> "Latency":
        """With one more."""
        within = tuple(number + (seconds <= bound) for number, bound in zip(self.within, BOUNDS, strict=True))
        return Latency(seconds, self.count + 1, self.total + seconds, within)

    def document(self) -> dict[str, Any]:
        """For the status document; ``buckets`` are cumulative, by their bound."""
        buckets = {f"{bound:g}": number for bound, number in zip(BOUNDS, self.within, strict=True)}
        return {"seconds": None if self.last is None else round(self.last, 4), "count": self.count,
                "sum": round(self.total, 4), "buckets": buckets}
