"""s3fs: its lines in fstab and its file of keys. Options are those of s3fs(1), version 1.93."""

from mountd.core.config.rules import derived_name
from mountd.core.imports.draft import QUIET, Draft, Imported, Line, Source, Word, Words, lost, secret_keys, url_of
from mountd.core.imports.foreign import take

_TUNING = ("retries", "connect_timeout", "readwrite_timeout", "max_stat_cache_size", "enable_noobj_cache",
           "multireq_max", "parallel_count", "max_dirty_data", "dbglevel", "curldbg", "enable_content_md5",
           "no_check_bucket", "enable_noobj_cache", "logfile", "mp_umask", "notsup_compat_dir", "complement_stat",
           "compat_dir", "list_object_max_keys", "singlepart_copy_limit", "del_cache", "ensure_diskfree", "nomultipart",
           "use_path_request_style", "sigv4", "iam_role", "instance_name", "mime", "use_wtf8")
_TRUST = lost("certificates are always verified: name the CA with ca_bundle")
_CACHE = lost("caches of s3fs cannot be read here: name a folder with cache")
_WORDS: Words = {
    **dict.fromkeys(_TUNING, QUIET),
    "ro": Word("read_only", True), "url": Word("endpoint_url", read=url_of), "host": Word("endpoint_url", read=url_of),
    "endpoint": Word("region"), "region": Word("region"), "profile": Word("credentials.profile"),
    "public_bucket": Word("credentials.anonymous", True), "uid": Word("uid"), "gid": Word("gid"),
    "nonempty": Word("nonempty", "hide"), "requester_pays": Word("requester_pays", True),
    "storage_class": Word("storage_class", read=str.upper), "stat_cache_expire": Word("metadata_ttl"),
    "multipart_size": Word("part_size", read=lambda value: int(value) * 1024 * 1024),
    "passwd_file": QUIET, "use_cache": _CACHE, "no_check_certificate": _TRUST, "ssl_verify_hostname": _TRUST,
    "sigv2": lost("mount-s3 signs by version 4 only"), "default_acl": lost("new objects get the bucket's own rights"),
    "use_sse": lost("set sse and sse_kms_key_id"), "ibm_iam_auth": lost("only keys of S3 are known here"),
    "use_xattr": lost("there are no extended attributes"), "ahbe_conf": lost("no headers can be added"),
}
_AWS_URLS = ("https://s3.amazonaws.com", "http://s3.amazonaws.com")
_ELSEWHERE = frozenset({"iam_role", "profile", "public_bucket", "ibm_iam_auth", "credlib"})
"""Options with which s3fs reads no file of keys."""
_DEFAULT_FILE = "/etc/passwd-s3fs"


def fstab(draft: Draft, line: Line) -> Imported:
    """A line of fstab: ``BUCKET[:/PREFIX]``."""
    bucket, _, prefix = line.source.partition(":")
    draft.place(bucket, prefix, line.folder)
    take(draft, "s3fs", _WORDS, line.words)
    if draft.keys.get("endpoint_url") in _AWS_URLS:
        del draft.keys["endpoint_url"]
    if not any(word.partition("=")[0] in _ELSEWHERE for word in line.words):
        secret_keys(draft, line.value("passwd_file") or _DEFAULT_FILE, derived_name(line.folder))
    return draft.done()


def passwd(source: Source) -> Imported:
    """A file of keys: ``KEY:SECRET`` for all buckets, ``BUCKET:KEY:SECRET`` for one."""
    found = Imported()
    for number, line in enumerate(source.text.splitlines(), 1):
        fields = line.strip().split(":")
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        draft = Draft(f"line {number}")
        if len(fields) not in {2, 3}:
            found += draft.refused("is no KEY:SECRET and no BUCKET:KEY:SECRET")
            continue
        bucket = fields[0] if len(fields) == 3 else ""
        draft.label = bucket
        draft.place(bucket, "", "")
        secret_keys(draft, source.file, bucket or "s3fs")
        found += draft.done()
    return found
