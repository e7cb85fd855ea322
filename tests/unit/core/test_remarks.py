"""What is said of a mount that serves and cannot do all that it should."""

import pytest

from mountd.core import remarks
from mountd.core.messages import Cause
from mountd.words.model import Health

READ, WRITE, FULL = Cause("read-denied", "AccessDenied"), Cause("write-denied"), Cause("store-full")
AWAY, VAGUE = Cause("connection-refused"), Cause("access-denied", "Permission denied")


@pytest.mark.parametrize(("found", "said", "told"), [
    ((Health.OK, None), (), (Health.OK, None)),
    ((Health.OK, None), (WRITE,), (Health.DEGRADED, WRITE)),
    ((Health.OK, None), (FULL, READ), (Health.DOWN, READ)),
    ((Health.DEGRADED, AWAY), (READ,), (Health.DEGRADED, AWAY)),
    ((Health.DEGRADED, VAGUE), (READ,), (Health.DOWN, READ)),
    ((Health.DEGRADED, VAGUE), (WRITE,), (Health.DEGRADED, VAGUE)),
    ((Health.DEGRADED, Cause("write-denied")), (READ,), (Health.DOWN, READ)),
    ((Health.UNKNOWN, None), (WRITE,), (Health.UNKNOWN, None)),
])
def test_an_outage_goes_before_and_a_vague_word_after(found: tuple[Health, Cause | None], said: tuple[Cause, ...],
                                                      told: tuple[Health, Cause | None]) -> None:
    assert remarks.verdict(found, said) == told


def test_what_s3_says_is_better_than_a_vague_word_of_mount_s3() -> None:
    closed, scheme = Cause("unreachable", "AWS_IO_SOCKET_CLOSED"), Cause("wrong-scheme", "TLS, not plain HTTP")
    assert remarks.better(closed, scheme) == scheme
    assert remarks.better(closed, None) == closed
    missing, host = Cause("bucket-missing"), Cause("host-unknown", "s3.example")
    assert remarks.better(missing, host) == host
    assert remarks.better(missing, Cause("unreachable")) == missing
    assert remarks.better(Cause("key-refused"), Cause("unreachable")) == Cause("key-refused")
