"""How much is in buckets, for the status document: what ``s3mountctl bucket size`` found, read again when its file has
changed, and what stores tell by themselves."""

from collections.abc import Mapping
from typing import Any

from mountd.core import measured
from mountd.core.measured import Measured
from mountd.daemon import state_files
from mountd.system.small_files import read_json
from mountd.words import paths
from mountd.words.model import Mount


class Sizes:
    """The kept figures."""

    def __init__(self) -> None:
        self._seen: tuple[int, int] | None = None
        self._kept: Any = None
        self._told: Any = read_json(paths.USAGE)

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

    def told(self, mount: Mount) -> Measured | None:
        """What the store last told of a mount's whole bucket, None where it tells nothing."""
        return measured.read(self._told, measured.key_of_bucket(mount))

    def learn(self, mount: Mount, usage: Mapping[str, int], now: float) -> bool:
        """Take on what the store told at ``now`` (seconds since the epoch); False for one that tells nothing."""
        one = measured.told(usage, now)
        if one is None:
            return False
        self._told = measured.added(self._told, measured.key_of_bucket(mount), one)
        state_files.keep(paths.USAGE, self._told)
        return True
