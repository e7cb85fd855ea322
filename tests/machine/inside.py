"""What can be done inside a booted machine: commands, files, journal, waiting."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True)
class Result:
    """How a command ended."""

    stdout: str
    stderr: str
    returncode: int


class CommandFailed(AssertionError):
    """A command inside a machine ended badly or not in time; the message has everything it printed."""

    def __init__(self, machine: str, argv: Sequence[str], how: str, stdout: str, stderr: str) -> None:
        super().__init__(f"{machine}: {shlex.join(argv)}: {how}\n--- stdout\n{stdout}\n--- stderr\n{stderr}")


class Inside:
    """A machine that runs, seen from the host by the process id of its init."""

    name: str
    leader: int | None = None
    journal_cursor: str | None = None

    def argv(
        self, cmd: str | Sequence[str], user: str | None = None, env: Mapping[str, str] | None = None
    ) -> list[str]:
        """The host's command line that runs `cmd` inside, with nothing of the host's environment."""
        if self.leader is None:
            raise RuntimeError(f"machine {self.name} is not booted")
        enter = ["nsenter", "-t", str(self.leader), "-m", "-u", "-i", "-n", "-p", "-C", "--"]
        variables = {
            "PATH": PATH,
            "LANG": "C.UTF-8",
            "TERM": "dumb",
            "HOME": f"/home/{user}" if user else "/root",
            **(env or {}),
        }
        pairs = [f"{key}={value}" for key, value in variables.items()]
        become = ["runuser", "-u", user, "--"] if user else []
        inner = ["sh", "-c", cmd] if isinstance(cmd, str) else list(cmd)
        return [*enter, *become, "env", "-i", *pairs, *inner]

    def run(
        self,
        cmd: str | Sequence[str],
        check: bool = True,
        timeout: float = 60,
        input: str | bytes | None = None,  # noqa: A002 - subprocess's own word
        user: str | None = None,
        env: Mapping[str, str] | None = None,
    ) -> Result:
        """Run to the end; a str goes through `sh -c`. Raises CommandFailed with both outputs."""
        __tracebackhide__ = True  # pytest: the caller's line is what a reader wants
        shown = ["sh", "-c", cmd] if isinstance(cmd, str) else list(cmd)
        data = input.encode() if isinstance(input, str) else input
        process = self.popen(
            cmd,
            user=user,
            env=env,
            stdin=subprocess.PIPE if data is not None else None,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        try:
            out, err = process.communicate(data, timeout)
        except subprocess.TimeoutExpired:
            out, err = _end(process)
            raise CommandFailed(
                self.name, shown, f"no end after {timeout} s", _text(out), _text(err)
            ) from None
        result = Result(_text(out), _text(err), process.returncode)
        if check and result.returncode != 0:
            raise CommandFailed(self.name, shown, f"status {result.returncode}", result.stdout, result.stderr)
        return result

    def popen(
        self,
        cmd: str | Sequence[str],
        user: str | None = None,
        env: Mapping[str, str] | None = None,
        **kwargs: Any,
    ) -> subprocess.Popen[bytes]:
        """Start and do not wait; `os.killpg` on its pid ends all of it. Keywords as for subprocess.Popen."""
        kwargs["stdin"] = kwargs.get("stdin") or subprocess.DEVNULL
        return subprocess.Popen(self.argv(cmd, user, env), start_new_session=True, **kwargs)

    def shell(self, user: str | None = None) -> int:
        """An interactive shell on this terminal; returns its exit status."""
        env = {"TERM": os.environ.get("TERM", "linux")}
        # This host's terminal has no name in the machine: script(1) opens one there.
        return subprocess.call(self.argv(["script", "-qec", "bash --login", "/dev/null"], user, env))

    def copy_in(self, src: Path | str, dst: str, mode: int | None = None) -> None:
        """Copy a file or directory to exactly `dst`; owner root, the mode its own or `mode`."""
        source = Path(src)
        if source.is_dir():
            pack = subprocess.run(
                ["tar", "-C", str(source), "--owner=0", "--group=0", "-cf", "-", "."],
                check=True,
                stdout=subprocess.PIPE,
            ).stdout
            self.run(["sh", "-ec", 'mkdir -p "$1"; tar -C "$1" -xf -', "copy", dst], input=pack)
            if mode is not None:
                self.run(["chmod", f"{mode:o}", dst])
        else:
            self._put(dst, source.read_bytes(), source.stat().st_mode & 0o7777 if mode is None else mode)

    def copy_out(self, src: str, dst: Path | str) -> None:
        """Copy one file of the machine to the host."""
        process = self.popen(["cat", src], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        data, err = process.communicate(timeout=60)
        if process.returncode:
            raise CommandFailed(self.name, ["cat", src], f"status {process.returncode}", "", _text(err))
        Path(dst).write_bytes(data)

    def read(self, path: str) -> str:
        """The text of a file inside; raises CommandFailed if it cannot be read."""
        return self.run(["cat", path]).stdout

    def write(self, path: str, text: str, mode: int = 0o644) -> None:
        """Put a text file inside in one step (rename), parents made."""
        self._put(path, text.encode(), mode)

    def _put(self, path: str, data: bytes, mode: int) -> None:
        script = 'mkdir -p "${1%/*}"; umask 077; cat >"$1.new"; chmod "$2" "$1.new"; mv -T "$1.new" "$1"'
        self.run(["sh", "-ec", script, "put", path, f"{mode:o}"], input=data)

    def mark_journal(self) -> None:
        """From now on `journal()` shows only what comes after this moment."""
        self.run(["journalctl", "--sync"])
        shown = self.run(["journalctl", "-n", "1", "--show-cursor", "--no-pager"], check=False).stdout
        self.journal_cursor = shown.rpartition("-- cursor: ")[2].strip() or None

    def journal(self, *args: str) -> str:
        """The journal since the last mark (all of it without one), with journalctl's own arguments."""
        self.run(["journalctl", "--sync"])
        since = [f"--after-cursor={self.journal_cursor}"] if self.journal_cursor else []
        return self.run(["journalctl", "--no-pager", "-q", "-o", "short-precise", *since, *args]).stdout

    def wait_until(self, predicate: Callable[[], T], timeout: float, what: str, every: float = 0.1) -> T:
        """The first true value of `predicate()`; raises TimeoutError naming `what` and the last error met."""
        deadline = time.monotonic() + timeout
        last: Exception | None = None
        while True:
            try:
                value = predicate()
                if value:
                    return value
                last = None
            except (CommandFailed, OSError) as error:
                last = error
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self.name}: not within {timeout} s: {what}") from last
            time.sleep(every)


def _end(process: subprocess.Popen[bytes]) -> tuple[bytes, bytes]:
    """Kill the whole group; something that left it may hold the pipes, so reading is bounded too."""
    os.killpg(process.pid, signal.SIGKILL)
    try:
        return process.communicate(timeout=5)
    except subprocess.TimeoutExpired:
        return b"(unread)", b"(unread)"


def _text(data: bytes) -> str:
    return data.decode(errors="replace")
