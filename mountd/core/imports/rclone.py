"""rclone: the remotes of rclone.conf that are S3, and its lines in fstab.

Keys are those of rclone's documentation of its S3 back end and of ``rclone mount``, version 1.60 and later.
"""

from collections.abc import Mapping

from mountd.core.imports import draft as drafts
from mountd.core.imports.draft import QUIET, Draft, Imported, Line, Remark, Source, Word, Words, lost
from mountd.core.imports.foreign import take
from mountd.core.imports.ini import sections

_PROVIDERS = {"AWS": "aws", "Ceph": "ceph", "Minio": "minio", "Wasabi": "wasabi", "Cloudflare": "cloudflare-r2",
              "SeaweedFS": "seaweedfs", "GCS": "gcs"}
_TUNING = ("type", "name", "description", "provider", "env_auth", "access_key_id", "secret_access_key",
           "session_token", "location_constraint", "no_check_bucket", "chunk_size", "upload_cutoff", "copy_cutoff",
           "upload_concurrency", "disable_http2", "list_chunk", "no_head", "disable_checksum", "max_upload_parts",
           "list_version", "list_url_encode", "use_multipart_etag", "encoding", "directory_markers", "endpoint")
_WORDS: Words = {
    **dict.fromkeys(_TUNING, QUIET),
    "region": Word("region"), "profile": Word("credentials.profile"), "storage_class": Word("storage_class"),
    "force_path_style": Word("force_path_style"), "server_side_encryption": Word("sse"),
    "sse_kms_key_id": Word("sse_kms_key_id"), "use_accelerate_endpoint": Word("transfer_acceleration"),
    "use_dual_stack": Word("dual_stack"), "requester_pays": Word("requester_pays"),
    "acl": lost("new objects get the bucket's own rights"), "bucket_acl": QUIET,
    "shared_credentials_file": lost("keys are read from ~/.aws/credentials: put them there"),
    "role_arn": lost("name a profile of ~/.aws/config that assumes the role"),
    "v2_auth": lost("mount-s3 signs by version 4 only"),
    "sse_customer_algorithm": lost("keys of the customer are not possible with mount-s3"),
}
_MOUNT_WORDS: Words = {
    **dict.fromkeys(("args2env", "config", "verbose", "v", "log_file", "log_level", "attr_timeout", "poll_interval",
                     "buffer_size", "transfers", "checkers", "daemon", "daemon_timeout", "allow_non_empty"), QUIET),
    "ro": Word("read_only", True), "read_only": Word("read_only", True), "uid": Word("uid"), "gid": Word("gid"),
    "dir_perms": Word("dir_mode"), "file_perms": Word("file_mode"),
    "dir_cache_time": lost("set metadata_ttl"), "cache_dir": lost("caches of rclone cannot be read here: set cache"),
    **{name: lost("files are written straight to the bucket, from their start to their end") for name in (
        "vfs_cache_mode", "vfs_cache_max_size", "vfs_cache_max_age", "vfs_write_back", "vfs_read_ahead",
        "vfs_read_chunk_size", "vfs_read_chunk_size_limit", "vfs_cache_poll_interval")},
}
_CONFIG = "/root/.config/rclone/rclone.conf"
"""What ``rclone mount`` reads when it is run by mount(8) and nothing else is said."""
_ENCRYPTED = "RCLONE_ENCRYPT_V"


def parse(source: Source) -> Imported:
    """All remotes that are S3, and aliases that name a bucket of one."""
    if _ENCRYPTED in source.text:
        return Imported((), (Remark("the file", "is encrypted: rclone config show > FILE, and import that one"),))
    found, remotes = Imported(), sections(source.text)
    for name, remote in remotes.items():
        draft = Draft(f"[{name}]", name)
        if remote.get("type") == "alias" and ":" in remote.get("remote", ""):
            found += _alias(draft, remotes, remote["remote"], source.file)
        elif remote.get("type") == "s3":
            _store(draft, name, remote, source.file)
            found += draft.done()
        else:
            found += draft.refused(f"is no S3 (type {remote.get('type') or 'not given'})")
    return found


def fstab(draft: Draft, line: Line) -> Imported:
    """A line of fstab: ``REMOTE:BUCKET[/PREFIX]``."""
    file = line.value("config") or _CONFIG
    name, _, path = line.source.partition(":")
    text = line.look(file)
    if not text or _ENCRYPTED in text:
        return draft.refused(f"{file} {'is encrypted' if text else 'cannot be read'}, which says what {name} is")
    remote = sections(text).get(name, {})
    bucket, _, prefix = path.strip("/").partition("/")
    if remote.get("type") != "s3" or not bucket:
        return draft.refused(f"{line.source} is no bucket of S3")
    draft.place(bucket, prefix, line.folder)
    _store(draft, name, remote, file)
    take(draft, "rclone", _MOUNT_WORDS, line.words)
    return draft.done()


def _alias(draft: Draft, remotes: Mapping[str, Mapping[str, str]], target: str, file: str) -> Imported:
    name, _, path = target.partition(":")
    bucket, _, prefix = path.strip("/").partition("/")
    remote = remotes.get(name, {})
    if remote.get("type") != "s3" or not bucket:
        return draft.refused(f"stands for {target}, which is no bucket of S3")
    draft.place(bucket, prefix, "")
    _store(draft, name, remote, file)
    return draft.done()


def _store(draft: Draft, name: str, remote: Mapping[str, str], file: str) -> None:
    """The store behind a remote, with its keys."""
    provider = _PROVIDERS.get(remote.get("provider", ""), "")
    if provider:
        draft.keys["provider"] = provider
    if remote.get("endpoint"):
        draft.keys["endpoint_url"] = drafts.url_of(remote["endpoint"])
    for key, value in remote.items():
        draft.take(_WORDS, key, value)
    if remote.get("access_key_id"):
        drafts.secret_keys(draft, f"[{name}] of {file}", name)
    elif remote.get("env_auth", "false").lower() != "true":
        draft.credentials["anonymous"] = True
