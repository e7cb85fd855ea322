"""What a person is told to mend, and where."""

from mountd.core.messages import Cause
from mountd.core.reasons import reason
from mountd.words.model import Mount, Place

MOUNT = Mount("data", "erdos", "/srv/data", Place("/etc/s3mountd/mounts.toml", 3))


def test_the_line_of_the_file_is_named() -> None:
    hint = reason(Cause("bucket-missing"), MOUNT).hint
    assert hint == "check the spelling in /etc/s3mountd/mounts.toml:3, or make the bucket"


def test_users_are_not_sent_to_a_file_that_they_cannot_write() -> None:
    place = Place("/etc/s3mountd/users.d/rob.toml", 2)
    hint = reason(Cause("bucket-missing"), Mount("rob.data", "erdos", "/home/rob/data", place, owner="rob")).hint
    assert hint.startswith("check the spelling in the mount (s3mountctl remove rob.data, then add it anew), or ")
