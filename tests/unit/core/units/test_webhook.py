"""The unit of the process that posts."""

from pathlib import Path

from mountd.core.units import webhook as webhook_unit
from mountd.core.units.sandbox import SANDBOX
from tests.unit.core.units.unit_file import exposure

FOUND = {item.name: item.value for item in reversed(webhook_unit.properties())}


def test_systemd_rates_the_exposure(tmp_path: Path) -> None:
    rating = exposure(webhook_unit.properties(), tmp_path)
    print(f"exposure: {rating}")
    assert rating <= 1.5


def test_nothing_of_the_common_sandbox_is_loosened() -> None:
    assert [item.name for item in SANDBOX if FOUND.get(item.name) != item.value] == []


def test_its_command_line_says_nothing() -> None:
    assert FOUND["ExecStart"] == [
        ("/usr/libexec/s3mountd/s3mountd-webhook", ["/usr/libexec/s3mountd/s3mountd-webhook"], False)]
