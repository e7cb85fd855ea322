"""Uploads that a crash has left incomplete: shown, and aborted below the mount's prefix where that is wanted."""

from __future__ import annotations

import pytest

from mountd.core.uploads import TRY
from tests.machine import Machine
from tests.machine.failures import odd, odd_stores
from tests.system import kit

pytestmark = pytest.mark.once("13")

BUCKET = "bucket-two"
PIECE = 12 << 20
"""Bytes: more than one part."""


def _left(machine: Machine) -> list[str]:
    said = kit.store(machine, "list_multipart_uploads", Bucket=BUCKET)
    # The upload that is begun to try the keys may be under way.
    return sorted(one["Key"] for one in said.get("Uploads", ()) if not one["Key"].rpartition("/")[2].startswith(TRY))


def _abort_all(machine: Machine) -> None:
    for one in kit.store(machine, "list_multipart_uploads", Bucket=BUCKET).get("Uploads", ()):
        kit.store(machine, "abort_multipart_upload", Bucket=BUCKET, Key=one["Key"], UploadId=one["UploadId"])


def _looked(machine: Machine, **wanted: int) -> kit.Document:
    """The mount's uploads once they are as wanted; a look that fails is not made again by itself for an hour."""
    def found() -> kit.Document:
        kit.check(machine, "runs")
        uploads: kit.Document = kit.look(machine, "runs")["uploads"] or {}
        return uploads if uploads and {key: uploads[key] for key in wanted} == wanted else {}

    return machine.wait_until(found, 40, f"uploads are {wanted}", every=2)


def test_what_a_crash_has_left_is_shown_and_aborted_when_it_is_old(machine: Machine) -> None:
    _abort_all(machine)
    kit.configure(machine, kit.mount("runs", BUCKET, prefix="runs/"))
    [one] = kit.wait_ok(machine, "runs")
    with kit.opened(machine, "/srv/runs/lost", "w") as handle:
        assert handle.ask("write", PIECE) == "ok"
        machine.wait_until(lambda: _left(machine) == ["runs/lost"], 10, "the upload has begun")
        kit.kill(machine, one["pid"])
        handle.ask("close")
    kit.wait_for(machine, "runs", state="mounted", health="ok", restarts=1)
    assert _left(machine) == ["runs/lost"], "the crash has left it"
    kit.store(machine, "create_multipart_upload", Bucket=BUCKET, Key="others")
    assert _looked(machine, count=1, aborted=0)["oldest"]
    assert "1 incomplete" in machine.run("s3mountctl status runs").stdout
    with odd_stores(machine):
        # By this one's clock the upload is two days old.
        kit.configure(machine, kit.mount("runs", BUCKET, prefix="runs/", endpoint_url=odd("later"),
                                         abort_uploads_after="1h"))
        kit.wait_ok(machine, "runs")
        _looked(machine, count=0)
        assert _left(machine) == ["others"], "below the prefix only"
        assert "aborted, older than abort_uploads_after" in machine.journal("-u", "s3mountd")
    kit.configure(machine)
    _abort_all(machine)
