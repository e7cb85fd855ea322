"""Whatever is written, reading ends with a configuration or with problems that have a place; never otherwise."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from mountd.core.config.reading import ConfigError, Facts, Source, read
from mountd.core.config.tables import MOUNT_TABLE
from mountd.words.keys import CREDENTIAL_KEYS, DAEMON_KEYS

KEYS = st.sampled_from([*MOUNT_TABLE, *DAEMON_KEYS, "profile", "aws_secret_access_key", "no_such", "odd key"])
TEXTS = st.sampled_from([
    "aws", "ceph", "abc", "/mnt/a", "/mnt/a/b", "~/x", "", "90s", "minimal", "https://s3.test", "us-west-2", "rob",
    "0755", "runs/", "s3://abc/x", "\x00", "\u00e9", "arn:aws:s3:::x", "arn:", "~", "https://[", "http://h:99999",
]) | st.text(max_size=8)
SCALARS = TEXTS.map(json.dumps) | st.integers(-2, 2**40).map(str) | st.sampled_from(
    ["true", "false", "nan", "-inf", "1e400", "07:32:00", "1979-05-27", "0o755", "[]", "{}", '["a", 1]', "[[1]]"])
CREDENTIALS = st.dictionaries(st.sampled_from([*CREDENTIAL_KEYS, "token"]), SCALARS, max_size=3).map(
    lambda items: "{" + ", ".join(f"{key} = {value}" for key, value in items.items()) + "}")
TABLES = st.dictionaries(KEYS, SCALARS | CREDENTIALS, max_size=6).map(
    lambda items: "".join(f"{json.dumps(key)} = {value}\n" for key, value in items.items()))
SECTIONS = st.lists(
    st.tuples(st.sampled_from(["[[mount]]", "[[mount]]", "[defaults]", "[daemon]", "[mount]", "[x]"]), TABLES),
    max_size=4).map(lambda parts: "".join(f"{head}\n{body}" for head, body in parts))
FACTS = Facts(regions=frozenset({"us-west-2"}), user_exists=lambda name: name == "rob",
              home_of=lambda name: "/home/rob" if name == "rob" else None)


def check(*texts: str) -> None:
    sources = [Source(f"{number}.toml", text) for number, text in enumerate(texts)]
    try:
        desired = read(sources, FACTS)
    except ConfigError as error:
        assert error.problems
        for problem in error.problems:
            lines = texts[int(problem.place.file.partition(".")[0])].count("\n") + 1
            assert 0 <= problem.place.line <= lines
            assert problem.text
    else:
        assert desired.digest
        assert all(mount.name and mount.bucket and mount.folder.startswith("/") for mount in desired.mounts)


@settings(max_examples=50, deadline=None)
@given(SECTIONS, SECTIONS)
def test_sections_of_right_and_wrong_keys(first: str, second: str) -> None:
    check(first, second)


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=80))
def test_any_text(text: str) -> None:
    check(text)
