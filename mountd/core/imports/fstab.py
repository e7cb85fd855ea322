"""Lines of fstab(5) that mount buckets, whichever program does it."""

import re
from collections.abc import Callable

from mountd.core.imports import goofys, mount_s3, rclone, s3fs
from mountd.core.imports.draft import Draft, Imported, Line, Source

_OCTAL = re.compile(r"\\([0-7]{3})")
_PROGRAMS: dict[str, Callable[[Draft, Line], Imported]] = {
    "mount-s3": mount_s3.fstab, "s3fs": s3fs.fstab, "goofys": goofys.fstab, "rclone": rclone.fstab,
    "rclonefs": rclone.fstab,
}
_AT_BOOT = "take this line out of fstab when the mount is well, or both are mounted at boot"
_TO_BOOT = ("noauto was not taken over: the folder is mounted at once and at boot; with on_demand = true only when "
            "somebody enters it")


def parse(source: Source) -> Imported:
    """All lines for the programs that are known here; other lines are nobody's business."""
    found = Imported()
    for number, line in enumerate(source.text.splitlines(), 1):
        fields = [_OCTAL.sub(lambda match: chr(int(match[1], 8)), word) for word in line.split()]
        if line.lstrip().startswith("#") or len(fields) < 3:
            continue
        program, what = _program(fields[2], fields[0])
        if program in _PROGRAMS:
            draft, options = Draft(f"line {number}"), fields[3] if len(fields) > 3 else ""
            _when(draft, options.split(","))
            draft.remark(_AT_BOOT)
            found += _PROGRAMS[program](draft, Line(what, fields[1], options, source.look))
    return found


def _program(fstype: str, source: str) -> tuple[str, str]:
    """``fuse.PROGRAM SOURCE``, ``PROGRAM SOURCE`` and the old ``fuse PROGRAM#SOURCE`` mean the same."""
    if fstype == "fuse":
        program, _, source = source.partition("#")
        return program, source
    return fstype.removeprefix("fuse."), source


def _when(draft: Draft, options: list[str]) -> None:
    """systemd.automount(5) is what ``on_demand`` is here."""
    if "x-systemd.automount" in options:
        draft.keys["on_demand"] = True
    elif "noauto" in options:
        draft.remark(_TO_BOOT)
    for option in options:
        name, _, value = option.partition("=")
        if name == "x-systemd.idle-timeout" and "on_demand" in draft.keys and value != "0":
            draft.keys["idle_unmount"] = f"{value}s" if value.isdigit() else value
