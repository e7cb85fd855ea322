"""When a worker is called hung, and all the cases in which it must not be."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest

from mountd.core import hang
from mountd.core.hang import Pulse, Sample, Verdict, Watch

LIMIT = 15.0
STILL = Pulse(1_000_000, 3.0, 7, "idle")


@dataclass
class Story:
    """Looks at one worker, one a tick; each step says what differs from a worker that does not move at all."""

    samples: list[Sample] = field(default_factory=list)
    at: float = 100.0
    asked: float | None = None

    def look(self, callers: int | None = 1, *, answered: bool = False, pulse: Pulse | None = STILL,
             slept: float = 0.0, pause: float = hang.tick(LIMIT)) -> "Story":
        """One more; a statvfs is asked from the second look on and stays without an answer unless said otherwise."""
        self.at += pause
        self.samples.append(Sample(self.at, slept, callers, None, None if len(self.samples) < 1 else pulse))
        if len(self.samples) >= 2:
            silent = None if answered or self.asked is None else self.at - self.asked
            self.asked = self.at if silent is None else self.asked
            self.samples[-1] = replace(self.samples[-1], silent=None if answered else silent or 0.0)
        return self


def judged(samples: Sequence[Sample], store: str | None = "", threads: int = hang.THREADS) -> Verdict:
    watch = Watch()
    for sample in samples:
        watch = hang.follow(watch, sample, LIMIT)
    return hang.verdict(watch, LIMIT, threads, store)


def deaf(looks: int = 3) -> Story:
    story = Story()
    for _ in range(looks):
        story.look()
    return story


def test_a_worker_that_does_nothing_while_a_caller_waits_and_s3_is_well_is_hung_at_the_limit() -> None:
    story = deaf()
    assert judged(story.samples) is Verdict.HUNG
    assert story.at - 100.0 <= LIMIT, "the caller may have come just after the look before the first"


def test_one_look_less_is_only_a_suspicion() -> None:
    assert judged(deaf(2).samples) is Verdict.SUSPECT
    assert judged(deaf(1).samples) is Verdict.CALM


@pytest.mark.parametrize("store", ["unreachable", "tls-failed", "throttled", "access-denied", None])
def test_an_outage_of_s3_or_an_unknown_one_is_no_hang_however_long_it_lasts(store: str | None) -> None:
    assert judged(deaf(1000).samples, store) is Verdict.SILENT


def test_sixteen_readers_on_a_slow_link_that_moves_are_no_hang() -> None:
    story = Story()
    for number in range(200):
        story.look(16, pulse=replace(STILL, bytes=STILL.bytes + 6_000 * number))
    assert judged(story.samples) is Verdict.SUSPECT


def test_writers_on_a_slow_link_show_in_the_queues_of_the_sockets_only() -> None:
    story = Story()
    for number in range(200):
        story.look(16, pulse=replace(STILL, sockets=f"{number} bytes queued"))
    assert judged(story.samples) is Verdict.SUSPECT


def test_sixteen_closes_that_wait_for_s3_to_put_large_files_together_are_given_much_more_time() -> None:
    story = Story()
    for _ in range(20):
        story.look(16)
    assert judged(story.samples) is Verdict.SUSPECT, "all threads may wait for S3, so nobody is left for a statvfs"
    for _ in range(20):
        story.look(16)
    assert judged(story.samples) is Verdict.HUNG


def test_a_worker_of_fewer_threads_is_busy_sooner() -> None:
    story = Story().look(4).look(4).look(4)
    assert judged(story.samples) is Verdict.HUNG
    assert judged(story.samples, threads=4) is Verdict.SUSPECT


def test_a_stopped_process_is_hung_however_many_callers_it_has() -> None:
    story = Story()
    for number in range(3):
        story.look(40, pulse=replace(STILL, stopped=True, sockets=f"the server still sends: {number}"))
    assert judged(story.samples) is Verdict.HUNG


@pytest.mark.parametrize("change", [
    {"cpu": STILL.cpu + 1.0}, {"faults": STILL.faults + 1}, {"bytes": STILL.bytes + 100_000}, {"sockets": "other"},
], ids=["computing", "brought back from disk", "reading", "sending"])
def test_whoever_does_something_is_not_hung(change: dict[str, object]) -> None:
    story = deaf(2).look(pulse=replace(STILL, **change))  # type: ignore[arg-type]
    assert judged(story.samples) is Verdict.SUSPECT


def test_what_a_worker_without_work_does_is_nothing() -> None:
    story = Story()
    for number in range(3):
        story.look(pulse=replace(STILL, bytes=STILL.bytes + 800 * number, cpu=STILL.cpu + 0.02 * number))
    assert judged(story.samples) is Verdict.HUNG


def test_a_worker_that_answers_is_not_hung_whoever_waits() -> None:
    story = Story()
    for _ in range(100):
        story.look(answered=True)
    assert judged(story.samples) is Verdict.SUSPECT


def test_nobody_waits_and_all_begins_anew() -> None:
    assert judged(deaf().look(0).samples) is Verdict.CALM
    assert judged(deaf().look(0).look().look().samples) is Verdict.SUSPECT


def test_unknown_is_never_a_reason() -> None:
    assert judged(deaf().look(None).samples) is Verdict.CALM
    assert judged(deaf(2).look(pulse=None).samples) is Verdict.SUSPECT


def test_a_machine_that_slept_or_a_daemon_that_was_stopped_begins_anew() -> None:
    assert judged(deaf(2).look(slept=3600.0).samples) is Verdict.CALM
    assert judged(deaf(2).look(pause=60.0).samples) is Verdict.CALM


@pytest.mark.parametrize(("limit", "tick"), [(3.0, 1.0), (4.0, 4 / 3), (15.0, 5.0), (600.0, 5.0)])
def test_the_looks_fit_into_the_limit_and_cost_little(limit: float, tick: float) -> None:
    assert hang.tick(limit) == pytest.approx(tick)
    assert 2 * hang.tick(limit) + hang.patience(limit) <= max(limit, 3.0) + 0.001
