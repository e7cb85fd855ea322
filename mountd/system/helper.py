"""The helper process: everything that may block on a file system, done in threads that nobody joins.

Started by ``system.probe``, which gives one end of a SOCK_SEQPACKET pair as the argument. A request is a JSON object
``{"id", "task", ...}`` with at most one descriptor beside it; the answer is ``{"id", ...}`` or
``{"id", "code", "detail"}``. A thread stuck in the kernel costs its own answer and nothing else.
"""

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from mountd.system import caches, folders, holders, keys, last_words
from mountd.words.errors import MountdError
from mountd.words.model import Credentials

_VERSION_TIMEOUT = 10.0
MESSAGE_LIMIT = 65536
"""Bytes of one message; SOCK_SEQPACKET keeps messages whole."""


def _statvfs(request: Mapping[str, Any], descriptor: int | None) -> dict[str, Any]:
    """Ask the worker behind a mount for its figures: a round trip to the process, never answered from a cache.

    All zeros mean that the kernel did not ask because the caller may not enter (research note mount-s3.md, 2.9).
    """
    target = descriptor if descriptor is not None else str(request["path"])
    return {"blocks": os.statvfs(target).f_blocks}


def _prepare(request: Mapping[str, Any], _descriptor: int | None) -> dict[str, Any]:
    """Folder, keys and cache of a mount: all that the host must say before a worker can start.

    A folder that is fit is told also when the rest is not (``refused``), for it can be guarded.
    """
    name = str(request["name"])
    folder = folders.prepare(
        str(request["folder"]), user=str(request["user"]), group=str(request["group"]),
        hide=request["nonempty"] == "hide",
    )
    answer: dict[str, Any] = {"folder": asdict(folder), "refused": None}
    try:
        answer["keys"] = asdict(keys.find(name, Credentials(**request["credentials"]), folder.uid))
        answer["cache"] = caches.make(str(request["cache"]), name, request["in_use"]) if request["cache"] else ""
    except MountdError as error:
        answer["refused"] = {"code": error.fault.code, "detail": error.detail}
    return answer


def _sweep(request: Mapping[str, Any], _descriptor: int | None) -> dict[str, Any]:
    caches.sweep(str(request["path"]))
    return {}


def _words(request: Mapping[str, Any], _descriptor: int | None) -> dict[str, Any]:
    return {"words": last_words.last_words(str(request["unit"]), float(request["since"]))}


def _version(request: Mapping[str, Any], _descriptor: int | None) -> dict[str, Any]:
    done = subprocess.run(
        [str(request["binary"]), "--version"], capture_output=True, text=True, timeout=_VERSION_TIMEOUT,
        stdin=subprocess.DEVNULL, env={"PATH": "/usr/bin:/bin"}, check=False,
    )
    return {"text": done.stdout.strip(), "status": done.returncode}


def _holders(request: Mapping[str, Any], _descriptor: int | None) -> dict[str, Any]:
    return {"holders": holders.of_mount(int(request["mount_id"]), str(request["folder"]))}


TASKS: dict[str, Callable[[Mapping[str, Any], int | None], dict[str, Any]]] = {
    "statvfs": _statvfs,
    "prepare": _prepare,
    "version": _version,
    "holders": _holders,
    "sweep": _sweep,
    "words": _words,
}


def _run(channel: socket.socket, request: Mapping[str, Any], descriptor: int | None) -> None:
    try:
        answer = TASKS[str(request["task"])](request, descriptor)
    except MountdError as error:
        answer = {"code": error.fault.code, "detail": error.detail}
    except OSError as error:
        answer = {"code": "host-refused", "detail": error.strerror or str(error), "errno": error.errno}
    except subprocess.TimeoutExpired:
        answer = {"code": "host-refused", "detail": f"{request.get('binary')} --version did not answer"}
    finally:
        if descriptor is not None:
            os.close(descriptor)
    channel.send(json.dumps({"id": request["id"], **answer}).encode())


def serve(channel: socket.socket) -> None:
    """Answer requests until the other end is closed."""
    while True:
        message, descriptors, _flags, _address = socket.recv_fds(channel, MESSAGE_LIMIT, 1, socket.MSG_CMSG_CLOEXEC)
        if not message:
            return
        request = json.loads(message)
        descriptor = descriptors[0] if descriptors else None
        threading.Thread(target=_run, args=(channel, request, descriptor), daemon=True).start()


def main() -> None:
    """Entry point of the helper process."""
    threading.stack_size(256 * 1024)
    serve(socket.socket(fileno=int(sys.argv[1])))
    # A daemon thread in an uninterruptible call would hold up an orderly interpreter exit.
    os._exit(0)

