"""One line a minute, and a count of the rest."""

from mountd.daemon.complaint import Complaints


def test_one_line_a_minute() -> None:
    now, said = [0.0], list[str]()
    complain = Complaints(said.append, lambda: now[0])
    for at in (0, 1, 59, 60, 200):
        now[0] = at
        complain(f"at {at}")
    assert said == ["at 0", "at 60 (2 more since the last such line)", "at 200"]
