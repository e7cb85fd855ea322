"""The metrics, read back by Prometheus' own parser."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import parser

from mountd.surfaces.web import cgroups, metrics
from mountd.surfaces.web.cgroups import Usage
from mountd.surfaces.web.link import Answer, Silence

DOCUMENTS = Path(__file__).resolve().parents[1] / "cli/documents"
NOW = 1795354800.0 + 8
"""Eight seconds after the canned documents were made (2026-11-22T13:40:00Z)."""


def canned(name: str) -> Any:
    return json.loads((DOCUMENTS / f"{name}.json").read_text("utf-8"))


def nothing(_unit: str) -> Usage:
    return Usage()


def parsed(text: bytes) -> list[Any]:
    """Families of metrics."""
    return list(parser.text_string_to_metric_families(text.decode()))  # type: ignore[no-untyped-call]


def read(document: Any, usage_of: Callable[[str], Usage] = nothing, now: float = NOW) -> dict[Any, float]:
    """Sample by name and mount."""
    heard = Answer("", document, now) if document else Silence("s3mountd is not running")
    text = metrics.text(heard, usage_of, now).decode()
    samples = [one for family in parsed(text.encode()) for one in family.samples]
    series = {(one.name, *sorted(one.labels.items())) for one in samples}
    assert len(series) == len(samples), "a series is there twice"
    found = {(one.name, one.labels.get("mount"), *(one.labels[key] for key in ("window", "le", "code")
                                                   if key in one.labels)): one.value for one in samples}
    return found


def test_labels_are_names_of_mounts_and_fixed_words() -> None:
    document = canned("sick")
    document["causes"] = [{"code": "unreachable", "endpoint": "https://one", "mounts": ["kopah", "typo"]}]
    heard = Answer("", document, NOW)
    known = {"s3mountd_build_info": {"version", "http_version"}, "s3mountd_cause_mounts": {"code", "endpoint"}}
    for family in parsed(metrics.text(heard, nothing, NOW)):
        assert family.documentation
        for sample in family.samples:
            assert sample.labels.keys() <= known.get(sample.name, {"mount", "window", "le"})


def test_of_a_daemon_that_does_not_answer_nothing_old_is_told() -> None:
    assert set(read(None)) == {("s3mountd_up", None), ("s3mountd_build_info", None)}
    assert read(None)["s3mountd_up", None] == 0


def test_the_figures_of_mounts() -> None:
    found = read(canned("sick"))
    assert found["s3mountd_up", None] == 1
    assert found["s3mountd_config_problems", None] == 1
    assert [found["s3mountd_mount_ok", name] for name in ("erdos", "kopah", "scratch", "old")] == [1, 0, 0, 0]
    assert [found["s3mountd_mount_wanted", name] for name in ("erdos", "kopah", "old")] == [1, 1, 0]
    assert found["s3mountd_mount_state", "kopah"] == 2
    assert found["s3mountd_mount_health", "scratch"] == 1
    assert found["s3mountd_mount_restarts_total", "kopah"] == 4
    assert ("s3mountd_mount_next_try_time_seconds", "erdos") not in found


def test_ages_and_outages_are_reckoned_at_the_scrape() -> None:
    document = canned("healthy")
    mount = document["mounts"][0]
    mount["checked_at"] = "2026-11-22T13:40:00Z"
    mount["last_outage"] = {"from": "2026-11-22T13:39:00Z", "to": None, "code": "unreachable"}
    mount["credentials"]["expires_at"] = "2026-11-22T13:40:00Z"
    name = mount["name"]
    found = read(document)
    began = NOW - found["s3mountd_mount_last_probe_age_seconds", name]
    assert found["s3mountd_mount_last_outage_seconds", name] == NOW - began + 60
    assert found["s3mountd_mount_outage", name] == 1
    assert found["s3mountd_mount_credentials_expiry_time_seconds", name] == began
    mount["last_outage"]["to"] = "2026-11-22T13:39:30Z"
    found = read(document, now=NOW + 1000)
    assert found["s3mountd_mount_last_outage_seconds", name] == 30
    assert found["s3mountd_mount_outage", name] == 0


def test_availability_checks_and_shared_causes() -> None:
    document = canned("healthy")
    document["causes"] = [{"code": "unreachable", "endpoint": "AWS", "mounts": ["erdos", "kopah"]}]
    found = read(document)
    assert found["s3mountd_mount_availability_ratio", "erdos", "7d"] == 0.99968586
    assert ("s3mountd_mount_availability_ratio", "archive", "24h") not in found
    assert found["s3mountd_mount_check_seconds_bucket", "erdos", "0.25"] == 3
    assert found["s3mountd_mount_check_seconds_bucket", "erdos", "+Inf"] == 3
    assert found["s3mountd_mount_check_seconds_sum", "erdos"] == 0.2
    assert found["s3mountd_mount_waiting_requests", "erdos"] == 0
    assert found["s3mountd_cause_mounts", None, "unreachable"] == 2


def test_words_of_a_newer_daemon() -> None:
    document = canned("healthy")
    document["mounts"][0].update(state="dreaming", health="splendid")
    name = document["mounts"][0]["name"]
    assert read(document)["s3mountd_mount_state", name] == read(document)["s3mountd_mount_health", name] == -1


@pytest.mark.parametrize("name", ['a"b', "a\nb", "a\\b", "<b>", "数据", 'x"} 1\ns3mountd_up 1', "\ud800"])
def test_hostile_names_stay_labels(name: str) -> None:
    document = canned("healthy")
    document["mounts"] = [{**document["mounts"][0], "name": name}]
    shown = name.encode("utf-8", "replace").decode()
    assert {key[1] for key in read(document) if key[0].startswith("s3mountd_mount_")} == {shown}


def test_the_workers_figures_come_from_its_control_group(tmp_path: Path) -> None:
    group = tmp_path / "s3mount.slice/s3mount-erdos-1.service"
    group.mkdir(parents=True)
    (group / "memory.stat").write_text("anon 1000\nfile 5000\nfile_mapped 24\n")
    (group / "cpu.stat").write_text("usage_usec 2500000\nuser_usec 1\n")
    assert cgroups.usage("s3mount-erdos-1.service", tmp_path) == Usage(1024, 2.5)
    document = canned("healthy")
    document["mounts"][0]["unit"] = "s3mount-erdos-1.service"
    found = read(document, lambda unit: cgroups.usage(unit, tmp_path))
    assert found["s3mountd_worker_resident_memory_bytes", "erdos"] == 1024
    assert found["s3mountd_worker_cpu_seconds_total", "erdos"] == 2.5
    assert ("s3mountd_worker_cpu_seconds_total", "archive") not in found


@pytest.mark.parametrize("unit", ["", "s3mount-gone-1.service", "s3mount-/../../x", "../x", "ssh.service"])
def test_of_what_is_no_worker_there_are_no_figures(unit: str, tmp_path: Path) -> None:
    (tmp_path / "s3mount.slice").mkdir()
    assert cgroups.usage(unit, tmp_path) == Usage()


def test_without_a_controller_the_other_figure_stays(tmp_path: Path) -> None:
    group = tmp_path / "s3mount.slice/s3mount-erdos-1.service"
    group.mkdir(parents=True)
    (group / "cpu.stat").write_text("usage_usec 2500000\n")
    assert cgroups.usage("s3mount-erdos-1.service", tmp_path) == Usage(None, 2.5)
