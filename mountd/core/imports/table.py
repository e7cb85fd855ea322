"""The one table of what can be imported."""

from collections.abc import Callable
from dataclasses import dataclass

from mountd.core.imports import fstab, mount_s3, rclone, s3cfg, s3fs
from mountd.core.imports.draft import Imported, Source


@dataclass(frozen=True)
class Importer:
    """``files`` are where its text lies when no file is named, the first that is there; ``parse`` raises ValueError."""

    name: str
    parse: Callable[[Source], Imported]
    files: tuple[str, ...]
    title: str


IMPORTERS: dict[str, Importer] = {
    row.name: row
    for row in (
        Importer("fstab", fstab.parse, ("/etc/fstab",), "mounts of mount-s3, s3fs, goofys and rclone in fstab"),
        Importer("s3cfg", s3cfg.parse, ("~/.s3cfg",), "the store of s3cmd"),
        Importer("s3fs", s3fs.passwd, ("~/.passwd-s3fs", "/etc/passwd-s3fs"), "the buckets in s3fs's file of keys"),
        Importer("rclone", rclone.parse, ("~/.config/rclone/rclone.conf", "~/.rclone.conf"),
                 "the remotes of rclone that are S3"),
        Importer("mount-s3", mount_s3.script, (), "mount-s3 started by hand; with a FILE the commands in a script"),
    )
}
