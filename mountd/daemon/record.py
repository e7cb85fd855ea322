"""What is told of one mount, and kept in /run so that a new daemon goes on telling it."""

from dataclasses import dataclass, field
from pathlib import Path

from mountd.core import history
from mountd.core.history import History
from mountd.core.latency import Latency
from mountd.core.messages import Cause
from mountd.core.units.worker import escape
from mountd.daemon.history import Chronicle
from mountd.system.small_files import read_json, write_json
from mountd.words import paths
from mountd.words.model import Health, State


@dataclass
class Record:
    """Times are seconds since the epoch."""

    state: State = State.STOPPED
    cause: Cause | None = None
    since: float = 0.0
    checked_at: float | None = None
    restarts: int = 0
    ever_served: bool = False
    credentials: str = ""
    """Where the keys of the last worker came from, never the keys."""
    history: History = field(default_factory=History)
    restarts_before: int = 0
    """As many as there were when the outage began."""
    rebooted: bool = False
    """Has the machine been off since the outage began?"""
    away: float | None = None
    """Since when callers are made to wait, or were until they got an error; None when the mount serves."""
    latency: Latency = field(default_factory=Latency)
    """Of checks since the daemon began."""
    keys: str = ""
    """Digest of what the worker that serves was given."""
    expires: float | None = None
    """When the keys end, as far as that is known; seconds since the epoch."""

    def turn(self, state: State, health: Health, cause: Cause | None, wall: float, grace: float) -> bool:
        """Take on a state; True when state or code are news. What counts as an outage: ``core.history.standing``."""
        news = (state, cause and cause.code) != (self.state, self.cause and self.cause.code)
        if state is not self.state:
            self.since = wall
        self.ever_served = self.ever_served or state is State.MOUNTED
        self.state, self.cause = state, cause
        self._tell_history(health, wall, grace)
        return news

    def _tell_history(self, health: Health, wall: float, grace: float) -> None:
        before, code = self.history, self.cause.code if self.cause else ""
        to = history.standing(before.standing, self.state, health, code)
        self.history = history.turned(before, to, code, wall, grace, self._done())
        if self.history.standing is not before.standing:
            self.restarts_before, self.rebooted = self.restarts, False

    def _done(self) -> str:
        """What has ended an outage, if one ends now."""
        if self.state is not State.MOUNTED:
            return "operator"
        if self.rebooted:
            return "reboot"
        new = self.restarts - self.restarts_before
        return "new worker" if new == 1 else f"{new} new workers" if new > 1 else "came back by itself"


def _file(name: str) -> Path:
    return paths.RUN / "mounts" / f"{escape(name)}.json"


def save(name: str, record: Record) -> None:
    """Keep what is told of a mount."""
    cause = record.cause
    write_json(_file(name), {
        "state": record.state.value, "cause": [cause.code, cause.detail] if cause else None, "since": record.since,
        "checked_at": record.checked_at, "restarts": record.restarts, "ever_served": record.ever_served,
        "credentials": record.credentials, "expires": record.expires, "keys": record.keys,
        "history": history.plain(record.history),
        "restarts_before": record.restarts_before, "rebooted": record.rebooted,
        "away": record.away,
    })


def load(name: str, chronicle: Chronicle) -> Record:
    """What was told of a mount before; a new record when nothing was, or it cannot be understood."""
    kept = read_json(_file(name))
    try:
        return Record(
            State(kept["state"]), Cause(*kept["cause"]) if kept["cause"] else None, kept["since"],
            kept["checked_at"], kept["restarts"], kept["ever_served"], kept["credentials"],
            chronicle.go_on(name, kept["history"]), kept["restarts_before"], kept["rebooted"],
            kept["away"], expires=kept.get("expires"), keys=kept.get("keys", ""),
        )
    except (TypeError, KeyError, ValueError):
        return Record(history=chronicle.after_boot(name), rebooted=True)


def forget(name: str) -> None:
    """Remove what was kept."""
    _file(name).unlink(missing_ok=True)
