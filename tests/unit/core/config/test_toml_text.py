"""A mount written and read again is the same mount."""

from dataclasses import replace

import pytest
import tomli
from hypothesis import given
from hypothesis import strategies as st

from mountd.core.config import toml_text
from mountd.core.config.facts import Facts, Source
from mountd.core.config.reading import read
from mountd.core.config.tables import MOUNT_TABLE
from mountd.words.keys import OWN_PLACE
from tests.unit.core.config.kit import accepted
from tests.unit.core.config.test_example import NEEDS, VALUES

ANYBODY = Facts(user_exists=lambda _name: True, group_exists=lambda _name: True)


@pytest.mark.parametrize("key", sorted(MOUNT_TABLE.keys() - OWN_PLACE))
def test_every_key_survives(key: str) -> None:
    keys = dict.fromkeys(["name", "bucket", "folder", key, *NEEDS.get(key, [])])
    before, = read([Source("m", "[[mount]]\n" + "".join(f"{one} = {VALUES[one]}\n" for one in keys))], ANYBODY).mounts
    text = toml_text.section(toml_text.of_mount(before))
    after, = read([Source("m", text)], ANYBODY).mounts
    assert replace(after, place=before.place) == before


@pytest.mark.parametrize("table", [
    '{ assume_role = "arn:aws:iam::111122223333:role/lab", source = { role = "instance" }, duration = "1h" }',
    '{ assume_role = "arn:aws:iam::111122223333:role/lab", source = { s3cfg = "/k", section = "lab" } }',
    '{ assume_role = "arn:aws:iam::111122223333:role/lab", external_id = "x42" }',
    '{ assume_role = "arn:aws:iam::111122223333:role/lab", web_identity = "/run/token", warn_before = "30min" }',
    '{ user = "rob", profile = "kopah", delivery = "broker" }',
    '{ systemd_credential = "lab" }',
])
def test_every_source_of_keys_survives(table: str) -> None:
    text = f'[[mount]]\nbucket = "erdos"\nfolder = "/mnt/e"\nregion = "us-west-2"\ncredentials = {table}\n'
    before, = read([Source("m", text)], ANYBODY).mounts
    after, = read([Source("m", toml_text.section(toml_text.of_mount(before)))], ANYBODY).mounts
    assert replace(after, place=before.place) == before


def test_what_counts_anyhow_is_not_written() -> None:
    mount, = accepted('[[mount]]\nbucket = "hilbert"\nfolder = "/mnt/h"\nstop_timeout = "90s"\nprovider = "ceph"\n'
                      'endpoint_url = "https://s3.test"\nregion = "us-east-1"\ncheck = { failures = 3 }\n').mounts
    assert toml_text.section(toml_text.of_mount(mount)) == (
        '[[mount]]\nname = "h"\nbucket = "hilbert"\nfolder = "/mnt/h"\nprovider = "ceph"\n'
        'endpoint_url = "https://s3.test"\n')


@given(st.text(st.characters(blacklist_categories=["Cs"])))
def test_any_text_is_read_back(text: str) -> None:
    assert tomli.loads(f"key = {toml_text.value(text)}")["key"] == text
