"""Those who wait for the daemon's answer, apart from the bus."""

from __future__ import annotations

from mountd.surfaces.web.link import Answer, Link, Silence


def test_one_who_cannot_be_answered_does_not_keep_the_answer_from_others() -> None:
    link = Link.__new__(Link)
    link._late = []
    heard: list[Answer | Silence] = []

    def breaks(_answer: Answer | Silence) -> None:
        raise RuntimeError("gone")

    link._waiting = [breaks, heard.append, breaks, heard.append]
    link._hear(Silence("it hangs"))
    assert heard == [Silence("it hangs"), Silence("it hangs")]
