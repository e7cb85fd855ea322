"""The unit of the status pages, and what systemd itself says of its sandbox."""

import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mountd.core import http_unit
from mountd.core.listen import Listen
from mountd.core.sandbox import SANDBOX, Property

LOOPBACK, OPEN = Listen("127.0.0.1", 9787), Listen("0.0.0.0", 9787)
SOCKET = Listen(path="/run/s3mountd-http/http.sock")
SECTION = {"After": "Unit", "StartLimitIntervalUSec": "Unit", "CollectMode": "Unit", "Description": "Unit"}


def values(listen: Listen) -> dict[str, object]:
    """By name; of a property that is there twice, the first."""
    return {item.name: item.value for item in reversed(http_unit.properties(listen, "1.0"))}


FORMS: dict[str, Callable[[Any], str]] = {
    "b": lambda value: "yes" if value else "no",
    "as": " ".join,
    "(bas)": lambda value: ("" if value[0] else "~") + " ".join(value[1]),
    "a(iayu)": lambda value: "any" if value[0][2] == 0 else "localhost",
    "(aiai)": lambda value: " ".join(map(str, value[0])),
    "a(sasb)": lambda value: " ".join(value[0][1]),
    "u": lambda value: f"{value:04o}",
}
NONE = {"CapabilityBoundingSet": "", "AmbientCapabilities": "", "RestrictNamespaces": "yes"}


def written(item: Property) -> str:
    """The property as a line of a unit file; names and forms that differ there are those of systemd.unit(5)."""
    text = NONE.get(item.name, FORMS.get(item.signature, str)(item.value))
    return f"{item.name.replace('USec', 'Sec')}={text}{'us' * item.name.endswith('USec')}"


@pytest.mark.parametrize("listen", [LOOPBACK, SOCKET])
def test_systemd_rates_the_exposure(listen: Listen, tmp_path: Path) -> None:
    lines = [written(item) for item in http_unit.properties(listen, "1.0") if item.name not in SECTION]
    unit = tmp_path / "s3mountd-http.service"
    unit.write_text("[Service]\n" + "\n".join(lines) + "\n")
    ran = subprocess.run(["systemd-analyze", "security", "--offline=yes", "--no-pager", str(unit)],
                         capture_output=True, text=True, check=False)
    rating = re.search(r"Overall exposure level for \S+: ([0-9.]+)", ran.stdout)
    assert rating, ran.stderr
    print(f"exposure on {listen}: {rating[1]}")
    assert float(rating[1]) <= 1.5


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
