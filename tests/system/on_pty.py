"""Runs a command on a terminal of its own; given to Python inside a machine with the command as its arguments.

Prints a JSON line for its process id, for whatever it writes, and for its end. Reads lines: ``keys TEXT`` (typed, with
escapes), ``size COLUMNS ROWS``, ``signal NUMBER``.
"""

import fcntl
import json
import os
import pty
import select
import struct
import sys
import termios


def say(**words: object) -> None:
    """One line of output."""
    print(json.dumps(words), flush=True)


def resize(terminal: int, columns: int, rows: int) -> None:
    """The terminal's new size."""
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def obey(terminal: int, pid: int, line: str) -> None:
    """One line of input."""
    word, *rest = line.split()
    if word == "keys":
        os.write(terminal, rest[0].encode().decode("unicode_escape").encode())
    elif word == "size":
        resize(terminal, int(rest[0]), int(rest[1]))
    else:
        os.kill(pid, int(rest[0]))


def written(terminal: int, wait: float) -> bool:
    """Tell what was written within that time; False when nothing was."""
    if not select.select([terminal], [], [], wait)[0]:
        return False
    say(text=os.read(terminal, 65536).decode("utf-8", "replace"))
    return True


def main() -> None:
    """Until the command has ended."""
    ours, theirs = pty.openpty()
    resize(ours, 80, 24)
    before = termios.tcgetattr(theirs)
    pid = os.fork()
    if not pid:
        os.login_tty(theirs)
        os.environ.update(TERM="xterm-256color", NO_COLOR="1")
        os.execvp(sys.argv[1], sys.argv[1:])
    say(pid=pid)
    done = 0
    while not done:
        written(ours, 0.05)
        if select.select([0], [], [], 0)[0]:
            obey(ours, pid, os.read(0, 4096).decode())
        done, status = os.waitpid(pid, os.WNOHANG)
    while written(ours, 0.1):
        pass
    say(exit=os.waitstatus_to_exitcode(status), sane=termios.tcgetattr(theirs) == before)


if __name__ == "__main__":
    main()
