"""The status as Prometheus reads it. Labels are names of the configuration and fixed words: the series are bounded."""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, InfoMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector

from mountd import __version__
from mountd.core.verdict import Document, is_ready
from mountd.surfaces.web.cgroups import Usage, usage
from mountd.surfaces.web.link import Answer, Silence
from mountd.words.model import Health, State

CONTENT_TYPE = CONTENT_TYPE_LATEST
UsageOf = Callable[[str], Usage]


@dataclass(frozen=True)
class _Sight:
    """One mount at a moment (seconds since the epoch), with its worker's figures."""

    mount: Document
    now: float
    usage: Usage


@dataclass(frozen=True)
class _Row:
    """A metric: its name, its help, and its value for a mount; None leaves the mount out."""

    name: str
    help: str
    value: Callable[[_Sight], float | None]
    counter: bool = False


def _numbers(words: Iterable[str]) -> str:
    return ", ".join(f"{number} {word}" for number, word in enumerate(words))


def _label(name: str) -> str:
    """A name as a label; half characters have no place in UTF-8."""
    return name.encode("utf-8", "replace").decode()


def _seconds(stamp: str | None) -> float | None:
    return datetime.fromisoformat(stamp).timestamp() if stamp else None


def _age(sight: _Sight) -> float | None:
    checked = _seconds(sight.mount["checked_at"])
    return max(0.0, sight.now - checked) if checked is not None else None


def _outage(sight: _Sight) -> float | None:
    outage = sight.mount["last_outage"]
    if outage is None:
        return None
    began, ended = _seconds(outage["from"]), _seconds(outage["to"])
    return max(0.0, (sight.now if ended is None else ended) - (began or 0.0))


def _number(words: list[str], word: str) -> float:
    """The place of a word in its list; -1 for one of a newer daemon."""
    return words.index(word) if word in words else -1


_STATES = [state.value for state in State]
_HEALTHS = [health.value for health in Health]
_AWAY = (State.STOPPED.value, State.DISABLED.value)

ROWS = (
    _Row("s3mountd_mount_ok", "1 when a probe proved that the folder shows the bucket.",
         lambda sight: is_ready(sight.mount)),
    _Row("s3mountd_mount_wanted", "0 while the mount is disabled, or stopped by an operator.",
         lambda sight: sight.mount["state"] not in _AWAY),
    _Row("s3mountd_mount_health", f"What was last proven: {_numbers(_HEALTHS)}; -1 another word.",
         lambda sight: _number(_HEALTHS, sight.mount["health"])),
    _Row("s3mountd_mount_state", f"What s3mountd is doing: {_numbers(_STATES)}; -1 another word.",
         lambda sight: _number(_STATES, sight.mount["state"])),
    _Row("s3mountd_mount_state_start_time_seconds", "When the state began, since the epoch.",
         lambda sight: _seconds(sight.mount["since"])),
    _Row("s3mountd_mount_restarts", "Workers started in place of one that ended or hung.",
         lambda sight: sight.mount["restarts"], counter=True),
    _Row("s3mountd_mount_last_outage_seconds", "How long the last outage took, or has taken so far.", _outage),
    _Row("s3mountd_mount_outage", "1 while an outage lasts.",
         lambda sight: bool(sight.mount["last_outage"] and not sight.mount["last_outage"]["to"])),
    _Row("s3mountd_mount_last_probe_age_seconds", "How old the proof of the health is.", _age),
    _Row("s3mountd_mount_waiting_requests", "Requests of callers that the worker has not answered yet.",
         lambda sight: sight.mount["waiting"]),
    _Row("s3mountd_mount_next_try_time_seconds", "When the mount is tried again, since the epoch.",
         lambda sight: _seconds(sight.mount["next_try"])),
    _Row("s3mountd_mount_credentials_expiry_time_seconds", "When the credentials end, since the epoch; if they do.",
         lambda sight: _seconds(sight.mount["credentials"]["expires_at"])),
    _Row("s3mountd_worker_resident_memory_bytes", "Memory of the worker: anonymous and mapped.",
         lambda sight: sight.usage.resident),
    _Row("s3mountd_worker_cpu_seconds", "Processor time of the worker, user and system.",
         lambda sight: sight.usage.cpu, counter=True),
)


class _Collector(Collector):
    """The families of one answer, made when they are read."""

    def __init__(self, heard: Answer | Silence, usage_of: UsageOf, now: float) -> None:
        self._heard, self._usage_of, self._now = heard, usage_of, now

    def collect(self) -> Iterator[Any]:
        """Every family; without an answer only that there is none. Old figures would pass for new ones."""
        heard = self._heard
        yield GaugeMetricFamily("s3mountd_up", "1 when the daemon answers on D-Bus.", float(isinstance(heard, Answer)))
        build = {"http_version": __version__}
        if isinstance(heard, Answer):
            build["version"] = str(heard.document["version"])
            yield from self._daemon(heard.document)
            yield from self._mounts(heard.document)
            yield self._availability(heard.document)
            yield self._checks(heard.document)
            yield self._causes(heard.document)
        yield InfoMetricFamily("s3mountd_build", "Versions of the daemon and of these pages.", build)

    @staticmethod
    def _daemon(document: Document) -> Iterator[Any]:
        daemon = document["daemon"]
        yield GaugeMetricFamily("s3mountd_start_time_seconds", "When the daemon began, since the epoch.",
                                _seconds(daemon["since"]) or 0.0)
        yield GaugeMetricFamily("s3mountd_config_problems", "Faults of the configuration's files, which were refused.",
                                len(daemon["problems"]))

    def _mounts(self, document: Document) -> Iterator[Any]:
        sights = [_Sight(mount, self._now, self._usage_of(mount["unit"])) for mount in document["mounts"]]
        for row in ROWS:
            family = (CounterMetricFamily if row.counter else GaugeMetricFamily)(row.name, row.help, labels=["mount"])
            for sight in sights:
                value = row.value(sight)
                if value is not None:
                    family.add_metric([_label(sight.mount["name"])], float(value))
            yield family

    @staticmethod
    def _availability(document: Document) -> Any:
        family = GaugeMetricFamily(
            "s3mountd_mount_availability_ratio", "Share of the watched time that was without an outage.",
            labels=["mount", "window"])
        for mount in document["mounts"]:
            for window, share in mount["availability"].items():
                if share is not None:
                    family.add_metric([_label(mount["name"]), window], share)
        return family

    @staticmethod
    def _checks(document: Document) -> Any:
        family = HistogramMetricFamily("s3mountd_mount_check_seconds", "How long S3 took to answer through the mount.",
                                       labels=["mount"])
        for mount in document["mounts"]:
            checks = mount["checks"]
            buckets = [*checks["buckets"].items(), ("+Inf", checks["count"])]
            family.add_metric([_label(mount["name"])], buckets, checks["sum"])
        return family

    @staticmethod
    def _causes(document: Document) -> Any:
        family = GaugeMetricFamily("s3mountd_cause_mounts", "How many mounts suffer from one cause they share.",
                                   labels=["code", "endpoint"])
        for cause in document["causes"]:
            family.add_metric([_label(cause["code"]), _label(cause["endpoint"])], len(cause["mounts"]))
        return family


def text(heard: Answer | Silence, usage_of: UsageOf = usage, now: float | None = None) -> bytes:
    """The whole page, in the text format 0.0.4. Raises KeyError and ValueError for a document of another schema."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collector(heard, usage_of, time.time() if now is None else now))
    return bytes(generate_latest(registry))
