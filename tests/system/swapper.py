"""Exchanges a folder for a link and back, as fast as it can, until its input ends: HOME FOLDER TARGET.

Prints how often it got round; in the end the folder is a folder again.
"""

import ctypes
import os
import select
import sys

_HERE, _EXCHANGE = -100, 2
"""AT_FDCWD and RENAME_EXCHANGE (renameat2(2)): there is always one of the two."""


def main() -> None:
    """Begin at once."""
    home, folder, target = sys.argv[1:]
    libc = ctypes.CDLL(None, use_errno=True)
    os.chdir(home)
    os.symlink(target, "link")
    rounds = 0
    while not select.select([0], [], [], 0)[0]:
        for _ in range(2):
            if libc.renameat2(_HERE, folder.encode(), _HERE, b"link", _EXCHANGE):
                raise OSError(ctypes.get_errno(), "renameat2")
        rounds += 1
    os.unlink("link")
    print(rounds)


if __name__ == "__main__":
    main()
