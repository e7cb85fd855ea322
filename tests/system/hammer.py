"""Run inside a machine by ``kit.hammer``: FOLDER READERS WRITERS; ends with its input and prints what it met."""

import errno
import json
import sys
import threading
import time
from typing import Any

folder, readers, writers = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
met: dict[str, Any] = {"reads": 0, "writes": 0, "bare": 0, "wrong": 0, "errors": {}, "write_errors": {}}
met["longest_gap"] = 0.0
lock = threading.Lock()
last = time.monotonic()


def count(table: str, error: OSError) -> None:
    name = errno.errorcode[error.errno or 0]
    with lock:
        met[table][name] = met[table].get(name, 0) + 1


def read_once() -> None:
    global last
    try:
        with open(folder + "/hello.txt", "rb") as file:
            good = file.read().startswith(b"hello")
    except FileNotFoundError:
        with lock:
            met["bare"] += 1
        return
    except OSError as error:
        count("errors", error)
        return
    with lock:
        now = time.monotonic()
        met["longest_gap"], last = max(met["longest_gap"], now - last), now
        met["reads" if good else "wrong"] += 1


def write_once(number: int, turn: int) -> None:
    try:
        with open(f"{folder}/hammer-{number}-{turn}", "wb") as file:
            file.write(b"x")
        with lock:
            met["writes"] += 1
    except OSError as error:
        count("write_errors", error)


def read_on() -> None:
    while asked.is_alive():
        read_once()


def write_on(number: int) -> None:
    turn = 0
    while asked.is_alive():
        write_once(number, turn)
        turn += 1


asked = threading.Thread(target=sys.stdin.read)
asked.start()
threads = [threading.Thread(target=read_on) for _ in range(readers)]
threads += [threading.Thread(target=write_on, args=(number,)) for number in range(writers)]
for thread in threads:
    thread.start()
print("begun", flush=True)
for thread in threads:
    thread.join()
print(json.dumps(met))
