"""The search of a finished bundle: it knows the secrets of this machine, wherever they lie."""

from __future__ import annotations

import io
import os
import pwd
import tarfile
from pathlib import Path

import pytest

from mountd.system.host import collecting
from mountd.system.host.asked import Asked
from mountd.words import paths

HOME = "homehomehomehome0123"
COPY = "copycopycopycopy0123"
TOKEN = "tokentokentoken-0123"
WEB = "webwebwebwebwebw0123"
HOOK = "hookhookhookhook0123"


@pytest.fixture(autouse=True)
def _machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that has a secret of each kind."""
    rob = tmp_path / "home" / "rob"
    monkeypatch.setattr(pwd, "getpwall", lambda: [pwd.struct_passwd(("rob", "x", 1001, 1001, "", str(rob), "/bin/sh"))])
    for name in ("CONFIG", "DROPINS", "KEYS", "TOKENS"):
        monkeypatch.setattr(paths, name, tmp_path / name.lower())
    files = {rob / ".aws/credentials": f"[default]\naws_secret_access_key = {HOME}\n",
             paths.KEYS / "one" / "credentials": f"[default]\naws_secret_access_key = {COPY}\n",
             paths.TOKENS / "s3mount=2done": TOKEN, tmp_path / "web": f"{WEB}\n",
             paths.CONFIG: f'[daemon]\nwebhook = "https://hooks.example.org/services/{HOOK}"\n'}
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def scan(tmp_path: Path, text: str) -> list[str]:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        entry = tarfile.TarInfo("bundle/file.txt")
        entry.size = len(text)
        tar.addfile(entry, io.BytesIO(text.encode()))
    number = os.memfd_create("bundle")
    os.write(number, packed.getvalue())
    os.lseek(number, 0, os.SEEK_SET)
    mounts = [{"name": "one", "folder": "/srv/one", "web_identity": str(tmp_path / "web")}]
    try:
        hits: list[str] = collecting.scan({"mounts": mounts, "uid": 1001}, [number])["hits"]
        return hits
    finally:
        os.close(number)


@pytest.mark.parametrize("secret", [HOME, COPY, TOKEN, WEB, HOOK])
def test_a_secret_is_found(tmp_path: Path, secret: str) -> None:
    assert scan(tmp_path, f"something {secret} else") == ["bundle/file.txt: a secret of this machine"]


def test_nothing_is_found_where_nothing_is(tmp_path: Path) -> None:
    assert scan(tmp_path, "the services of one are well; hooks.example.org") == []


def test_the_configuration_is_shown_without_them() -> None:
    said = collecting.PARTS["configuration.json"](Asked())
    assert (HOOK in said, "<removed>" in said) == (False, True)


def test_what_is_no_toml_is_not_shown() -> None:
    paths.CONFIG.write_text('webhook = "https://hooks.example.org/x\nsecret')
    said = collecting.PARTS["configuration.json"](Asked())
    assert ("is no TOML (2 lines): at line 1" in said, "hooks" in said) == (True, False)
