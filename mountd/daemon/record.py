"""What is told of one mount, and kept in /run so that a new daemon goes on telling it."""

import contextlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mountd.core.messages import Cause
from mountd.core.status import Outage
from mountd.core.worker import escape
from mountd.words import paths
from mountd.words.model import State


@dataclass
class Record:
    """Times are seconds since the epoch."""

    state: State = State.STOPPED
    cause: Cause | None = None
    since: float = 0.0
    checked_at: float | None = None
    restarts: int = 0
    last_outage: Outage | None = None
    ever_served: bool = False
    credentials: str = ""
    """Where the keys of the last worker came from, never the keys."""

    def turn(self, state: State, cause: Cause | None, wall: float) -> bool:
        """Take on a state; True when state or code are news. An outage begins and ends with the state ``mounted``."""
        news = (state, cause and cause.code) != (self.state, self.cause and self.cause.code)
        if state is not self.state:
            self._outage(state, cause, wall)
            self.since = wall
        self.state, self.cause = state, cause
        return news

    def _outage(self, state: State, cause: Cause | None, wall: float) -> None:
        outage = self.last_outage
        if state is State.MOUNTED:
            self.ever_served = True
            if outage is not None and outage.until is None:
                self.last_outage = Outage(outage.since, wall, outage.code)
        elif self.state is State.MOUNTED and state in (State.MOUNTING, State.WAITING, State.FAILED, State.FOREIGN):
            self.last_outage = Outage(wall, None, cause.code if cause else "")


def _file(name: str) -> Path:
    return paths.RUN / "mounts" / f"{escape(name)}.json"


def write_json(path: Path, value: Any) -> None:
    """Replace a small file whole; a full disk costs the memory, never the mount."""
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(path.name + ".new")
        fresh.write_text(json.dumps(value), "utf-8")
        fresh.replace(path)


def read_json(path: Path) -> Any:
    """The value of a small file, None when there is none or it cannot be read."""
    try:
        return json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return None


def save(name: str, record: Record) -> None:
    """Keep what is told of a mount."""
    outage, cause = record.last_outage, record.cause
    write_json(_file(name), {
        "state": record.state.value, "cause": [cause.code, cause.detail] if cause else None, "since": record.since,
        "checked_at": record.checked_at, "restarts": record.restarts, "ever_served": record.ever_served,
        "credentials": record.credentials,
        "last_outage": [outage.since, outage.until, outage.code] if outage else None,
    })


def load(name: str) -> Record:
    """What was told of a mount before; a new record when nothing was, or it cannot be understood."""
    kept = read_json(_file(name))
    try:
        return Record(
            State(kept["state"]), Cause(*kept["cause"]) if kept["cause"] else None, kept["since"],
            kept["checked_at"], kept["restarts"], Outage(*kept["last_outage"]) if kept["last_outage"] else None,
            kept["ever_served"], kept.get("credentials", ""),
        )
    except (TypeError, KeyError, ValueError):
        return Record()


def forget(name: str) -> None:
    """Remove what was kept."""
    _file(name).unlink(missing_ok=True)
