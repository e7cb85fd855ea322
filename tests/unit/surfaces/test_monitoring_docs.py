"""What is written about monitoring, against the metrics that there are."""

import json
import re
from pathlib import Path

import pytest
from prometheus_client import parser

from mountd.core.listen import EXAMPLE
from mountd.surfaces.web import answers, metrics
from mountd.surfaces.web.cgroups import Usage
from mountd.surfaces.web.link import Answer

ROOT = Path(__file__).resolve().parents[3]
GUIDE, ALERTS, BOARD = (ROOT / "docs" / name for name in
                        ("guide/monitoring.md", "monitoring/alerts.yml", "monitoring/grafana.json"))
_NAME = re.compile(r"\bs3mountd_(?:mount|cause|worker|up|build|start|config)\w*")


def offered() -> set[str]:
    """Every metric, from a document in which each has a value."""
    document = json.loads((ROOT / "tests/unit/cli/documents/sick.json").read_text("utf-8"))
    for mount in document["mounts"]:
        mount["last_outage"] = {"from": mount["since"], "to": None, "code": ""}
        mount["credentials"]["expires_at"] = mount["next_try"] = mount["since"]
        mount["availability"]["24h"] = 1.0
    document["causes"] = [{"code": "unreachable", "endpoint": "AWS", "mounts": ["a", "b"]}]
    text = metrics.text(Answer("", document, 0), lambda _unit: Usage(1, 1.0), 0).decode()
    families = parser.text_string_to_metric_families(text)  # type: ignore[no-untyped-call]
    return {sample.name for family in families for sample in family.samples} - {"s3mountd_mount_check_seconds"}


def test_the_guide_has_every_metric_and_no_other() -> None:
    assert set(_NAME.findall(GUIDE.read_text("utf-8"))) == offered()


@pytest.mark.parametrize("page", [ALERTS, BOARD], ids=["alerts", "board"])
def test_rules_and_board_ask_for_metrics_that_exist(page: Path) -> None:
    asked = set(_NAME.findall(page.read_text("utf-8")))
    assert len(asked) > 5
    assert asked <= offered()


def test_the_guide_has_every_path() -> None:
    text = GUIDE.read_text("utf-8")
    assert all(f"`{path}`" in text for path in answers.ASKING if path != "/mounts.html")
    assert f'http = "{EXAMPLE}"' in text


def test_numbers_of_states_in_guide_and_rules_are_those_of_the_metric() -> None:
    helps = {row.name: row.help for row in metrics.ROWS}
    for name in ("s3mountd_mount_state", "s3mountd_mount_health"):
        numbered = helps[name].split(": ", 1)[1].split(";")[0]
        assert numbered in GUIDE.read_text("utf-8")
    assert "3 failed" in helps["s3mountd_mount_state"]
    assert "7 foreign" in helps["s3mountd_mount_state"]


def test_the_board_is_one() -> None:
    board = json.loads(BOARD.read_text("utf-8"))
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])
    state = next(panel for panel in board["panels"] if panel["title"] == "State")
    words = state["fieldConfig"]["defaults"]["mappings"][0]["options"]
    helps = {row.name: row.help for row in metrics.ROWS}["s3mountd_mount_state"]
    assert all(f"{number} {shown['text']}" in helps for number, shown in words.items())
