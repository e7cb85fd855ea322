"""News that wait to be brought: in order for each mount, bounded, and the newest never lost."""

from collections.abc import Collection

from mountd.core.news import News


class Backlog:
    """At most ``deep`` pieces of news wait for each mount; one more is joined with the last of them."""

    def __init__(self, deep: int) -> None:
        self._deep = deep
        self._waiting: list[News] = []
        self.joined = 0
        """How many were joined since this was last set to 0."""

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, told: News) -> None:
        """One more."""
        places = [place for place, one in enumerate(self._waiting) if one.name == told.name]
        if len(places) < self._deep:
            self._waiting.append(told)
            return
        self.joined += 1
        self._waiting[places[-1]] = told.after(self._waiting[places[-1]])

    def take(self, busy: Collection[str] = ()) -> News | None:
        """The one that waits longest, of a mount that is not busy."""
        place = next((place for place, one in enumerate(self._waiting) if one.name not in busy), None)
        return None if place is None else self._waiting.pop(place)

    def clear(self) -> None:
        """Nobody is to be told any more."""
        self._waiting.clear()
        self.joined = 0
