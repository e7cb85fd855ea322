"""Hooks and webhook in the configuration: what is refused, what is remarked, and a secret that no message repeats."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mountd.core.config.facts import Program
from mountd.core.config.reading import Source, read
from mountd.words.model import DaemonSettings
from tests.unit.core.config.kit import FACTS, accepted, refused

SECRET = "https://hooks.example.org/services/T0/B0/planted-secret?token=planted-secret"


def daemon(line: str) -> str:
    return f"[daemon]\n{line}\n"


@pytest.mark.parametrize(("line", "words"), [
    ('on_change = ["/usr/local/bin/x", "a", "b c"]', ("/usr/local/bin/x", "a", "b c")),
    ('on_change = "/usr/local/bin//x"', ("/usr/local/bin/x",)),
])
def test_a_hook(line: str, words: tuple[str, ...]) -> None:
    assert accepted(daemon(line)).daemon.on_change == words


@pytest.mark.parametrize(("line", "said"), [
    ('on_change = ["hook"]', "must be an absolute path"),
    ("on_change = []", "must not be empty"),
    ("on_change = [7]", "must be text in quotes"),
    ('on_change = "/usr/local/bin/x --mail rob"', 'write ["/usr/local/bin/x", "--mail", "rob"]'),
    ('on_change = ["/home/rob/hook"]', "is not to be seen from the hook's sandbox (put it in /usr/local/bin)"),
    ('on_change = ["/tmp/hook"]', "is not to be seen from the hook's sandbox"),
])
def test_a_hook_that_is_refused(line: str, said: str) -> None:
    (problem,) = refused(daemon(line))
    assert problem.startswith("m.toml:2: daemon.on_change: ")
    assert said in problem


def test_a_program_that_others_can_write_is_refused_with_what_mends_it() -> None:
    found = Program("/usr/local/bin/x can be written by everybody", hint="run: chmod go-w /usr/local/bin/x")
    facts = replace(FACTS, program=lambda _path: found)
    (problem,) = refused(daemon('on_change = ["/usr/local/bin/x"]'), facts=facts)
    assert "can be written by everybody (run: chmod go-w /usr/local/bin/x)" in problem


def test_a_program_that_is_not_there_yet_is_a_remark() -> None:
    facts = replace(FACTS, program=lambda path: Program(remark=f"{path} cannot be run: No such file or directory"))
    (note,) = accepted(daemon('on_change = ["/usr/local/bin/x"]'), facts=facts).notes
    assert "No such file" in str(note)


@pytest.mark.parametrize("url", [SECRET, "http://localhost:8080/x?y=z", "https://[2001:db8::1]:8443/x"])
def test_a_webhook(url: str) -> None:
    desired = accepted(daemon(f'webhook = "{url}"'))
    assert desired.daemon.webhook == url
    assert desired.notes == ()


@pytest.mark.parametrize("value", [
    '"hooks.example.org/planted-secret"', '"ftp://hooks.example.org/planted-secret"', '"https:///planted-secret"',
    '"https://rob:planted-secret@hooks.example.org/"', '"https://hooks.example.org/planted secret"',
    '"https://hooks.example.org/#planted-secret"', '"https://hooks.example.org/planted-s\\u00e9cret"',
    '"https://hooks.example.org:port/planted-secret"', '["https://hooks.example.org/planted-secret"]', '""', "7",
    '"https://hooks.example.org/planted-secret\\n"',
])
def test_a_wrong_webhook_is_refused_and_not_repeated(value: str) -> None:
    (problem,) = refused(daemon(f"webhook = {value}"))
    assert problem.startswith("m.toml:2: daemon.webhook: must ")
    assert "planted" not in problem
    assert "secret" not in problem


def test_a_webhook_in_the_wrong_place_is_not_repeated() -> None:
    for text in (f'webhook = "{SECRET}"\n', f'[daemon]\nwebook = "{SECRET}"\n', f'[defaults]\nwebhook = "{SECRET}"\n'):
        assert "planted-secret" not in "".join(refused(text))


def test_a_webhook_in_a_file_that_everybody_can_read_is_remarked() -> None:
    (note,) = read([Source("m.toml", daemon(f'webhook = "{SECRET}"'), open_to_all=True)], FACTS).notes
    assert str(note) == ("m.toml:2: daemon.webhook: everybody on this machine can read the URL in this file "
                         "(run: chmod 600 m.toml)")


def test_a_webhook_without_tls_is_remarked() -> None:
    (note,) = accepted(daemon('webhook = "http://hooks.example.org/x"')).notes
    assert "https" in str(note)


def test_the_secret_is_not_in_what_a_traceback_may_show() -> None:
    assert "planted-secret" not in repr(DaemonSettings(webhook=SECRET))
