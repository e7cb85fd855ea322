"""Run inside a machine by ``tests.machine.far``: ADDRESS FILE; a DNS server that knows the names in FILE (JSON), each
with one IPv4 address, as FILE is at the moment of the question. Whatever else it is asked does not exist.
"""

import json
import socket
import struct
import sys
from contextlib import suppress

TTL = 5
A = 1


def answer(question: bytes, names: dict[str, str]) -> bytes:
    """RFC 1035 §4: the question's number and words again, and the address if it was asked for."""
    labels, at = [], 12
    while length := question[at]:
        labels.append(question[at + 1 : at + 1 + length].decode().lower())
        at += 1 + length
    asked = question[12 : at + 5]
    (kind,) = struct.unpack("!H", asked[-4:-2])
    address = names.get(".".join(labels))
    found = address is not None and kind == A
    code = 0x8580 if address is not None else 0x8583  # an answer with authority: no error, or no such name
    head = question[:2] + struct.pack("!5H", code, 1, int(found), 0, 0)
    record = struct.pack("!3HIH", 0xC00C, A, 1, TTL, 4) + socket.inet_aton(address or "0.0.0.0")
    return head + asked + (record if found else b"")


with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as here:
    here.bind((sys.argv[1], 53))
    while True:
        # Without a way back (blackhole) an answer is lost, and the next question may be told of it.
        with suppress(OSError):
            question, caller = here.recvfrom(512)
            with open(sys.argv[2]) as file:
                here.sendto(answer(question, json.load(file)), caller)
