"""What is left out of a bundle, and what is found when it was not."""

import tomli

from mountd.core import redaction
from mountd.core.redaction import REMOVED

CONFIG = """
# the old key was AKIAABCDEFGHIJKLMNOP
strange = "value"
[daemon]
webhook = "https://hooks.example.org/services/T0123456789AB/secret"
on_change = ["/usr/local/bin/tell", "--token", "abc"]
http = "127.0.0.1:9787"
[[mount]]
bucket = "b-one"
folder = "/srv/one"
endpoint_url = "https://me:password@s3.example.org/?token=x"
aws_secret_access_key = "abcdefghijklmnop"
credentials = { profile = "campus", user = "rob", external_id = "e", secret = "s" }
check = { interval = "60s" }
read_only = true
"""


def test_only_what_is_known_is_shown() -> None:
    assert redaction.configuration(tomli.loads(CONFIG)) == {
        "strange": REMOVED,
        "daemon": {"webhook": REMOVED, "on_change": ["/usr/local/bin/tell", REMOVED], "http": "127.0.0.1:9787"},
        "mount": [{"bucket": "b-one", "folder": "/srv/one", "endpoint_url": "https://s3.example.org/",
                   "aws_secret_access_key": REMOVED,
                   "credentials": {"profile": "campus", "user": "rob", "external_id": REMOVED, "secret": REMOVED},
                   "check": {"interval": "60s"}, "read_only": True}]}
    assert redaction.configuration({"mount": "nonsense", "daemon": 1}) == {"mount": REMOVED, "daemon": REMOVED}


def test_a_log_without_its_secrets() -> None:
    line = "asked with hunter2hunter2 by Credential=AKIAABCDEFGHIJKLMNOP/20261122, short: ab"
    assert redaction.text(line, {"hunter2hunter2", "ab"}) == (
        f"asked with {REMOVED} by Credential={REMOVED}/20261122, short: ab")


def test_what_should_not_be_there_is_found() -> None:
    assert redaction.hits("all is well", {"hunter2hunter2"}) == []
    assert redaction.hits("x hunter2hunter2 y", {"hunter2hunter2"}) == ["a secret of this machine"]
    assert redaction.hits("x AKIAABCDEFGHIJKLMNOP y", set()) == ["something like a key"]
    assert redaction.hits("services", redaction.secrets_of_webhook("https://h.example.org/services/x")) == []


def test_secrets_of_the_files_of_every_tool() -> None:
    aws = "[default]\naws_access_key_id = A\naws_secret_access_key = one/1+2=\naws_session_token=two\n"
    assert redaction.secrets_of(aws) == {"one/1+2=", "two"}
    assert redaction.secrets_of("[default]\naccess_key = A\nsecret_key = three\n") == {"three"}
    assert redaction.secrets_of("[r]\ntype = s3\nsecret_access_key = four\n") == {"four"}
    assert redaction.secrets_of("AKIAABCDEFGHIJKLMNOP:abcdefghijklmnopqrstuvwxyz\n") == {"abcdefghijklmnopqrstuvwxyz"}
    webhook = "https://u:pass9word9word@h.example.org/services/T0123456789AB?q=0123456789ab"
    assert redaction.secrets_of_webhook(webhook) == {webhook, "pass9word9word", "T0123456789AB", "q=0123456789ab"}
