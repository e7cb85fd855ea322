"""Which mount-s3 is another one."""

import pytest

from mountd.core.programs import is_replaced, program


@pytest.mark.parametrize(("old", "new", "replaced"), [
    (program("/usr/bin/mount-s3", 1, 2, 3), program("/usr/bin/mount-s3", 1, 2, 3), False),
    (program("/usr/bin/mount-s3", 1, 2, 3), program("/usr/bin/mount-s3", 9, 2, 3), True),
    (program("/usr/bin/mount-s3", 1, 2, 3), program("/usr/local/bin/mount-s3", 9, 2, 3), False),
    ("", program("/usr/bin/mount-s3", 1, 2, 3), False),
])
def test_a_program_is_replaced_where_it_is(old: str, new: str, replaced: bool) -> None:
    assert is_replaced(old, new) is replaced
