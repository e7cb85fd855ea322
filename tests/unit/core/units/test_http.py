"""The unit of the status pages, and what systemd itself says of its sandbox."""

from pathlib import Path

import pytest

from mountd.core.listen import Listen
from mountd.core.units import http as http_unit
from mountd.core.units.sandbox import SANDBOX
from tests.unit.core.units.unit_file import exposure

LOOPBACK, OPEN = Listen("127.0.0.1", 9787), Listen("0.0.0.0", 9787)
SOCKET = Listen(path="/run/s3mountd-http/http.sock")


def values(listen: Listen) -> dict[str, object]:
    """By name; of a property that is there twice, the first."""
    return {item.name: item.value for item in reversed(http_unit.properties(listen, "1.0"))}


@pytest.mark.parametrize("listen", [LOOPBACK, SOCKET])
def test_systemd_rates_the_exposure(listen: Listen, tmp_path: Path) -> None:
    rating = exposure(http_unit.properties(listen, "1.0"), tmp_path)
    print(f"exposure on {listen}: {rating}")
    assert rating <= 1.5


def test_nothing_of_the_common_sandbox_is_loosened() -> None:
    found = values(LOOPBACK)
    changed = {item.name for item in SANDBOX if found.get(item.name) != item.value}
    assert changed == {"RestrictAddressFamilies", "DynamicUser"}
    assert found["User"] == "s3mountd-http"
    assert found["RestrictAddressFamilies"] == (True, ["AF_UNIX", "AF_INET"])


def test_a_loopback_address_speaks_to_loopback_only() -> None:
    assert (2, b"\x7f\0\0\0", 8) in values(LOOPBACK)["IPAddressAllow"]  # type: ignore[operator]
    assert "IPAddressDeny" in values(LOOPBACK)


def test_an_address_for_others_is_not_shut_off_from_them() -> None:
    assert "IPAddressDeny" not in values(OPEN)


def test_a_unix_socket_needs_no_network_at_all() -> None:
    assert values(SOCKET)["RestrictAddressFamilies"] == (True, ["AF_UNIX"])
    assert values(SOCKET)["RuntimeDirectory"] == ["s3mountd-http"]


def test_the_command_line_says_the_address_as_it_is_written() -> None:
    assert http_unit.command(Listen("::1", 9787)) == ["/usr/libexec/s3mountd/s3mountd-http", "--listen", "[::1]:9787"]


def test_another_address_or_version_is_described_otherwise() -> None:
    said = {http_unit.description(listen, version) for listen in (LOOPBACK, SOCKET) for version in ("1", "2")}
    assert len(said) == 4
