"""The download of AWS's own mount-s3: only what the expected key signed is ever unpacked."""

from __future__ import annotations

import http.server
import platform
import subprocess
import tarfile
import tempfile
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.setup import worker

PROGRAM = "#!/bin/sh\necho mount-s3 1.24.0\n"


class Key:
    """A throw-away signing key in a keyring of its own; `when` is the day on which it lives, for one day."""

    def __init__(self, name: str, when: str = "") -> None:
        # Not below pytest's own long path: gpg-agent's socket must fit in 108 bytes.
        self._home = tempfile.TemporaryDirectory(prefix="s3mountd-key-")
        self._clock = ["--faked-system-time", when] if when else []
        life = "1d" if when else "never"
        self._gpg(
            "--passphrase", "", "--quick-gen-key", f"{name} <{name}@example.org>", "ed25519", "sign", life
        )
        rows = [line.split(":") for line in self._gpg("--with-colons", "--list-keys").decode().splitlines()]
        self.fingerprint = next(row[9] for row in rows if row[0] == "fpr")

    def _gpg(self, *args: str) -> bytes:
        command = [
            "gpg",
            "--homedir",
            self._home.name,
            "--batch",
            "--no-tty",
            "--pinentry-mode",
            "loopback",
            *self._clock,
            *args,
        ]
        return subprocess.run(command, check=True, capture_output=True).stdout

    def public(self) -> bytes:
        return self._gpg("--armor", "--export")

    def sign(self, path: Path) -> bytes:
        return self._gpg("--armor", "--output", "-", "--detach-sign", str(path))

    def close(self) -> None:
        subprocess.run(["gpgconf", "--homedir", self._home.name, "--kill", "all"], check=True)
        self._home.cleanup()


@pytest.fixture(scope="module")
def keys() -> Iterator[tuple[Key, Key]]:
    pair = Key("release"), Key("stranger")
    yield pair
    for key in pair:
        key.close()


class Site:
    """A release site on loopback, laid out like AWS's."""

    def __init__(self, root: Path, key: Key) -> None:
        self.folder = root / "latest" / worker.ARCHITECTURES[platform.machine()]
        self.folder.mkdir(parents=True)
        (root / "public_keys").mkdir()
        self.keys = root / "public_keys/KEYS"
        self.keys.write_bytes(key.public())
        program = root / "mount-s3"
        program.write_text(PROGRAM)
        program.chmod(0o755)
        self.archive = self.folder / "mount-s3.tar.gz"
        with tarfile.open(self.archive, "w:gz") as archive:
            archive.add(program, "bin/mount-s3")
        self.signature = self.folder / "mount-s3.tar.gz.asc"
        self.signature.write_bytes(key.sign(self.archive))


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def site(
    tmp_path: Path, keys: tuple[Key, Key], monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Site, str]]:
    monkeypatch.setenv("S3MOUNTD_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("no_proxy", "*")
    made = Site(tmp_path / "site", keys[0])
    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), partial(_Quiet, directory=str(tmp_path / "site"))
    )
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield made, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_good_signature_is_accepted_and_unpacked_once(
    site: tuple[Site, str], keys: tuple[Key, Key]
) -> None:
    made, url = site
    prefix = worker.amazons(url, {keys[0].fingerprint})
    done = subprocess.run([str(prefix / "bin/mount-s3")], check=True, capture_output=True, text=True)
    assert done.stdout == "mount-s3 1.24.0\n"
    made.archive.unlink()
    assert worker.amazons(url, {keys[0].fingerprint}) == prefix


def refused(url: str, key: Key, cache: Path) -> None:
    with pytest.raises(worker.NotVerified):
        worker.amazons(url, {key.fingerprint})
    assert not list(cache.glob("worker-aws-*")), "something unverified was kept"


def test_a_changed_file_is_refused(site: tuple[Site, str], keys: tuple[Key, Key], tmp_path: Path) -> None:
    made, url = site
    data = bytearray(made.archive.read_bytes())
    data[len(data) // 2] ^= 1
    made.archive.write_bytes(data)
    refused(url, keys[0], tmp_path / "cache")


def test_a_truncated_file_is_refused(site: tuple[Site, str], keys: tuple[Key, Key], tmp_path: Path) -> None:
    made, url = site
    made.archive.write_bytes(made.archive.read_bytes()[:-1])
    refused(url, keys[0], tmp_path / "cache")


def test_another_key_is_refused_even_when_the_site_offers_it(
    site: tuple[Site, str], keys: tuple[Key, Key], tmp_path: Path
) -> None:
    made, url = site
    made.keys.write_bytes(keys[0].public() + keys[1].public())
    made.signature.write_bytes(keys[1].sign(made.archive))
    refused(url, keys[0], tmp_path / "cache")


def test_an_expired_key_is_refused(site: tuple[Site, str], tmp_path: Path) -> None:
    made, url = site
    old = Key("old", "20200101T000000")
    made.keys.write_bytes(old.public())
    made.signature.write_bytes(old.sign(made.archive))
    old.close()
    refused(url, old, tmp_path / "cache")


def test_a_missing_key_or_broken_signature_is_refused(
    site: tuple[Site, str], keys: tuple[Key, Key], tmp_path: Path
) -> None:
    made, url = site
    made.keys.write_bytes(b"")
    refused(url, keys[0], tmp_path / "cache")
    made.keys.write_bytes(keys[0].public())
    made.signature.write_bytes(b"not a signature\n")
    refused(url, keys[0], tmp_path / "cache")


def test_an_absent_release_is_an_os_error(site: tuple[Site, str], keys: tuple[Key, Key]) -> None:
    made, url = site
    made.archive.unlink()
    with pytest.raises(OSError, match="404"):
        worker.amazons(url, {keys[0].fingerprint})


def test_a_named_worker_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("S3MOUNTD_WORKER", "/somewhere")
    assert worker.worker() == Path("/somewhere")


def test_the_one_on_path_comes_before_the_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "tree/bin/mount-s3"
    program.parent.mkdir(parents=True)
    program.write_text(PROGRAM)
    program.chmod(0o755)
    (tmp_path / "tree/lib").mkdir()
    (tmp_path / "tree/lib/libfuse3.so.3").write_text("library")
    monkeypatch.setenv("S3MOUNTD_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", str(program.parent), prepend=":")
    monkeypatch.delenv("S3MOUNTD_WORKER", raising=False)
    prefix = worker.worker()
    assert (prefix / "bin/mount-s3").read_text() == PROGRAM
    assert (prefix / "lib/libfuse3.so.3").read_text() == "library"
