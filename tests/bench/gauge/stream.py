"""One large file read from beginning to end, through s3mountd's mount and through a bare one, in turn."""

from __future__ import annotations

import os
import time
from typing import Any

from . import bare
from .polling import answer

_PIECE = 1 << 20


def read(path: str) -> float:
    """MB/s of one sequential read; the kernel's copy is given up first."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        began, size = time.monotonic(), 0
        while piece := os.read(descriptor, _PIECE):
            size += len(piece)
        return size / _PIECE / (time.monotonic() - began)
    finally:
        os.close(descriptor)


def measure(folder: str, key: str, rounds: int, bucket: str, options: list[str]) -> dict[str, Any]:
    """`rounds` reads of the file on each side."""
    paths = bare.folders(1)
    bare.start(bucket, paths, options)
    ours, peer = [], []
    for _ in range(rounds):
        peer.append(read(f"{paths[0]}/{key}"))
        ours.append(read(f"{folder}/{key}"))
    size = os.stat(f"{folder}/{key}").st_size
    bare.end(paths)
    return {"ours": ours, "bare": peer, "size": size}


if __name__ == "__main__":
    answer(measure)
