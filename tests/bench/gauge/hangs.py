"""Workers stopped by SIGSTOP under a caller: how long until he is freed, and until the folder serves again."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

from .kills import of_s3mountd
from .polling import KNOWN, answer, readable, until

_CALLER = ["head", "-c", "1"]


def stop(pid: int) -> None:
    """SIGSTOP, and the proof that it works."""
    os.kill(pid, signal.SIGSTOP)
    status = Path(f"/proc/{pid}/status")
    until(lambda: "T (stopped)" in status.read_text(), f"{pid} is stopped")


def measure(folder: str, turns: int, bucket: str, options: list[str]) -> dict[str, Any]:
    """Seconds from the caller's first word, `turns` times; a bare worker, which `bucket` and `options` are for, would
    never come back."""
    freed, back = [], []
    for _ in range(turns):
        stop(until(lambda: of_s3mountd(folder), f"a worker for {folder}", pause=0.05))
        began = time.monotonic()
        subprocess.run([*_CALLER, f"{folder}/{KNOWN}"], check=False, capture_output=True, timeout=120)
        freed.append(time.monotonic() - began)
        until(lambda: readable(folder), f"{folder} after its worker was stopped")
        back.append(time.monotonic() - began)
    return {"freed": freed, "back": back}


if __name__ == "__main__":
    answer(measure)
