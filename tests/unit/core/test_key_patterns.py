"""What looks like a key, and what does not."""

import pytest

from mountd.core.key_patterns import lines_with_keys


@pytest.mark.parametrize("line", [
    "aws_access_key_id=AKIAABCDEFGHIJKLMNOP", "ASIAABCDEFGHIJKLMNOP", "export AWS_SECRET_ACCESS_KEY='abcdefgh1234'",
    "secret_key = abcdefgh12345678", '"SecretAccessKey": "abcdefgh12345678"', "aws_session_token=abcdefgh12345678",
    "AKIAABCDEFGHIJKLMNOP:abcdefghijklmnopqrstuvwxyz012345", 'secret_access_key: "abcdefgh12345678"',
])
def test_a_key(line: str) -> None:
    assert lines_with_keys(f"first\n{line}\nlast") == [2]


@pytest.mark.parametrize("line", [
    "export AWS_PROFILE=campus", "export AWS_SECRET_ACCESS_KEY=$(pass show aws)", "AWS_SECRET_ACCESS_KEY=$KEY",
    "secret_key =", "# see the manual on secret keys", "XAKIAABCDEFGHIJKLMNOP", "aws_secret_access_key = <removed>",
    "sha256:0123456789abcdef0123456789abcdef",
])
def test_no_key(line: str) -> None:
    assert lines_with_keys(line) == []
