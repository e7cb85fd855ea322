"""What ``s3mountctl bucket size`` found, for the status document: read again when the file has changed."""

from typing import Any

from mountd.core import measured
from mountd.core.measured import Measured
from mountd.system.small_files import read_json
from mountd.words import paths
from mountd.words.model import Mount


class Sizes:
    """The kept figures."""

    def __init__(self) -> None:
        self._seen: tuple[int, int] | None = None
        self._kept: Any = None

    def of(self, mount: Mount) -> Measured | None:
        """What was last counted of a mount's bucket and prefix, None when nobody did."""
        try:
            facts = paths.SIZES.stat()
        except OSError:
            return None
        seen = (facts.st_ino, facts.st_mtime_ns)
        if seen != self._seen:
            self._seen, self._kept = seen, read_json(paths.SIZES)
        return measured.read(self._kept, measured.key_of(mount))
