"""The tree that the stand-in for mount-s3 serves, request by request of the FUSE protocol.

Layouts and numbers: include/uapi/linux/fuse.h, protocol 7.31. Standard library only, see
`cli.py`.
"""

from __future__ import annotations

import errno
import os
import struct

ROOT = 1
MAX_WRITE = 128 * 1024
_ATTR = struct.Struct("<QQQQQQIIIIIIIIII")
_FOR_EVER = 200 * 365 * 86400


class RequestError(Exception):
    """The answer to a request is this errno."""

    def __init__(self, number: int) -> None:
        super().__init__(errno.errorcode.get(number, str(number)))
        self.number = number


class Tree:
    """One folder of files in memory; `hello.txt` is there from the start."""

    def __init__(self, options: dict[str, str]) -> None:
        self.names = {b"hello.txt": 2}
        self.data = {2: bytearray(b"hello from the stand-in\n")}
        self._owner = (int(options.get("uid", os.getuid())), int(options.get("gid", os.getgid())))
        self._modes = (int(options.get("dir-mode", "755"), 8), int(options.get("file-mode", "644"), 8))

    def attributes(self, inode: int) -> bytes:
        """A `fuse_attr`; the times are those of the epoch."""
        if inode == ROOT:
            size, mode, links = 0, 0o040000 | self._modes[0], 2
        else:
            size, mode, links = len(self.file(inode)), 0o100000 | self._modes[1], 1
        blocks = (size + 511) // 512
        return _ATTR.pack(inode, size, blocks, 0, 0, 0, 0, 0, 0, mode, links, *self._owner, 0, 4096, 0)

    def entry(self, inode: int) -> bytes:
        """A `fuse_entry_out` trusted for 100 ms, as mount-s3 has it without a cache."""
        return struct.pack("<QQQQII", inode, 0, 0, 0, 100_000_000, 100_000_000) + self.attributes(inode)

    def file(self, inode: int) -> bytearray:
        """Content of a file; ESTALE if there is none of that number."""
        try:
            return self.data[inode]
        except KeyError:
            raise RequestError(errno.ESTALE) from None

    def do_lookup(self, inode: int, body: bytes) -> bytes:
        name = body.rstrip(b"\0")
        if name not in self.names:
            raise RequestError(errno.ENOENT)
        return self.entry(self.names[name])

    def do_getattr(self, inode: int, body: bytes) -> bytes:
        # mount-s3 lets the kernel trust the root for 200 years.
        valid = (_FOR_EVER, 0) if inode == ROOT else (0, 100_000_000)
        return struct.pack("<QII", *valid, 0) + self.attributes(inode)

    def do_statfs(self, inode: int, body: bytes) -> bytes:
        many = (2**64 - 1) // 1024
        return struct.pack("<QQQQQIIII24x", many, many, many, many, many, 512, 255, 512, 0)

    def do_open(self, inode: int, body: bytes) -> bytes:
        return struct.pack("<QII", 0, 0, 0)

    do_opendir = do_open

    def do_readdir(self, inode: int, body: bytes) -> bytes:
        _, offset, size = struct.unpack_from("<QQI", body)
        files = ((name, number, 8) for name, number in self.names.items())
        listed = [(b".", ROOT, 4), (b"..", ROOT, 4), *files]
        out = b""
        for place, (name, number, kind) in enumerate(listed[offset:], offset + 1):
            one = struct.pack("<QQII", number, place, len(name), kind) + name + b"\0" * (-len(name) % 8)
            if len(out) + len(one) > size:
                break
            out += one
        return out

    def do_read(self, inode: int, body: bytes) -> bytes:
        _, offset, size = struct.unpack_from("<QQI", body)
        return bytes(self.file(inode)[offset : offset + size])

    def do_create(self, inode: int, body: bytes) -> bytes:
        number = max(self.data) + 1
        self.data[number] = bytearray()
        self.names[body[16:].rstrip(b"\0")] = number
        return self.entry(number) + self.do_open(number, b"")

    def do_write(self, inode: int, body: bytes) -> bytes:
        _, offset, size = struct.unpack_from("<QQI", body)
        content = self.file(inode)
        content.extend(b"\0" * (offset - len(content)))
        content[offset : offset + size] = body[40 : 40 + size]
        return struct.pack("<II", size, 0)

    def do_flush(self, inode: int, body: bytes) -> bytes:
        return b""

    do_release = do_releasedir = do_destroy = do_flush
