"""Run inside a machine by ``kit.Handle``: PATH MODE; keeps the file open and obeys one word a line."""

import errno
import os
import sys

path, mode = sys.argv[1:]
descriptor = os.open(path, os.O_RDONLY if mode == "r" else os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
print(os.getpid(), flush=True)
for line in sys.stdin:
    word, number = line.split()
    try:
        if word == "read":
            answer = os.pread(descriptor, 8, int(number)).hex()
        elif word == "write":
            left = int(number)
            while left:
                left -= os.write(descriptor, b"x" * min(left, 1 << 20))
            answer = "ok"
        else:
            os.close(descriptor)
            answer = "ok"
    except OSError as error:
        answer = errno.errorcode[error.errno or 0]
    print(answer, flush=True)
