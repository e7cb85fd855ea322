"""What the journal is told of a mount: one line for each turn, and not the same one over and over."""

from typing import Any

import structlog

from mountd.core.backoff import Failure, worth_saying
from mountd.daemon.record import Record
from mountd.words.errors import FAULTS
from mountd.words.model import Health, Reason, State
from mountd.words.options import Version, version_text

_log: Any = structlog.get_logger()
_GOOD = (State.MOUNTED, State.MOUNTING, State.STOPPED, State.DISABLED, State.DRAINING)


def drained_late(name: str, unit: str, holders: list[str]) -> None:
    """A worker was killed at the end of its time: say what that cut off."""
    cut = "; ".join(holders) if holders else "no open file was found"
    _log.warning(f"{name}: killed a worker that had not finished in time ({cut})", mount=name, unit=unit)


def not_killed(name: str, unit: str, detail: str) -> None:
    """systemd would not kill a worker."""
    _log.error(f"{name}: could not kill a worker: {detail}", mount=name, unit=unit)


def why(name: str, words: str) -> None:
    """What was learnt of a worker's death after it."""
    _log.warning(f"{name}: of the worker that died: {words}", mount=name)


def evidence_kept(name: str, path: str) -> None:
    """What a hung worker was doing has been written down."""
    _log.warning(f"{name}: what the worker was doing is written down in {path}", mount=name)


def cache_is_full(name: str, folder: str) -> None:
    """The worker starts all the same."""
    _log.warning(f"{name}: less than 5 % of the disk of {folder} is free: mount-s3 caches nothing there; make room, or "
                 "change cache", mount=name, code="cache-full")


def no_standby(name: str, reason: Reason, count: int) -> None:
    """A standby could not be had, or did not last; the mount itself serves."""
    if worth_saying(count):
        times = f" ({count} times in a row)" if count > 1 else ""
        _log.warning(f"{name}: no standby: {reason.text}{times}", mount=name, code=reason.code)


def uploads_aborted(name: str, count: int) -> None:
    """Uploads that nobody would have completed are gone."""
    _log.info(f"{name}: {count} incomplete upload{'s' * (count != 1)} aborted, older than abort_uploads_after",
              mount=name)


def upgraded(name: str, old: str, new: Version) -> None:
    """Another mount-s3 is installed, and this mount's worker is to be replaced by it."""
    _log.info(f"{name}: its worker, mount-s3 {old}, is replaced by {version_text(new)}", mount=name)


def _why(reason: Reason) -> str:
    """The hint only where it is somebody's turn: what mends itself needs no advice."""
    return f": {reason.text}; {reason.hint}" if FAULTS[reason.code].needs_person else f": {reason.text}"


class Announcer:
    """Remembers what was said of one mount."""

    def __init__(self, name: str) -> None:
        self._name = name

    def turned(self, record: Record, health: Health, reason: Reason | None, news: bool) -> None:
        """The state or its reason has changed."""
        if not news:
            return
        unwell = record.state is State.MOUNTED and health in (Health.DEGRADED, Health.DOWN)
        sleeps = reason is not None and reason.code == "on-demand"
        say = _log.info if sleeps or (record.state in _GOOD and not unwell) else _log.warning
        plain = sleeps or record.state in (State.STOPPED, State.DISABLED)
        why = _why(reason) if reason is not None and not plain else " for the first access" if sleeps else ""
        word = f"{record.state.value}, but {health.value}" if unwell else record.state.value
        say(f"{self._name}: {word}{why}", mount=self._name, state=record.state.value,
            **({"code": reason.code} if reason else {}))

    def failed(self, failure: Failure, reason: Reason) -> None:
        """A failure: the first is told by the turn it causes, repetitions at growing distance, with their count."""
        if failure.count > 1 and worth_saying(failure.count):
            _log.warning(f"{self._name}: {reason.text} ({failure.count} times in a row)",
                         mount=self._name, code=reason.code)
