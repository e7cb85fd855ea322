"""What s3fs, goofys and rclone have in common: they write as they like, and their options go behind ``-o``."""

from mountd.core.imports.draft import QUIET, Draft, Words

COMMON: Words = dict.fromkeys((
    "defaults", "auto", "noauto", "user", "nouser", "users", "_netdev", "nofail", "rw", "nodev", "nosuid", "noexec",
    "noatime", "relatime", "exec", "dev", "suid", "allow_other", "default_permissions", "async", "sync"), QUIET)
"""Options of mount(8) and FUSE that say nothing about a bucket, or that are so here anyhow."""
_SHORT_OF = "what {program} could and a bucket cannot: s3mountctl explain edit-in-place, mv, append"


def take(draft: Draft, program: str, words: Words, options: list[str]) -> None:
    """All options, and the rights that such a mount has: it deletes and replaces unless it is read-only."""
    for option in filter(None, options):
        name, _, value = option.lstrip("-").partition("=")
        if name == "umask":
            _umask(draft, value)
        elif not name.startswith("x-"):
            draft.take({**COMMON, **words}, name, value)
    if not draft.keys.get("read_only"):
        draft.keys |= {"allow_delete": True, "allow_overwrite": True}
        draft.remark(_SHORT_OF.format(program=program))


def _umask(draft: Draft, value: str) -> None:
    try:
        mask = int(value, 8)
    except ValueError:
        draft.remark("umask was not taken over: its value is not understood")
        return
    draft.keys |= {"dir_mode": f"{0o777 & ~mask:04o}", "file_mode": f"{0o666 & ~mask:04o}"}
