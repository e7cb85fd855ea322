"""goofys: its lines in fstab. Options are those of its README and ``goofys --help``, version 0.24."""

from mountd.core.imports.draft import QUIET, Draft, Imported, Line, Word, Words, lost, url_of
from mountd.core.imports.foreign import take

_WORDS: Words = {
    "ro": Word("read_only", True), "endpoint": Word("endpoint_url", read=url_of), "region": Word("region"),
    "profile": Word("credentials.profile"), "dir-mode": Word("dir_mode"), "file-mode": Word("file_mode"),
    "uid": Word("uid"), "gid": Word("gid"), "storage-class": Word("storage_class"),
    "requester-pays": Word("requester_pays", True), "sse": Word("sse", "AES256"), "nonempty": Word("nonempty", "hide"),
    "subdomain": Word("force_path_style", fixed=False), "use-content-type": Word("infer_content_type", True),
    "sse-kms": lost("set sse and sse_kms_key_id"), "acl": lost("new objects get the bucket's own rights"),
    "cache": lost("caches of goofys cannot be read here: name a folder with cache"),
    "stat-cache-ttl": lost("set metadata_ttl"), "type-cache-ttl": lost("set metadata_ttl"),
    "cheap": QUIET, "no-implicit-dir": QUIET, "debug_s3": QUIET, "debug_fuse": QUIET, "http-timeout": QUIET,
}


def fstab(draft: Draft, line: Line) -> Imported:
    """A line of fstab: ``BUCKET[:PREFIX]``."""
    bucket, _, prefix = line.source.partition(":")
    if "://" in line.source:
        return draft.refused(f"{line.source} is no bucket of S3")
    draft.place(bucket, prefix, line.folder)
    take(draft, "goofys", _WORDS, line.words)
    return draft.done()
