"""What is answered on each path."""

import json
from pathlib import Path

import pytest

from mountd.surfaces.web.answers import ASKING, FILES, Asked, Reply
from mountd.surfaces.web.link import Answer, Silence

DOCUMENTS = Path(__file__).resolve().parents[1] / "cli/documents"
GONE = Silence("s3mountd is not running")


def answer(name: str) -> Answer:
    text = (DOCUMENTS / f"{name}.json").read_text("utf-8")
    return Answer(text, json.loads(text), 0.0)


def reply(path: str, heard: Answer | Silence, **query: str) -> Reply:
    return ASKING[path](Asked(heard, None, query, "vm"))


@pytest.mark.parametrize(("heard", "query", "status"), [
    (answer("sick"), {}, 503),
    (answer("sick"), {"mount": "erdos"}, 200),
    (answer("sick"), {"mount": "kopah"}, 503),
    (answer("sick"), {"mount": "scratch"}, 503),
    (answer("sick"), {"mount": "old"}, 503),
    (answer("sick"), {"mount": "erd"}, 404),
    (answer("sick"), {"mount": ""}, 404),
    (answer("empty"), {}, 200),
    (GONE, {}, 503),
    (GONE, {"mount": "erdos"}, 503),
])
def test_readiness(heard: Answer | Silence, query: dict[str, str], status: int) -> None:
    assert reply("/readyz", heard, **query).status == status


def test_a_disabled_mount_does_not_count_and_a_stopped_one_does() -> None:
    heard = answer("healthy")
    for mount in heard.document["mounts"]:
        mount.update(state="mounted", health="ok")
    assert reply("/readyz", heard).status == 200
    heard.document["mounts"][0].update(state="disabled", health="unknown")
    assert reply("/readyz", heard).status == 200
    heard.document["mounts"][0].update(state="stopped")
    said = reply("/readyz", heard)
    assert (said.status, said.body) == (503, b"erdos: stopped, unknown\n")


def test_who_is_not_ready_is_said_with_the_reason_and_nothing_that_a_terminal_obeys() -> None:
    lines = reply("/readyz", answer("nasty")).body.decode().splitlines()
    assert lines == ["esc: waiting, down: AWS gave an answer mount-s3 does not understand: \\x1b]0;title\\x07"]


def test_the_status_is_the_daemons_bytes_and_never_an_old_one() -> None:
    heard = answer("sick")
    assert reply("/status.json", heard).body == heard.text.encode()
    silent = ASKING["/status.json"](Asked(GONE, heard, {}, "vm"))
    assert silent.status == 503
    assert json.loads(silent.body)["error"] == {"code": "daemon-unreachable", "text": "s3mountd is not running"}


@pytest.mark.parametrize(("path", "status"), [("/livez", 503), ("/readyz", 503), ("/", 503), ("/metrics", 200)])
def test_a_daemon_that_does_not_answer(path: str, status: int) -> None:
    assert reply(path, GONE).status == status


def test_the_pages_own_parts_hold_no_address_of_elsewhere() -> None:
    for path, part in FILES.items():
        text = part.body.decode().replace("http://www.w3.org/2000/svg", "")
        assert "//" not in text.replace("// ", ""), path
