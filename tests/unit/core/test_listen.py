"""The value of daemon.http."""

import pytest

from mountd.core import listen
from mountd.core.config.reading import Facts, Source, read
from mountd.core.listen import Listen, WrongAddressError


@pytest.mark.parametrize(("text", "address", "local"), [
    ("127.0.0.1:9787", Listen("127.0.0.1", 9787), True),
    ("localhost:9787", Listen("127.0.0.1", 9787), True),
    ("[::1]:9787", Listen("::1", 9787), True),
    ("127.0.0.2:1024", Listen("127.0.0.2", 1024), True),
    ("/run/s3mountd-http/http.sock", Listen(path="/run/s3mountd-http/http.sock"), True),
    ("192.0.2.7:65535", Listen("192.0.2.7", 65535), False),
    ("0.0.0.0:9787", Listen("0.0.0.0", 9787), False),
    ("[::]:9787", Listen("::", 9787), False),
])
def test_addresses(text: str, address: Listen, local: bool) -> None:
    found = listen.parse(text)
    assert found == address
    assert found.local is local
    assert listen.parse(str(found)) == found


def test_off() -> None:
    assert listen.parse("off") is None


@pytest.mark.parametrize(("text", "hint"), [
    ("127.0.0.1", 'write "127.0.0.1:9787"'),
    ("::1", 'write "[::1]:9787"'),
    ("on", 'write "127.0.0.1:9787"'),
    ("", 'write "127.0.0.1:9787"'),
    ("*:9787", "0.0.0.0:9787"),
    ("example.org:9787", 'write "127.0.0.1:9787"'),
    ("127.0.0.1:80", 'write "127.0.0.1:9787"'),
    ("127.0.0.1:99999", 'write "127.0.0.1:9787"'),
    ("127.0.0.1:" + "9" * 5000, 'write "127.0.0.1:9787"'),
    ("/run/systemd/private", 'write "/run/s3mountd-http/http.sock"'),
    ("/run/s3mountd-http/../x", 'write "/run/s3mountd-http/http.sock"'),
    ("/run/s3mountd-http/..", 'write "/run/s3mountd-http/http.sock"'),
    ("http://127.0.0.1:9787", 'write "127.0.0.1:9787"'),
])
def test_what_is_no_address_is_told_the_right_form(text: str, hint: str) -> None:
    with pytest.raises(WrongAddressError) as caught:
        listen.parse(text)
    assert hint in caught.value.hint


@pytest.mark.parametrize(("value", "notes"), [("127.0.0.1:9787", 0), ("off", 0), ("0.0.0.0:9787", 1)])
def test_pages_that_others_can_read_are_noted(value: str, notes: int) -> None:
    desired = read([Source("m.toml", f'[daemon]\nhttp = "{value}"\n')], Facts())
    assert desired.daemon.http == value
    assert len(desired.notes) == notes
    assert all("can read the status of all mounts" in str(note) for note in desired.notes)


def test_nothing_listens_unless_it_is_asked_to() -> None:
    assert read([Source("m.toml", "")], Facts()).daemon.http == "off"
