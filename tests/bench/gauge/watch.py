"""A reader who looks at a folder all the time, for whoever breaks something meanwhile.

Prints `watching` when it has begun and one JSON object after `seconds`.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from typing import Any

from .polling import readable

_PAUSE = 0.0005


def watch(folder: str, seconds: float) -> dict[str, Any]:
    """Reads that succeeded, that were refused, that met the bare folder; the longest time without a good one."""
    outside = os.stat(os.path.dirname(folder)).st_dev
    good = refused = bare = 0
    longest, last = 0.0, time.monotonic()
    deadline = last + seconds
    while (now := time.monotonic()) < deadline:
        with contextlib.suppress(OSError):
            bare += os.stat(folder).st_dev == outside
        if readable(folder):
            good += 1
            longest, last = max(longest, time.monotonic() - last), time.monotonic()
        else:
            refused += 1
        time.sleep(_PAUSE)
    return {"good": good, "refused": refused, "bare": bare, "gap": max(longest, now - last)}


if __name__ == "__main__":
    print("watching", flush=True)
    print(json.dumps(watch(**json.loads(sys.argv[1]))))
