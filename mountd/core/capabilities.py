"""What can be done in the folder of a mount, and what S3 or its options do not let anybody do. Pure.

Facts of Mountpoint for Amazon S3 1.24 (SEMANTICS.md) and of the table of providers.
"""

from mountd.words.model import Mount
from mountd.words.providers import PROVIDERS

DIRECTORY = ("--x-s3", "--xa-s3")
"""How the names of directory buckets, and of access points to them, end (S3 User Guide)."""


def is_directory_bucket(mount: Mount) -> bool:
    """Is it a bucket of S3 Express, which alone can rename and append?"""
    return mount.bucket.endswith(DIRECTORY) or mount.options.get("bucket_type") == "directory"


def capabilities(mount: Mount) -> dict[str, bool | None]:
    """By what is done: may it be done there? None where it has not been tried with that kind of store."""
    options, writable = mount.options, not mount.options.get("read_only")
    return {
        "write": writable,
        "delete": writable and bool(options.get("allow_delete")),
        "overwrite": writable and bool(options.get("allow_overwrite")),
        "rename": _rename(mount) if writable else False,
        "append": writable and bool(options.get("incremental_upload")),
    }


def _rename(mount: Mount) -> bool | None:
    preset = PROVIDERS[mount.provider]
    if preset.name == "aws":
        return is_directory_bucket(mount)
    if preset.rename:
        # What was seen to go wrong is none; what was not tried is not known.
        return False if preset.proven else None
    return bool(preset.proven)
