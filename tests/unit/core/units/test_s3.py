"""The unit of the process that asks S3."""

from pathlib import Path

from mountd.core.units import s3 as s3_unit
from mountd.core.units.sandbox import SANDBOX
from tests.unit.core.units.unit_file import exposure

FOUND = {item.name: item.value for item in reversed(s3_unit.properties())}


def test_systemd_rates_the_exposure(tmp_path: Path) -> None:
    rating = exposure(s3_unit.properties(), tmp_path)
    print(f"exposure: {rating}")
    assert rating <= 1.5


def test_nothing_of_the_common_sandbox_is_loosened() -> None:
    assert [item.name for item in SANDBOX if FOUND.get(item.name) != item.value] == []


def test_nothing_is_handed_over_but_the_line() -> None:
    given = {name for name in FOUND if name.startswith(("LoadCredential", "SetCredential", "Bind", "PassEnvironment"))}
    assert given == set()
    assert FOUND["ExecStart"] == [
        ("/usr/libexec/s3mountd/s3mountd-s3", ["/usr/libexec/s3mountd/s3mountd-s3"], False)]
