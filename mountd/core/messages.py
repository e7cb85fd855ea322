"""What mount-s3 said and how it ended, turned into a code of ``words.errors``.

The stems are mount-s3's own (research notes mount-s3.md 2.4 and ceph.md 4, read in its source and measured); one row
each, first match wins, so the particular stands before the general.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Ending:
    """How a worker ended, in systemd's words (org.freedesktop.systemd1(5)).

    ``result`` is the unit's Result ("success", "exit-code", "signal", "oom-kill", ...); ``status`` the exit status
    or the signal's number; ``words`` what it printed on stderr.
    """

    result: str
    status: int
    words: str = ""


@dataclass(frozen=True)
class Cause:
    """A code with the detail that fills its sentence."""

    code: str
    detail: str = ""
    hint: str = ""
    """What mends it, where it is not what the table says."""


_STEMS: tuple[tuple[str, str], ...] = (
    (r"Wrong region \((?P<detail>expecting [^)]*)\)", "wrong-region"),
    (r"The bucket does not exist", "bucket-missing"),
    (r"Forbidden: .*(?:RequestTimeTooSkewed|difference between the request time)", "clock-skew"),
    (r"Forbidden: (?P<detail>.*(?:ExpiredToken|token.* expired|expired).*)", "credentials-expired"),
    (r"Forbidden: (?P<detail>.*(?:SignatureDoesNotMatch|signature we calculated|InvalidAccessKeyId"
     r"|access key I[Dd] you provided|InvalidToken|UserSuspended).*)", "key-refused"),
    (r"Forbidden: (?P<detail>.*)", "access-denied"),
    (r"No signing credentials", "no-credentials"),
    (r"invalid AWS credentials", "profile-missing"),
    (r"Request throttled|SlowDown", "throttled"),
    (r"AWS_IO_DNS_\w+", "name-unresolved"),
    (r"AWS_IO_SOCKET_CONNECTION_REFUSED", "connection-refused"),
    (r"(?P<detail>AWS_IO_TLS_\w+)", "tls-failed"),
    (r"(?P<detail>CA bundle .*|failed to build TLS context.*)", "option-rejected"),
    (r"(?P<detail>AWS_IO_\w+|AWS_ERROR_HTTP_\w+|CRT error \d+.*)", "unreachable"),
    (r"(?P<detail>Unknown response error.*|Service error.*)", "store-error"),
    (r"(?P<detail>(?:Failed to parse endpoint URL|[Ii]nvalid S3 endpoint).*)", "option-rejected"),
    (r"(?P<detail>failed to create cache directory.*|initial PutObject failed for shared cache.*)", "host-refused"),
    (r"(?P<detail>exceeds the memory available for data buffers.*|part size must be at between.*"
     r"|cache-xz argument must not.*|--sse-kms-key-id can not.*|Invalid OTLP endpoint.*)", "option-rejected"),
)
_COMPILED = tuple((re.compile(stem), code) for stem, code in _STEMS)
_LIMIT = 200
"""Characters of a detail: one line of a person's terminal or two, never a flood."""

_SIGNALS = {6: "SIGABRT", 9: "SIGKILL", 11: "SIGSEGV", 15: "SIGTERM", 7: "SIGBUS", 4: "SIGILL", 31: "SIGSYS"}


def of_words(words: str) -> Cause | None:
    """The cause that mount-s3's own words name, or None."""
    for stem, code in _COMPILED:
        found = stem.search(words)
        if found:
            detail = (found.groupdict().get("detail") or "").strip()
            return Cause(code, detail[:_LIMIT])
    return None


_OOM = re.compile(r"oom-kill:constraint=(?P<why>CONSTRAINT_\w+).*task_memcg=(?P<group>[^,]*),"
                  r"task=[^,]*,pid=(?P<pid>\d+)")
_KILLED = re.compile(r"Killed process (?P<pid>\d+) .*anon-rss:(?P<size>\d+)kB")


def of_oom(lines: Sequence[str], unit: str, limit: int) -> str:
    """How much a worker had when the kernel ended it, and whose limit that was; "" when the kernel does not say.

    ``lines`` are the kernel's own (mm/oom_kill.c, ``dump_oom_summary`` and ``__oom_kill_process``, Linux 5.0 and
    later); ``limit`` is its memory_max in MiB, 0 for none.
    """
    victims = {found["pid"]: found["why"] for line in lines
               if (found := _OOM.search(line)) and found["group"].endswith(f"/{unit}")}
    sizes = {found["pid"]: int(found["size"]) >> 10 for line in lines if (found := _KILLED.search(line))}
    for pid, why in reversed(victims.items()):
        whose = "no memory was left on the machine" if why != "CONSTRAINT_MEMCG" else (
            f"memory_max is {limit} MiB" if limit else "the limit of a group of units it is in")
        return f"{whose}; it had {sizes[pid]} MiB" if pid in sizes else whose
    return ""


_LIKELY: tuple[tuple[str, str], ...] = (
    (r"memory allocation of \d+ bytes failed|[Cc]annot allocate memory|OutOfMemory|oom-kill", "too little memory"),
    (r"No space left on device|os error 28", "a full disk"),
    (r"Too many open files|os error 24", "too many open files"),
    (r"SIGSYS|signal 31", "the sandbox: this mount-s3 makes a system call that is not allowed to it"),
    (r"SIGILL|signal 4\b", "a mount-s3 built for another processor"),
    (r"version `\S+' not found|error while loading shared libraries", "a mount-s3 built for another system"),
    (r"panicked at|assertion|SIGABRT|SIGSEGV|SIGBUS", "a fault in mount-s3 itself"),
)


def likely(words: str) -> str:
    """What a worker's last words, and how it ended, point to; "" when to nothing."""
    return next((cause for stem, cause in _LIKELY if re.search(stem, words)), "")


def epitaph(lines: Sequence[str], ending: str) -> str:
    """The last words of a worker that dies again and again, in a line, with the likely cause."""
    told = [line.strip() for line in lines if re.search(r"(?i)error|panick|fail|fatal|abort|cannot|no space", line)]
    said = (told or [line.strip() for line in lines if line.strip()] or [""])[-1][:_LIMIT]
    points = likely("\n".join([*lines, ending]))
    parts = [f'it last said "{said}"' if said else "it said nothing", *([f"likely cause: {points}"] if points else [])]
    return "; ".join(parts)


_NO_CREDENTIALS = 243
"""EXIT_CREDENTIALS: systemd could not set up what LoadCredential= names (systemd.exec(5))."""


def _last_line(words: str) -> str:
    lines = [line.strip() for line in words.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith(("error:", "Error:"))]
    return (errors or lines or [""])[-1][:_LIMIT]


def of_ending(ending: Ending) -> Cause:
    """The cause of a worker's end: systemd's result first, then its words, then its status."""
    if ending.result == "oom-kill":
        return Cause("worker-out-of-memory")
    if ending.result in ("signal", "core-dump", "watchdog"):
        return Cause("worker-crashed", _SIGNALS.get(ending.status, f"signal {ending.status}"))
    if ending.status == 203:
        return Cause("worker-missing", "the program that was there a moment ago")
    if ending.status == _NO_CREDENTIALS:
        return Cause("secret-unreadable")
    if ending.status == 2:
        return Cause("option-rejected", _last_line(ending.words).removeprefix("error: "))
    said = _last_line(ending.words)
    return of_words(ending.words) or Cause("worker-ended", f"status {ending.status}" + (f": {said}" if said else ""))
