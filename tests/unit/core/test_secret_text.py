"""Keys in the forms in which people have them."""

import re

import pytest

from mountd.core import secret_text
from mountd.core.profiles import Keys

KEYS = Keys("AKIDEXAMPLE123456789", "se/cret+100%key")
AWS = "[default]\naws_access_key_id = AKIDEXAMPLE123456789\naws_secret_access_key = se/cret+100%key\n"


@pytest.mark.parametrize("text", [
    AWS,
    AWS.replace("default", "kopah"),
    "[default]\naccess_key = AKIDEXAMPLE123456789\nsecret_key = se/cret+100%key\nhost_base = s3.example.org\n",
    '{"AccessKeyId": "AKIDEXAMPLE123456789", "SecretAccessKey": "se/cret+100%key", "Version": 1}',
    f"{AWS}[other]\naws_access_key_id = NOT_THIS_ONE_1234567\naws_secret_access_key = x\n",
], ids=["aws", "only section", "s3cmd", "json", "default of two"])
def test_all_forms_lead_to_the_same_keys(text: str) -> None:
    assert secret_text.of_text(text) == KEYS
    assert secret_text.of_text(secret_text.aws_text(KEYS)) == KEYS


def test_a_token_is_kept() -> None:
    keys = secret_text.of_text('{"AccessKeyId": "A1", "SecretAccessKey": "s", "SessionToken": "t=="}')
    assert keys.token == "t=="
    assert secret_text.of_text(secret_text.aws_text(keys)) == keys


@pytest.mark.parametrize(("text", "words"), [
    ("", "neither JSON nor"), ("hunter2hunter2", "no ini file"), ("{hunter2hunter2", "no JSON"),
    ("[default]\naccess_key = hunter2\n", "has no secret_key"), ("[default]\nx = hunter2\n", "no aws_access_key_id"),
    ("[a]\n[b]\naws_access_key_id = hunter2", "no [default]"), ("[default]\n  = hunter2\n", "no ini file"),
    ("hunter2 = 1\n[default]\n", "no ini file"),
    ("[default]\naws_access_key_id = hunter2\naws_secret_access_key = two words hunter2\n", "blanks"),
])
def test_what_is_none_of_them_is_refused_without_repeating_it(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=re.escape(words)) as caught:
        secret_text.of_text(text)
    assert "hunter2" not in str(caught.value)


def test_a_section_that_is_not_there() -> None:
    with pytest.raises(KeyError):
        secret_text.of_section(AWS, "kopah")
