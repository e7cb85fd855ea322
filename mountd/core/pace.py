"""How often somebody may give orders. Pure: time is an argument."""

from dataclasses import dataclass, field


@dataclass
class Pace:
    """At most ``count`` orders of each person within ``seconds``."""

    count: int
    seconds: float
    _given: dict[int, list[float]] = field(default_factory=dict)
    """By uid: monotonic seconds."""

    def allows(self, uid: int, now: float) -> bool:
        """May this person give one more? It counts when they may."""
        given = [at for at in self._given.get(uid, []) if now - at < self.seconds]
        self._given[uid] = given if len(given) >= self.count else [*given, now]
        return len(given) < self.count
