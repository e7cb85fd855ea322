"""What is said on a line to a process of ours. ``system.asking`` and ``cli.child`` ask, ``system.answering`` answers.

A line is a SOCK_SEQPACKET pair. A question is a JSON object ``{"id", "task", ...}`` with descriptors beside it; the
answer is ``{"id", ...}`` or ``{"id", "failed": {"code", "detail"}}``.
"""

import json
from collections.abc import Mapping
from typing import Any

from mountd.words.errors import MountdError

MESSAGE_LIMIT = 65536
"""Bytes of one message; SOCK_SEQPACKET keeps messages whole."""
DESCRIPTOR_LIMIT = 8
"""Descriptors beside one message."""
ALIVE = "alive"
"""The task that the answering loop itself answers: it turns."""

Answer = Mapping[str, Any]

_BEGIN = ("import importlib, sys; sys.path.insert(0, sys.argv.pop(1)); "
          "importlib.import_module(sys.argv.pop(1)).main()")


def program(python: str, root: str, module: str, *words: str) -> list[str]:
    """The command that starts a process of ours: ``main()`` of a module of the package that lies in ``root``.

    Isolated from the environment and the user's site, as the daemon itself is.
    """
    return [python, "-I", "-c", _BEGIN, root, module, *words]


def question(number: int, task: str, fields: Mapping[str, object]) -> bytes:
    """A question as it is sent."""
    return json.dumps({"id": number, "task": task, **fields}).encode()


def answered(message: bytes) -> tuple[int, Answer | MountdError]:
    """The number of a question, and what is said to it."""
    said = json.loads(message)
    failed = said.get("failed")
    return said["id"], MountdError(failed["code"], failed["detail"]) if failed else said
