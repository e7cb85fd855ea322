"""What `s3mountctl check-health` prints: the form that monitoring systems read."""

import re

import pytest

from mountd.cli.nagios import Level, of_administrator, report
from tests.unit.cli.canned import document, mount

FIRST = re.compile(r"S3MOUNTD (OK|WARNING|CRITICAL|UNKNOWN) - [^|\n]+ \| (?P<figures>[^|\n]+)")
FIGURE = re.compile(r"(?:'[^'=]+'|[a-z_]+)=-?[\d.]+(?:s|c|%)?(?:;[\d.]*){0,4}")
"""As in the Monitoring Plugins Development Guidelines: 'label'=value[unit];[warn];[crit];[min];[max]."""


@pytest.mark.parametrize(("host", "level"), [
    ("healthy", Level.OK), ("sick", Level.CRITICAL), ("nasty", None), ("empty", Level.OK), ("shared", Level.CRITICAL)])
def test_the_form(host: str, level: Level | None) -> None:
    found, lines = report(document(host), [])
    assert level in (None, found)
    first = FIRST.fullmatch(lines[0])
    assert first is not None, lines[0]
    assert first[1] == found.name
    figures = re.findall(r"(?:'[^']+'|[^\s'=]+)=\S+", first["figures"])
    assert " ".join(figures) == first["figures"]
    assert all(FIGURE.fullmatch(figure) for figure in figures), figures
    assert not any("|" in line or "\n" in line or "\x1b" in line for line in lines[1:])


def test_a_healthy_host() -> None:
    level, lines = report(document("healthy"), [])
    assert (level, len(lines)) == (Level.OK, 2)
    assert lines[0].startswith(
        "S3MOUNTD OK - 3 mounts, 2 ok, 1 not in use | mounts=3;;;0 ok=2;;;0 idle=1;;;0 'erdos restarts'=2c "
        "'erdos probe_age'=8.0s;;;0 'erdos availability'=100.0000%;;;0;100 'kopah restarts'")
    assert lines[1] == "archive (stopped): stopped by an operator; run: s3mountctl start archive"


def test_every_mount_that_is_not_well_has_its_line() -> None:
    _, lines = report(document("sick"), [])
    sick = [one["name"] for one in document("sick")["mounts"] if one["health"] != "ok"]
    assert [line.split(" ")[0] for line in lines[1:-1]] == sick
    assert lines[-1].startswith("configuration: /etc/s3mountd/mounts.toml:12")
    assert "the configuration has 1 fault |" in lines[0]


@pytest.mark.parametrize(("values", "level"), [
    ({}, Level.OK), ({"health": "degraded"}, Level.WARNING), ({"health": "down"}, Level.CRITICAL),
    ({"state": "waiting", "health": "down"}, Level.WARNING), ({"state": "failed"}, Level.CRITICAL),
    ({"state": "stopped"}, Level.WARNING), ({"state": "disabled"}, Level.WARNING)])
def test_one_mount_by_its_name(values: dict[str, str], level: Level) -> None:
    one = {**document("healthy"), "mounts": [mount(**values)]}
    assert report(one, ["kopah"])[0] is level


def test_mounts_of_users_wake_nobody_unless_they_are_named() -> None:
    healthy = document("healthy")
    sick = mount(name="rob.data", owner="rob", state="failed")
    both = {**healthy, "mounts": [*healthy["mounts"], sick]}
    assert report(of_administrator(both), []) == report(healthy, [])
    assert report({**healthy, "mounts": [sick]}, ["rob.data"])[0] is Level.CRITICAL
