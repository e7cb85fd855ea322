"""The answering end of a line (``core.line``): each question in a thread of its own that nobody joins. No gi here."""

import json
import os
import socket
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mountd.core.line import ALIVE, DESCRIPTOR_LIMIT, MESSAGE_LIMIT
from mountd.words.errors import MountdError

Question = Mapping[str, Any]
Tasks = Mapping[str, Callable[[Question, Sequence[int]], dict[str, Any]]]
"""What can be asked; a task may raise MountdError and OSError, and its descriptors are closed for it."""


def _run(channel: socket.socket, tasks: Tasks, question: Question, descriptors: Sequence[int]) -> None:
    task = str(question["task"])
    # What nobody foresaw goes up and into the journal; who asked gets an answer all the same.
    answer: dict[str, Any] = {"failed": {"code": "host-refused", "detail": f"{task} broke off"}}
    try:
        answer = tasks[task](question, descriptors)
    except MountdError as error:
        answer = {"failed": {"code": error.fault.code, "detail": error.detail}}
    except OSError as error:
        answer = {"failed": {"code": "host-refused", "detail": error.strerror or str(error)}}
    finally:
        for descriptor in descriptors:
            os.close(descriptor)
        channel.send(json.dumps({"id": question["id"], **answer}).encode())


def serve(channel: socket.socket, tasks: Tasks) -> None:
    """Answer questions until the other end is closed; then the process is over, whatever is under way."""
    answer(channel, tasks)
    # A daemon thread in an uninterruptible call would hold up an orderly interpreter exit.
    os._exit(0)


def answer(channel: socket.socket, tasks: Tasks) -> None:
    """Answer questions until the other end is closed."""
    while True:
        message, descriptors, _flags, _address = socket.recv_fds(
            channel, MESSAGE_LIMIT, DESCRIPTOR_LIMIT, socket.MSG_CMSG_CLOEXEC)
        if not message:
            return
        question = json.loads(message)
        if question["task"] == ALIVE:
            channel.send(json.dumps({"id": question["id"]}).encode())
            continue
        threading.Thread(target=_run, args=(channel, tasks, question, descriptors), daemon=True).start()
