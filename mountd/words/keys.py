"""The keys of ``mounts.toml`` that are s3mountd's own, as rows of the same kind as mount-s3's options."""

from mountd.words.options import OPTIONS, Kind, Option
from mountd.words.providers import PROVIDERS

_ROWS = (
    Option("name", Kind.TEXT, "What the mount is called: letters, digits, - _ . up to 64.", "the folder's last part"),
    Option("bucket", Kind.TEXT, "Bucket, access point alias or ARN.", "must be given"),
    Option("prefix", Kind.TEXT, 'Mount only what lies below this; ends in "/".', "the whole bucket"),
    Option("folder", Kind.PATH, "Where to mount it: an absolute path.", "must be given"),
    Option("provider", Kind.ENUM, "Kind of store; presets path style and region.", "aws",
           choices=tuple(PROVIDERS)),
    Option("credentials", Kind.TABLE, "Whose keys to use; see below.", "the folder owner's, root's, the machine's"),
    Option("when_away", Kind.ENUM, "What callers meet while there is no worker.", "error",
           choices=("error", "wait", "empty")),
    Option("wait_limit", Kind.SPAN, 'How long callers wait with when_away = "wait" before they get an error.', "10min",
           low=1, high=7 * 24 * 3600),
    Option("nonempty", Kind.ENUM, "What to do when the folder has files of its own.", "refuse",
           choices=("refuse", "hide")),
    Option("user", Kind.OWNER, "User that the folder and its files belong to.", "the folder's owner"),
    Option("group", Kind.OWNER, "Group that the folder and its files belong to.", "the folder's group"),
    Option("enabled", Kind.FLAG, "false keeps the mount in the file but away.", "true"),
    Option("start_timeout", Kind.SPAN, "How long a worker may take to come up.", "2min", low=1, high=3600),
    Option("stop_timeout", Kind.SPAN, "How long a worker may finish uploads before it is killed.", "90s", low=1,
           high=24 * 3600),
    Option("check", Kind.TABLE, "How often S3 is asked through the mount; see below.", "every 60s"),
    Option("grace", Kind.SPAN, "What is over sooner is not called an outage.", "10s", low=0, high=3600),
    Option("hang_timeout", Kind.SPAN, "A worker that leaves callers waiting this long while S3 answers is replaced.",
           "15s", low=3, high=3600),
    Option("standby", Kind.FLAG, "Keep a second worker ready: recovery in milliseconds, for its memory.", "false"),
    Option("memory_high", Kind.INT, "Above this the worker is slowed down, and gives memory back.", "no limit", low=128,
           high=2**40, unit="MiB"),
    Option("memory_max", Kind.INT, "Above this the kernel ends the worker, and another is started.", "no limit",
           low=128, high=2**40, unit="MiB"),
    Option("on_demand", Kind.FLAG, "Start the worker at the first access.", "false"),
    Option("idle_unmount", Kind.SPAN, "Take an unused worker away after this time; needs on_demand.", "never", low=1,
           high=7 * 24 * 3600, requires="on_demand"),
    Option("write_safety", Kind.ENUM, "What to do at a store that loses files that mount-s3 renames; see WRITE SAFETY.",
           "auto", choices=("auto", "front", "read-only", "trust")),
    Option("on_sleep", Kind.ENUM, "Before the machine sleeps: leave blocked callers, or free them by an error.", "keep",
           choices=("keep", "abort")),
    Option("proxy", Kind.URL, "HTTP proxy on the way to S3; none of the machine's own counts. mount-s3 1.20 or newer.",
           "none"),
    Option("abort_uploads_after", Kind.SPAN, "Incomplete uploads below the prefix are aborted when older than this.",
           "never", low=600, high=366 * 24 * 3600),
)
MOUNT_KEYS: dict[str, Option] = {row.name: row for row in _ROWS}

OWN_PLACE = frozenset({"name", "bucket", "prefix", "folder"})
"""Keys that belong to one mount and so cannot stand in ``[defaults]``."""

_BESIDE = ("user", "profile", "s3cfg", "systemd_credential", "role")
"""Keys that name where keys come from; only user and profile go together."""

CREDENTIAL_KEYS: dict[str, Option] = {
    row.name: row
    for row in (
        Option("user", Kind.OWNER, "User whose ~/.aws is read.", "the folder's owner, then root"),
        Option("profile", Kind.TEXT, "Profile of ~/.aws/credentials or ~/.aws/config.", "default"),
        Option("s3cfg", Kind.PATH, "File of s3cmd, for its keys alone; it must belong to who has its folder.",
               "none", conflicts=("user", "profile")),
        Option("section", Kind.TEXT, "Section of that file.", "default", requires="s3cfg"),
        Option("systemd_credential", Kind.TEXT, "Name of a secret that systemd keeps: s3mountctl secret set NAME.",
               "none", conflicts=("user", "profile", "s3cfg")),
        Option("role", Kind.ENUM, "The role of this machine, from its metadata service.", "none",
               choices=("instance",), conflicts=_BESIDE[:-1]),
        Option("assume_role", Kind.TEXT, "ARN of a role to assume.", "none", conflicts=_BESIDE),
        Option("source", Kind.TABLE, "Whose keys assume it: user and profile, s3cfg and section, systemd_credential, "
               "or role.", "the folder owner's, root's, the machine's", requires="assume_role"),
        Option("external_id", Kind.TEXT, "What the role's owner asks for.", "none", requires="assume_role"),
        Option("duration", Kind.SPAN, "How long each session of the role lasts.", "1h", low=900, high=12 * 3600,
               requires="assume_role"),
        Option("web_identity", Kind.PATH, "File with a token that assumes the role, renewed by somebody else.", "none",
               requires="assume_role", conflicts=("source", "external_id")),
        Option("delivery", Kind.ENUM, "How keys reach the worker: by the broker, which renews them, or as a file.",
               "broker for keys that expire, else file", choices=("broker", "file")),
        Option("warn_before", Kind.SPAN, "How long before keys end it is said, when no others can be had.",
               "24h for SSO and for keys that live longer than 6 hours, else 15min", low=60, high=30 * 24 * 3600),
        Option("anonymous", Kind.FLAG, "Sign nothing: public buckets.", "false",
               conflicts=(*_BESIDE, "assume_role", "delivery")),
    )
}

SOURCE_KEYS: dict[str, Option] = {name: CREDENTIAL_KEYS[name] for name in (*_BESIDE, "section")}
"""Of the table ``source``, which says with whose keys a role is assumed."""

CHECK_KEYS: dict[str, Option] = {
    row.name: row
    for row in (
        Option("interval", Kind.SPAN, "Time between two checks; each costs one HEAD and one LIST.", "60s", low=5,
               high=24 * 3600),
        Option("timeout", Kind.SPAN, "A check that takes longer has failed.", "10s", low=1, high=300),
        Option("failures", Kind.INT, "Failures in a row before the mount is called unwell.", "3", low=1, high=100),
    )
}

DAEMON_KEYS: dict[str, Option] = {
    row.name: row
    for row in (
        Option("on_stop", Kind.ENUM, "What becomes of the mounts when the daemon is stopped.", "keep",
               choices=("keep", "unmount")),
        Option("on_upgrade", Kind.ENUM, "What becomes of workers when another mount-s3 is installed.", "replace",
               choices=("replace", "keep")),
        Option("log_level", Kind.ENUM, "How much the daemon says.", "info",
               choices=("debug", "info", "warning", "error")),
        Option("http", Kind.LISTEN, 'Where status pages and metrics are offered, such as "127.0.0.1:9787"; or "off".',
               '"off"'),
        Option("on_change", Kind.COMMAND, "Program and arguments, run at each change of a mount with JSON on stdin.",
               "none"),
        Option("webhook", Kind.WEBHOOK, "URL that each change of a mount is sent to; whoever can read it can use it.",
               "none"),
        Option("allow_users", Kind.FLAG, "Users may mount buckets in their own homes, with their own keys; see USERS.",
               "false"),
    )
}

USER_KEYS: dict[str, Option] = {
    name: {**MOUNT_KEYS, **OPTIONS}[name] for name in (
        "name", "bucket", "prefix", "folder", "provider", "endpoint_url", "region", "credentials", "read_only",
        "allow_delete", "allow_overwrite")
}
"""What users may say of their own mounts (ADR 21): nothing here names a file, a program, another user or a limit."""

USER_CREDENTIAL_KEYS: dict[str, Option] = {
    name: CREDENTIAL_KEYS[name] for name in ("profile", "s3cfg", "section", "anonymous")
}
"""Of their table ``credentials``. The machine's role, and what systemd keeps, are the administrator's."""
