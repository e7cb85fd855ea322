"""A command at a terminal inside a machine, whose questions are answered."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from tests.machine import Machine
from tests.system.kit import PYTHON

ON_PTY = (Path(__file__).parent / "on_pty.py").read_text()


def converse(machine: Machine, command: str, answers: Sequence[tuple[str, str]], user: str | None = None,
             limit: float = 120) -> tuple[int | None, str]:
    """Exit status and all that was shown; each answer is typed once the text since the last one ends with its question.
    A question that is never put ends the command after ``limit`` seconds, the status then being None."""
    process = machine.popen(["timeout", str(limit), PYTHON, "-c", ON_PTY, "sh", "-c", f"cd; {command}"], user,
                            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin is not None and process.stdout is not None
    left, seen, fresh, status = list(answers), "", "", None
    for line in process.stdout:
        said = json.loads(line)
        fresh += said.get("text", "")
        status = said.get("exit", status)
        if left and fresh.endswith(left[0][0]):
            seen, fresh = seen + fresh, ""
            # The terminal's echo of the last answer has come, but the program may not read yet.
            time.sleep(0.05)
            process.stdin.write(f"keys {left.pop(0)[1]}\\n\n".encode())
            process.stdin.flush()
    process.wait()
    return status, seen + fresh
