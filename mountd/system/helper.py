"""The helper process: everything that may block on a file system, done in threads that nobody joins.

Started by ``system.probe``, which gives one end of a line (``system.answering``) as the argument. A thread stuck in the
kernel costs its own answer and nothing else.
"""

import contextlib
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from mountd.core import messages
from mountd.system import caches, evidence, folders, holders, keys, last_words, processes, small_files
from mountd.system.answering import Question, Tasks, serve
from mountd.system.host import keyring
from mountd.words.errors import MountdError
from mountd.words.model import Credentials

_VERSION_TIMEOUT = 10.0


def _statvfs(request: Question, descriptors: Sequence[int]) -> dict[str, Any]:
    """Ask the worker behind a mount for its figures: a round trip to the process, never answered from a cache.

    All zeros mean that the kernel did not ask because the caller may not enter (research note mount-s3.md, 2.9).
    There is no answer as long as the folder ``near`` does not answer either.
    """
    if "near" in request:
        with contextlib.suppress(OSError):
            os.stat(str(request["near"]))
    target = descriptors[0] if descriptors else str(request["path"])
    return {"blocks": os.statvfs(target).f_blocks}


def _check(request: Question, _descriptors: Sequence[int]) -> dict[str, Any]:
    """Look up a name that nobody has: ``errno`` is 0 when S3 said so, else what the caller of a file would get.

    mount-s3 asks S3 for a name that it does not know, by a HEAD and a LIST (research note mount-s3.md, 2.9).
    """
    path = str(request["path"])
    try:
        blocks = os.statvfs(path).f_blocks
        os.lstat(os.path.join(path, str(request["name"])))
    except FileNotFoundError:
        pass
    except OSError as error:
        return {"blocks": 1, "errno": error.errno}
    return {"blocks": blocks, "errno": 0}


def _prepare(request: Question, _descriptors: Sequence[int]) -> dict[str, Any]:
    """Folder, keys and cache of a mount: all that the host must say before a worker can start.

    A folder that is fit is told also when the rest is not (``refused``), for it can be guarded.
    """
    name = str(request["name"])
    folder = folders.prepare(
        str(request["folder"]), user=str(request["user"]), group=str(request["group"]),
        hide=request["nonempty"] == "hide", home=str(request.get("home", "")),
    )
    answer: dict[str, Any] = {"folder": asdict(folder), "refused": None}
    try:
        answer["keys"] = asdict(keys.find(name, Credentials(**request["credentials"]), folder.uid,
                                          str(request.get("keep_keys", ""))))
        keys.keep_ca(name, str(request["ca_bundle"]))
        cache = str(request["cache"])
        left = caches.left_over(cache, name, request["in_use"]) if cache else []
        answer["cache"] = caches.make(cache, name) if cache else ""
        # A large one takes its time (mount-s3 issue 1534: 850 GB), for which nobody should wait.
        threading.Thread(target=_sweep_all, args=(left,), daemon=True).start()
        answer["cache_full"] = bool(cache) and caches.is_full(cache)
    except MountdError as error:
        answer["refused"] = {"code": error.fault.code, "detail": error.detail}
    except OSError as error:
        answer["refused"] = {"code": "host-refused", "detail": f"{error.filename}: {error.strerror}"}
    return answer


def _keys_digest(request: Question, _descriptors: Sequence[int]) -> dict[str, Any]:
    return {"digest": keys.look(Credentials(**request["credentials"]), int(request["uid"])).digest}


def _copy_keys(request: Question, _descriptors: Sequence[int]) -> dict[str, Any]:
    keys.find(str(request["name"]), Credentials(**request["credentials"]), int(request["uid"]))
    return {}


def _sweep_all(folders_left: Sequence[str]) -> None:
    for folder in folders_left:
        caches.sweep(folder)


def _sweep(request: Question, _descriptors: Sequence[int]) -> dict[str, Any]:
    caches.sweep(str(request["path"]))
    return {}


def _words(request: Question, _descriptors: Sequence[int]) -> dict[str, Any]:
    return {"words": last_words.last_words(str(request["unit"]), float(request["since"]))}


def _latest(request: Question, _descriptors: Sequence[int]) -> dict[str, Any]:
    return {"lines": last_words.latest(str(request["unit"]), int(request["count"]))}


def _oom(request: Question, _descriptors: Sequence[int]) -> dict[str, Any]:
    return {"detail": messages.of_oom(
        last_words.of_kernel(float(request["since"])), str(request["unit"]), int(request["limit"]))}


def _version(request: Question, _descriptors: Sequence[int]) -> dict[str, Any]:
    binary = str(request["binary"])
    try:
        done = subprocess.run(
            [binary, "--version"], capture_output=True, text=True, timeout=_VERSION_TIMEOUT,
            stdin=subprocess.DEVNULL, env={"PATH": "/usr/bin:/bin"}, check=False,
        )
    except subprocess.TimeoutExpired:
        raise MountdError("host-refused", f"{binary} --version did not answer") from None
    return {"text": done.stdout.strip(), "status": done.returncode}


def _holders(request: Question, _descriptors: Sequence[int]) -> dict[str, Any]:
    return {"holders": holders.of_mount(int(request["mount_id"]), str(request["folder"]))}


def _memory(request: Question, _descriptors: Sequence[int]) -> dict[str, Any]:
    return {"bytes": processes.resident(int(request["pid"]))}


def _keep(request: Question, _descriptors: Sequence[int]) -> dict[str, Any]:
    small_files.write_json(Path(str(request["path"])), request["value"])
    return {}


def _drop_old(request: Question, _descriptors: Sequence[int]) -> dict[str, Any]:
    small_files.drop_old(Path(str(request["folder"])), float(request["seconds"]), request["but"])
    return {}


def _pulse(request: Question, _descriptors: Sequence[int]) -> dict[str, Any]:
    return {"pulse": asdict(processes.pulse(int(request["pid"])))}


def _evidence(request: Question, _descriptors: Sequence[int]) -> dict[str, Any]:
    about = {key: value for key, value in request.items() if key not in ("id", "task")}
    return {"path": evidence.take(about)}


TASKS: Tasks = {
    "statvfs": _statvfs,
    "check": _check,
    "prepare": _prepare,
    "keys": keyring.keys_of,
    "keys_digest": _keys_digest,
    "copy_keys": _copy_keys,
    "version": _version,
    "holders": _holders,
    "sweep": _sweep,
    "words": _words,
    "oom": _oom,
    "latest": _latest,
    "memory": _memory,
    "keep": _keep,
    "drop_old": _drop_old,
    "pulse": _pulse,
    "evidence": _evidence,
}


def main() -> None:
    """Entry point of the helper process."""
    threading.stack_size(256 * 1024)
    serve(socket.socket(fileno=int(sys.argv[1])), TASKS)
