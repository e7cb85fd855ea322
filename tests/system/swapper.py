"""Puts a link in a folder's place and takes it away again, as fast as it can, until its input ends: HOME FOLDER TARGET.

Prints how often it got round; in the end the folder is a folder again.
"""

import contextlib
import os
import select
import sys


def main() -> None:
    """Begin at once."""
    home, folder, target = sys.argv[1:]
    os.chdir(home)
    os.symlink(target, "link")
    rounds = 0
    while not select.select([0], [], [], 0)[0]:
        with contextlib.suppress(OSError):
            os.rename(folder, "real")
            os.rename("link", folder)
            os.rename(folder, "link")
            os.rename("real", folder)
            rounds += 1
    os.unlink("link")
    print(rounds)


if __name__ == "__main__":
    main()
