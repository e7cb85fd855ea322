"""The webhook: news handed, one after the other, to the process that posts them. The daemon waits for none of it."""

from collections.abc import Callable
from urllib.parse import urlsplit

from gi.repository import GLib

from mountd.core import posting
from mountd.core.backlog import Backlog
from mountd.core.messages import Ending
from mountd.core.news import News
from mountd.core.status import dumps
from mountd.core.units import webhook as webhook_unit
from mountd.system.asking import Answer
from mountd.system.on_call import OnCall
from mountd.system.systemd import Systemd
from mountd.words import paths
from mountd.words.errors import MountdError
from mountd.words.model import DaemonSettings

_DEEP = 16
"""News that may wait for each mount; what is more is joined."""
_PATIENCE = int(posting.BUDGET + 6 * posting.TIMEOUT)
"""Seconds after which a post is over though nobody has said so: the other side may feed its answer byte by byte."""


class Webhook:
    """One post at a time, so the order holds. ``complain(text)`` is told of failures, as many as there are."""

    def __init__(self, systemd: Systemd, complain: Callable[[str], None]) -> None:
        self._process = OnCall(systemd, "the process that posts", paths.WEBHOOK_UNIT, webhook_unit.properties())
        self._complain = complain
        self._url = ""
        self._backlog = Backlog(_DEEP)
        self._patience = 0

    def want(self, settings: DaemonSettings) -> None:
        """Take the URL on. What waits goes to the new one; without one, nothing waits any more."""
        self._url = settings.webhook
        if not self._url:
            self._backlog.clear()
            self._stop()

    def tell(self, told: News) -> None:
        """Post it, after what waits."""
        if self._url:
            self._backlog.add(told)
            self._next()

    def ended(self, unit: str, _ending: Ending) -> bool:
        """Nothing is done: the line tells of the end of the process."""
        return unit == paths.WEBHOOK_UNIT

    def _next(self) -> None:
        told = None if self._patience else self._backlog.take()
        if told is None:
            return
        host, joined, self._backlog.joined = self._host(), self._backlog.joined, 0
        if joined:
            self._complain(f"the webhook at {host} is slow: {joined} events were joined with later ones")
        self._patience = GLib.timeout_add_seconds(_PATIENCE, self._late, told.name, host)
        self._process.ask("post", lambda answer: self._answered(told.name, host, answer),
                          url=self._url, body=dumps(told.document()))

    def _host(self) -> str:
        """All of the URL that may be shown."""
        return urlsplit(self._url).hostname or ""

    def _answered(self, name: str, host: str, answer: Answer | MountdError) -> None:
        if isinstance(answer, MountdError):
            self._complain(f"{name}: the webhook at {host} was not told: {answer.detail}")
        self._calm()
        self._next()

    def _late(self, name: str, host: str) -> bool:
        self._patience = 0
        self._process.close()
        self._complain(f"{name}: the webhook at {host} was not told: it does not come to an end")
        self._next()
        return bool(GLib.SOURCE_REMOVE)

    def _stop(self) -> None:
        if self._patience:
            self._process.close()
            self._calm()

    def _calm(self) -> None:
        if self._patience:
            GLib.source_remove(self._patience)
            self._patience = 0
