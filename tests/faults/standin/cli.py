"""A stand-in for mount-s3 that misbehaves on command. It is not the engine and knows no S3.

It takes mount-s3's command line, serves a tiny tree from memory over the raw FUSE protocol on
`/dev/fd/N`, and does to each bucket what its control file says: see README.md. Standard library
only, as it runs inside the sandbox of a worker, in machines it is copied to.
"""

from __future__ import annotations

import re
import signal
import sys
import threading
import time
from typing import NoReturn

from .control import Control, leave, log
from .worker import Worker

VERSION = "mount-s3 1.24.0-standin"

# All options of mount-s3 1.24, those without and those with a value; the tests of the engine use them too.
FLAGS = {
    "force-path-style",
    "transfer-acceleration",
    "dual-stack",
    "requester-pays",
    "infer-content-type",
    "no-sign-request",
    "read-only",
    "allow-delete",
    "allow-overwrite",
    "incremental-upload",
    "auto-unmount",
    "allow-root",
    "allow-other",
    "foreground",
    "debug",
    "debug-crt",
    "log-metrics",
    "no-log",
}
VALUES = {
    "prefix",
    "region",
    "endpoint-url",
    "bucket-type",
    "expected-bucket-owner",
    "storage-class",
    "sse",
    "sse-kms-key-id",
    "upload-checksums",
    "profile",
    "uid",
    "gid",
    "dir-mode",
    "file-mode",
    "log-directory",
    "otlp-endpoint",
    "otlp-export-interval",
    "cache",
    "max-cache-size",
    "cache-xz",
    "metadata-ttl",
    "negative-metadata-ttl",
    "maximum-throughput-gbps",
    "max-threads",
    "memory-target",
    "part-size",
    "read-part-size",
    "write-part-size",
    "ca-bundle",
    "bind",
    "user-agent-prefix",
}
SHORT = {"-f": "foreground", "-d": "debug", "-l": "log-directory"}


def flood(control: Control) -> None:
    """Writes as many log lines per second as asked for, in tenths of a second."""
    while True:
        for number in range(control.faults().get("flood_lines_per_second", 0) // 10):
            log("WARN", f"flood {number}")
        time.sleep(0.1)


def parse(arguments: list[str]) -> tuple[list[str], dict[str, str]]:
    """Positional arguments and options; ends with status 2 on an option that mount-s3 1.24 has not."""
    places: list[str] = []
    options: dict[str, str] = {}
    rest = iter(arguments)
    for word in rest:
        if not word.startswith("-"):
            places.append(word)
            continue
        name, _, value = SHORT.get(word, word.removeprefix("--")).partition("=")
        if name in VALUES:
            options[name] = value or next(rest, "")
        elif name in FLAGS:
            options[name] = ""
        else:
            refuse(f"error: unexpected argument '{word}' found", 2)
    if len(places) != 2:
        refuse("error: the following required arguments were not provided: <BUCKET> <DIRECTORY>", 2)
    return places, options


def refuse(text: str, status: int) -> NoReturn:
    """Ends with a message on stderr."""
    print(text, file=sys.stderr, flush=True)
    sys.exit(status)


def handle_signals(control: Control) -> None:
    """Ends on SIGTERM, SIGINT and SIGHUP, or serves on as mount-s3 1.24.0 does with a descriptor."""

    def on_signal(number: int, _frame: object) -> None:
        log("INFO", "received interrupt signal, shutting down Mountpoint")
        if control.faults().get("on_sigterm") == "exit":
            leave({"status": 0})

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, on_signal)


def main(arguments: list[str]) -> None:
    """Runs one worker."""
    if arguments in (["--version"], ["-V"]):
        print(Control("*").faults().get("version", VERSION))
        return
    (source, place), options = parse(arguments)
    bucket = source.removeprefix("s3://").split("/")[0]
    target = re.fullmatch(r"/dev/fd/(\d+)", place)
    if target is None or "foreground" not in options:
        refuse("Error: the stand-in serves /dev/fd/N in the foreground only", 1)
    control = Control(bucket)
    faults = control.faults()
    threading.Thread(target=flood, args=(control,), daemon=True).start()
    time.sleep(faults.get("start_delay", 0))
    if "stderr" in faults or "exit_status" in faults:
        refuse(faults.get("stderr", "Error: told to fail"), faults.get("exit_status", 1))
    if faults.get("die_before_init"):
        leave({"signal": "SIGKILL"})
    handle_signals(control)
    print(f"bucket {bucket} is mounted at {place}", flush=True)
    Worker(int(target[1]), control, options).serve()
    log("INFO", "all FUSE workers exited, shutting down Mountpoint")
