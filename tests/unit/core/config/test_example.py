"""The example that the package installs: every key is in it, and each works when its # is taken away."""

from __future__ import annotations

import json
import re

import pytest

from docs.gen import example
from mountd.core.config.reading import Facts, Source, read
from mountd.core.config.tables import MOUNT_TABLE
from mountd.words.keys import DAEMON_KEYS

TEXT = example.PATH.read_text(encoding="utf-8")
ENTRY = re.compile(r"^#([a-z_]+) = (.*)$", re.MULTILINE)
FACTS = Facts(user_exists=lambda _name: True, group_exists=lambda _name: True)
NEEDS = {
    "provider": ["endpoint_url"], "endpoint_url": ["provider"], "incremental_upload": ["bucket_type"],
    **{name: [row.requires] for name, row in MOUNT_TABLE.items() if row.requires},
}
VALUES = dict(ENTRY.findall(TEXT))


def test_it_is_what_the_tables_say() -> None:
    assert example.text() == TEXT, "run: python3 docs/gen/example.py"


def test_as_it_is_installed_it_asks_for_nothing() -> None:
    assert read([Source("mounts.toml", TEXT)], FACTS).mounts == ()


def test_every_key_is_in_it() -> None:
    assert VALUES.keys() == MOUNT_TABLE.keys() | DAEMON_KEYS.keys()


def test_lines_fit() -> None:
    assert max(map(len, TEXT.splitlines())) <= 110


@pytest.mark.parametrize("key", MOUNT_TABLE)
def test_a_key_of_a_mount_switched_on(key: str) -> None:
    keys = dict.fromkeys(["bucket", "folder", key, *NEEDS.get(key, [])])
    mount, = read([Source("m", "[[mount]]\n" + "".join(f"{one} = {VALUES[one]}\n" for one in keys))], FACTS).mounts
    assert mount.bucket == "erdos-23049527340598"


@pytest.mark.parametrize("key", DAEMON_KEYS)
def test_a_key_of_the_daemon_switched_on(key: str) -> None:
    settings = read([Source("m", f"[daemon]\n{key} = {VALUES[key]}\n")], FACTS).daemon
    value = getattr(settings, key)
    assert json.dumps(value) == VALUES[key]
