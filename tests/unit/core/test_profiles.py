"""Profiles of AWS files: what of them is followed, and what never is."""

import pytest

from mountd.core import profiles
from mountd.core.profiles import Elsewhere, Keys, Machine, Role, Source

BOTH = """
[default]
aws_access_key_id = A
aws_secret_access_key = B%(x)s
[kopah]
aws_access_key_id=C
aws_secret_access_key=D
aws_session_token=E
"""
CONFIG = """
; a remark
[profile kopah]
region = us-west-2
s3 =
    addressing_style = path
[profile role]
role_arn = arn:role
source_profile = kopah
external_id = X
[profile twice]
role_arn = arn:twice
source_profile = role
[profile self]
role_arn = arn:self
source_profile = self
aws_access_key_id = S
aws_secret_access_key = T
[profile machine]
role_arn = arn:machine
credential_source = Ec2InstanceMetadata
[profile ring]
role_arn = arn:ring
source_profile = ring2
[profile ring2]
role_arn = arn:ring2
source_profile = ring
[profile environment]
role_arn = arn:e
credential_source = Environment
[profile program]
credential_process = /bin/cat /proc/self/fd/7
[profile token]
role_arn = arn:t
web_identity_token_file = /proc/self/fd/7
[profile lost]
role_arn = arn:l
source_profile = nowhere
[profile behind]
role_arn = arn:b
source_profile = program
[profile none]
region = x
"""
KOPAH = Keys("C", "D", "E")


@pytest.mark.parametrize(("name", "expected"), [
    ("default", Keys("A", "B%(x)s")),
    ("kopah", KOPAH),
    ("role", Role("arn:role", KOPAH, "X")),
    ("twice", Role("arn:twice", Role("arn:role", KOPAH, "X"))),
    ("self", Role("arn:self", Keys("S", "T"))),
    ("machine", Role("arn:machine", Machine())),
    ("environment", Elsewhere("role_arn")),
    ("program", Elsewhere("credential_process")),
    ("token", Elsewhere("web_identity_token_file")),
    ("behind", Elsewhere("credential_process")),
    ("ring", Elsewhere("role_arn")),
    ("none", None),
])
def test_sources(name: str, expected: Source | None) -> None:
    assert profiles.source(profiles.profiles(BOTH, CONFIG), name) == expected


@pytest.mark.parametrize("name", ["nowhere", "lost"])
def test_a_profile_that_is_not_there(name: str) -> None:
    with pytest.raises(KeyError, match="nowhere"):
        profiles.source(profiles.profiles(BOTH, CONFIG), name)


def test_credentials_go_before_config() -> None:
    found = profiles.profiles("[one]\naws_access_key_id=new\n", "[profile one]\naws_access_key_id=old\nregion=r\n")
    assert found["one"] == {"aws_access_key_id": "new", "region": "r"}


def test_what_is_no_such_file() -> None:
    with pytest.raises(ValueError, match="no section headers"):
        profiles.profiles("{}", "")


def test_no_secret_is_printed() -> None:
    assert "D" not in repr(KOPAH).replace("Keys", "") and "E" not in repr(KOPAH)
