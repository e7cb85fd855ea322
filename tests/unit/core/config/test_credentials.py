"""The table that says whose keys a mount uses: what may stand in it, and that no key may."""

from __future__ import annotations

import pytest

from mountd.words.model import Credentials
from tests.unit.core.config.kit import MOUNT, accepted, refused

ARN = "arn:aws:iam::111122223333:role/lab"
KEY = "AKIAIOSFODNN7EXAMPLE"


@pytest.mark.parametrize(("table", "read"), [
    ('{ s3cfg = "/home/rob/.s3cfg" }', Credentials(s3cfg="/home/rob/.s3cfg")),
    ('{ s3cfg = "/home/rob/.s3cfg", section = "lab" }', Credentials(s3cfg="/home/rob/.s3cfg", section="lab")),
    ('{ systemd_credential = "lab-keys" }', Credentials(systemd_credential="lab-keys")),
    ('{ anonymous = false, systemd_credential = "lab-keys" }', Credentials(systemd_credential="lab-keys")),
    ('{ role = "instance" }', Credentials(role="instance")),
    (f'{{ assume_role = "{ARN}" }}', Credentials(assume_role=ARN)),
    (f'{{ assume_role = "{ARN}", source = {{ profile = "base", user = "rob" }}, external_id = "x1", duration = "2h" }}',
     Credentials("rob", "base", assume_role=ARN, external_id="x1", duration=7200)),
    (f'{{ assume_role = "{ARN}", web_identity = "/run/token" }}',
     Credentials(assume_role=ARN, web_identity="/run/token")),
    ('{ profile = "lab", delivery = "broker", warn_before = "1h" }',
     Credentials(profile="lab", delivery="broker", warn_before=3600)),
])
def test_sources(table: str, read: Credentials) -> None:
    assert accepted(f"{MOUNT}credentials = {table}\n").mounts[0].credentials == read


@pytest.mark.parametrize(("table", "said"), [
    ('{ section = "lab" }', "credentials.section: has no effect without s3cfg (set s3cfg, or remove section)"),
    ('{ s3cfg = "~/.s3cfg" }', 'must be an absolute path, not "~/.s3cfg"'),
    ('{ s3cfg = "/x/.s3cfg", profile = "lab" }', "credentials.profile: cannot be set beside s3cfg"),
    ('{ systemd_credential = "lab", user = "rob" }', "credentials.user: cannot be set beside systemd_credential"),
    ('{ systemd_credential = "../lab" }', "credentials.systemd_credential: must be letters"),
    (f'{{ assume_role = "{ARN}", profile = "base" }}', "(write: source = { profile = ... })"),
    ('{ source = { profile = "base" } }', "credentials.source: has no effect without assume_role"),
    (f'{{ assume_role = "{ARN}", source = {{ profil = "base" }} }}', 'credentials.source.profil: unknown key (did you'),
    (f'{{ assume_role = "{ARN}", web_identity = "/x", source = {{ role = "instance" }} }}',
     "credentials.source: cannot be set beside web_identity"),
    ('{ assume_role = "lab" }', 'credentials.assume_role: must be the ARN of a role, not "lab"'),
    (f'{{ assume_role = "{ARN}", delivery = "file" }}', 'credentials.delivery: must be "broker"'),
    ('{ web_identity = "/x" }', "credentials.web_identity: has no effect without assume_role"),
])
def test_what_does_not_go_together(table: str, said: str) -> None:
    found = refused(f"{MOUNT}credentials = {table}\n")
    assert len(found) == 1
    assert said in found[0]


@pytest.mark.parametrize("line", [
    f'credentials = "{KEY}"', f'credentials = {{ access_key = "{KEY}" }}', f'credentials = {{ secret = "{KEY}" }}',
    f'aws_secret_access_key = "{KEY}"', f'credentials = {{ token = "{KEY}" }}', f'password = "{KEY}"',
    f'credentials = {{ systemd_credential = "lab", aws_session_token = "{KEY}" }}', f'credentials = ["{KEY}"]',
    f'secret_key = {KEY}', f'secret_key = "{KEY}',
])
def test_a_key_that_was_written_here_is_refused_and_not_repeated(line: str) -> None:
    found = refused(f"{MOUNT}{line}\n")
    assert found
    assert KEY not in " ".join(found)
