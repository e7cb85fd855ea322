"""The table of mount-s3's options: one row an option, read by the validator, the worker's argv and the man page.

Names, ranges, rejected combinations and first versions are those of Mountpoint for Amazon S3 1.24
(``mount-s3 --help``, its CONFIGURATION.md and CHANGELOG.md); the engine's suite compares this table with ``--help``
in both directions. A key of ``mounts.toml`` is the option's name with underscores.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from mountd.words.model import OptionValue

Version = tuple[int, ...]

OLDEST: Version = (1, 14)
"""The first mount-s3 that takes a FUSE file descriptor (``/dev/fd/N``), on which s3mountd stands."""

MIB = 1024 * 1024


class Kind(str, Enum):
    """What a value looks like in ``mounts.toml``; ``core.config.values`` has one converter for each."""

    FLAG = "flag"
    INT = "int"
    TEXT = "text"
    PATH = "path"
    URL = "url"
    ENUM = "enum"
    MODE = "mode"
    TTL = "ttl"
    LIST = "list"
    SPAN = "span"
    OWNER = "owner"
    TABLE = "table"
    LISTEN = "listen"
    COMMAND = "command"
    WEBHOOK = "webhook"


@dataclass(frozen=True)
class Option:
    """One row. ``low`` and ``high`` bound numbers, inclusive, in ``unit``; ``choices`` list what an enum takes.

    ``conflicts`` names keys that may not be set beside this one, ``requires`` the key that must be. ``since`` is the
    first mount-s3 that has the option, ``choices_since`` the first that has a single choice. ``passed`` is False for
    what s3mountd does itself and never hands to the worker. ``unset`` says what counts when the key is absent.
    """

    name: str
    kind: Kind
    help: str
    unset: str = ""
    since: Version = (1, 0)
    low: int | None = None
    high: int | None = None
    unit: str = ""
    choices: tuple[str, ...] = ()
    choices_since: Mapping[str, Version] = field(default_factory=dict)
    conflicts: tuple[str, ...] = ()
    requires: str = ""
    passed: bool = True


def _flag(name: str, help_: str, since: Version = (1, 0), conflicts: tuple[str, ...] = ()) -> Option:
    return Option(name, Kind.FLAG, help_, "false", since, conflicts=conflicts)


def _part_size(name: str, help_: str, since: Version = (1, 0), conflicts: tuple[str, ...] = ()) -> Option:
    # 5 MiB to 5 GiB is what S3 takes for a part; mount-s3 finds out only when it makes its client.
    return Option(name, Kind.INT, help_, "8388608", since, low=5 * MIB, high=5 * 1024 * MIB, unit="bytes",
                  conflicts=conflicts)


_ROWS = (
    # Where the bucket is
    Option("region", Kind.TEXT, "AWS region of the bucket.", "found by mount-s3 (AWS), us-east-1 (others)"),
    Option("endpoint_url", Kind.URL, "URL of the store; needed for every provider but aws.", "AWS, by region"),
    _flag("force_path_style", "Ask for endpoint/bucket instead of bucket.endpoint; true for stores other than AWS."),
    _flag("transfer_acceleration", "Use S3 Transfer Acceleration (AWS)."),
    _flag("dual_stack", "Use endpoints that speak IPv6 and IPv4 (AWS)."),
    _flag("requester_pays", "Agree to pay for the requests to somebody else's bucket."),
    Option("bucket_type", Kind.ENUM, "Kind of bucket, where its name does not tell.", "by the name", (1, 3),
           choices=("general-purpose", "directory")),
    Option("expected_bucket_owner", Kind.TEXT, "Account number that must own the bucket.", "not checked"),
    Option("bind", Kind.LIST, "Network interfaces to send requests from.", "the default route", (1, 9)),
    Option("ca_bundle", Kind.PATH, "PEM file of the CAs to trust instead of the system's.", "the system's", (1, 23)),
    # What may be done with it
    Option("read_only", Kind.FLAG, "Nothing can be written. The kernel enforces it.", "false", passed=False,
           conflicts=("allow_delete", "allow_overwrite", "incremental_upload")),
    _flag("allow_delete", "Files may be deleted."),
    _flag("allow_overwrite", "Files may be replaced by new content.", (1, 4)),
    _flag("incremental_upload", "Files may be appended to (S3 Express directory buckets only).", (1, 12)),
    Option("uid", Kind.INT, "Number of the user that files are shown to belong to.", "the folder's owner",
           low=1, high=2**32 - 2, conflicts=("user",)),
    Option("gid", Kind.INT, "Number of the group that files are shown to belong to.", "the folder's group",
           low=1, high=2**32 - 2, conflicts=("group",)),
    Option("dir_mode", Kind.MODE, 'Permissions that folders are shown with, such as "0755".', "the folder's own"),
    Option("file_mode", Kind.MODE, 'Permissions that files are shown with, such as "0644".', "dir_mode without x"),
    # What new objects are like
    Option("storage_class", Kind.TEXT, "Storage class of new objects, such as INTELLIGENT_TIERING.", "the store's"),
    Option("sse", Kind.ENUM, "Server-side encryption of new objects.", "the bucket's own", (1, 6),
           choices=("aws:kms", "aws:kms:dsse", "AES256")),
    Option("sse_kms_key_id", Kind.TEXT, "ARN of the KMS key for sse.", "the account's S3 key", (1, 6),
           requires="sse"),
    Option("upload_checksums", Kind.ENUM, 'Checksums of uploads; "off" loses empty files.', "crc32c", (1, 7),
           choices=("crc32c", "crc64nvme", "off"), choices_since={"crc64nvme": (1, 23)}),
    _flag("infer_content_type", "Set Content-Type by the file's ending.", (1, 23)),
    # Caches and memory
    Option("cache", Kind.PATH, "Existing folder for caches of file content; each mount has its own in it.", "none",
           (1, 2)),
    Option("max_cache_size", Kind.INT, "Bound of the cache.", "all but 5 % of its disk", (1, 2), low=1, high=2**40,
           unit="MiB", requires="cache"),
    Option("cache_xz", Kind.TEXT, "S3 Express directory bucket as a cache shared between hosts.", "none", (1, 11)),
    Option("metadata_ttl", Kind.TTL, "How long names and sizes are believed without asking.",
           '"minimal", or 60 with a cache', (1, 2), low=1, high=100 * 365 * 24 * 3600, unit="seconds",
           choices=("minimal", "indefinite")),
    Option("negative_metadata_ttl", Kind.TTL, 'How long "no such file" is believed without asking.',
           "as metadata_ttl", (1, 15), low=1, high=100 * 365 * 24 * 3600, unit="seconds",
           choices=("minimal", "indefinite")),
    Option("memory_target", Kind.INT, "Memory the worker plans with.", "its share of half the machine's", (1, 24),
           low=512, high=2**40, unit="MiB"),
    # Speed
    Option("maximum_throughput_gbps", Kind.INT, "Speed to aim at.", "the instance's, else 10", low=1, high=65535,
           unit="Gbit/s"),
    Option("max_threads", Kind.INT, "Threads that answer the kernel.", "16", low=1, high=65535),
    _part_size("part_size", "Size of the parts of reads and uploads; a file has at most 10,000.",
               conflicts=("read_part_size", "write_part_size")),
    _part_size("read_part_size", "Size of the parts of reads.", (1, 8)),
    _part_size("write_part_size", "Size of the parts of uploads; a file has at most 10,000.", (1, 8)),
    # What is logged and measured; all of it goes to the journal
    _flag("debug", "Log what mount-s3 does."),
    _flag("debug_crt", "Log what its S3 client does: very much."),
    _flag("log_metrics", "Log figures every 5 seconds."),
    Option("otlp_endpoint", Kind.URL, "OpenTelemetry collector to send figures to.", "none", (1, 21)),
    Option("otlp_export_interval", Kind.INT, "Seconds between two sendings.", "60", (1, 21), low=1, high=2**32,
           unit="seconds", requires="otlp_endpoint"),
)

OPTIONS: dict[str, Option] = {option.name: option for option in _ROWS}


@dataclass(frozen=True)
class Refused:
    """A key that people may try and that is not taken: why, and what to write instead.

    ``native`` is True for an option that mount-s3 does have.
    """

    name: str
    why: str
    instead: str
    native: bool = False


_SECRET = Refused("", "secrets do not belong in this file",
                  "put the key in ~/.aws/credentials and name its profile: credentials = { profile = \"...\" }")
_REFUSED_ROWS = (
    Refused("foreground", "s3mountd runs the worker in the foreground by itself", "remove the key", True),
    Refused("auto_unmount", "mount-s3 refuses it beside a FUSE descriptor; s3mountd unmounts", "remove the key", True),
    Refused("allow_other", "always on: the folder's permissions say who may enter",
            "remove the key; to shut others out set dir_mode = \"0700\"", True),
    Refused("allow_root", "it cannot be used beside allow_other, which is always on", "remove the key", True),
    Refused("log_directory", "the worker's log goes to the journal", "remove the key; read: s3mountctl logs NAME",
            True),
    Refused("no_log", "the log is what a failure is explained from", "remove the key", True),
    Refused("user_agent_prefix", "s3mountd sets it", "remove the key", True),
    Refused("no_sign_request", "it is a matter of credentials", "write: credentials = { anonymous = true }", True),
    Refused("profile", "it is a matter of credentials", "write: credentials = { profile = \"...\" }", True),
    Refused("directory", "it has another name here", "write: folder = \"/...\""),
    Refused("mountpoint", "it has another name here", "write: folder = \"/...\""),
    Refused("mount_point", "it has another name here", "write: folder = \"/...\""),
    Refused("path", "it has another name here", "write: folder = \"/...\""),
    Refused("endpoint", "it has another name here", "write: endpoint_url = \"https://...\""),
    Refused("ro", "it has another name here", "write: read_only = true"),
    Refused("max_memory_target", "released builds of mount-s3 do not have it", "write: memory_target = MiB"),
)
REFUSED: dict[str, Refused] = {row.name: row for row in _REFUSED_ROWS}

_SECRET_WORDS = re.compile(r"secret|password|passphrase|access_?key|session_?token|^token$|^api_?key", re.IGNORECASE)
_UNSTABLE = re.compile(r"^(unstable|experimental)_", re.IGNORECASE)


def refused(name: str) -> Refused | None:
    """The row for a key that is not taken, or None. Values of such keys must never be shown."""
    if _UNSTABLE.match(name):
        return Refused(name, "unstable switches of mount-s3 may change or vanish", "remove the key", True)
    if _SECRET_WORDS.search(name):
        return Refused(name, _SECRET.why, _SECRET.instead)
    return REFUSED.get(name.replace("-", "_").lower())


def flag(name: str) -> str:
    """The option's spelling on mount-s3's command line: ``max_threads`` is ``--max-threads``."""
    return "--" + name.replace("_", "-")


def argv(options: Mapping[str, OptionValue]) -> list[str]:
    """The command-line words for validated options, in the table's order; what s3mountd does itself is left out.

    Values go behind ``=`` so that one beginning with ``-`` is never read as an option. Raises KeyError for a name
    that is not in the table.
    """
    unknown = [name for name in options if name not in OPTIONS]
    if unknown:
        raise KeyError(unknown[0])
    words: list[str] = []
    for option in OPTIONS.values():
        if option.passed and option.name in options:
            words += _words(option, options[option.name])
    return words


def _words(option: Option, value: OptionValue) -> list[str]:
    if option.kind is Kind.FLAG:
        return [flag(option.name)] if value else []
    if isinstance(value, tuple):
        return [f"{flag(option.name)}={item}" for item in value]
    return [f"{flag(option.name)}={value}"]


def parse_version(text: str) -> Version:
    """``mount-s3 1.24.0-unofficial+abc`` is ``(1, 24, 0)``; raises ValueError where there is no version."""
    match = re.search(r"\b(\d+)\.(\d+)\.(\d+)", text)
    if match is None:
        raise ValueError(f"no version in {text.strip()!r}")
    return tuple(int(part) for part in match.groups())


def version_text(version: Version) -> str:
    """``(1, 23)`` as people write it."""
    return ".".join(str(part) for part in version)


def too_new(options: Mapping[str, OptionValue], version: Version) -> list[tuple[str, Version]]:
    """Which options a mount-s3 of that version does not know, each with the first version that does.

    A single choice that is newer than its option is named as ``upload_checksums = "crc64nvme"``. Flags that are off
    need no support.
    """
    late: list[tuple[str, Version]] = []
    for name, value in options.items():
        option = OPTIONS[name]
        if not option.passed or value is False:
            continue
        choice_since = option.choices_since.get(value, (1, 0)) if isinstance(value, str) else (1, 0)
        if option.since > version:
            late.append((name, option.since))
        elif choice_since > version:
            late.append((f'{name} = "{value}"', choice_since))
    return late
