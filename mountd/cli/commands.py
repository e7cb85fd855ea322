"""The one table of commands: parser, ``--help``, man page and completions are made from it.

A new command is one row here and one function that takes the console and its arguments and gives an exit
status.
"""

from argparse import Namespace
from collections.abc import Callable
from importlib import import_module

from mountd.cli import acts, explain, export, local, nagios, past, reads, watch
from mountd.cli.command import Argument, Command, Fill, Take
from mountd.cli.console import Console
from mountd.cli.text import count_of, seconds_of
from mountd.core.imports.sources import SOURCES


def _lazily(name: str, module: str = "editing") -> Callable[[Console, Namespace], int]:
    """A command whose module reads TOML or starts processes, which costs more than all of ``status`` to import."""
    def run(console: Console, args: Namespace) -> int:
        return int(getattr(import_module(f"mountd.cli.{module}"), name)(console, args))

    return run


WAIT_LIMIT = 120.0
"""Seconds that a command waits for its outcome when nothing else is said."""

_NAMES = Argument(("NAME",), "names of mounts", Take.MANY, fill=Fill.MOUNTS)
_SOME = Argument(("NAME",), "names of mounts", Take.ANY, fill=Fill.MOUNTS)
_ALL = Argument(("--all",), "all mounts")
_JSON = Argument(("--json",), "print for a machine")
_NO_WAIT = Argument(("--no-wait",), "do not wait for the outcome")
_TIMEOUT = Argument(("--timeout",), "wait no longer than this, such as 30s or 5min (2min when not given)",
                    Take.ONE, "SPAN", parse=seconds_of, default=WAIT_LIMIT)
_STORE = (
    Argument(("--profile",), "profile of ~/.aws", Take.ONE, "PROFILE"),
    Argument(("--user",), "whose ~/.aws (yours when not given; under sudo that of who called it, then root's)",
             Take.ONE, "USER"),
    Argument(("--endpoint-url",), "URL of the store, for all but AWS", Take.ONE, "URL"),
    Argument(("--provider",), "kind of store, for all but AWS", Take.ONE, "PROVIDER"),
    Argument(("--region",), "region to ask", Take.ONE, "REGION"),
    Argument(("--ca-bundle",), "CA of the store, where this machine does not trust it", Take.ONE, "FILE",
             fill=Fill.FILES))
_ORDER = (_SOME, _ALL, _NO_WAIT, _TIMEOUT, _JSON)

_ROWS = (
    Command(
        "status", reads.status, "show how all mounts are, or everything about some", (_SOME, _JSON),
        "One line a mount; for each one that is not well why, since when, when the next try is, and what "
        "mends it. With names, everything known of these. With --json and no names the very bytes of the "
        "daemon's status document."),
    Command(
        "list", reads.list_mounts, "show names, folders and buckets",
        (Argument(("--names",), "names only, one a line"), _JSON),
        "Says nothing about how they are, and ends with 0 whatever their state."),
    Command(
        "start", acts.start, "mount what was stopped, or try at once what waits", _ORDER,
        "Waits until the mount is proven or has come to nothing."),
    Command(
        "stop", acts.stop, "unmount, and stay away until started again", _ORDER,
        "The folder is taken away at once; the worker finishes files that are open (state draining), "
        "until the mount's stop_timeout. It stays stopped over a reboot."),
    Command(
        "restart", acts.restart, "swap in a fresh worker", _ORDER,
        "The new worker stands ready before the old one goes: readers see no gap."),
    Command(
        "reload", acts.reload, "read the configuration again, touching only what changed",
        (_NO_WAIT, _TIMEOUT, _JSON),
        "Shows what changes, and waits for the mounts that are touched. A configuration with faults is "
        "refused as a whole: every fault is printed, nothing changes, and the exit status is 2. With "
        "--json the plan."),
    Command(
        "plan", reads.plan, "show what a reload would do", (_JSON,),
        "Exit status 2 when a reload would be refused."),
    Command(
        "add", _lazily("add", "adding"), "add a mount and mount it",
        (Argument(("BUCKET",), "the bucket: s3://BUCKET, s3://BUCKET/PREFIX, a name or an ARN", Take.MAYBE),
         Argument(("FOLDER",), "where to mount it; made when it is not there", Take.MAYBE),
         Argument(("--name",), "what the mount is called (the folder's last part when not given)", Take.ONE, "NAME",
                  dest="mount_name"),
         Argument(("--profile",), "profile of ~/.aws of the folder's owner", Take.ONE, "PROFILE"),
         Argument(("--s3cfg",), "take the keys from this file of s3cmd", Take.ONE, "FILE", fill=Fill.FILES),
         Argument(("--endpoint-url",), "URL of the store, for all but AWS", Take.ONE, "URL"),
         Argument(("--provider",), "kind of store, for all but AWS (asked of the store when not given)", Take.ONE,
                  "PROVIDER"),
         Argument(("--ca-bundle",), "CA of the store, where this machine does not trust it", Take.ONE, "FILE",
                  fill=Fill.FILES),
         Argument(("--region",), "region of the bucket", Take.ONE, "REGION"),
         Argument(("--read-only",), "nothing can be written"),
         Argument(("--allow-delete",), "files may be deleted"),
         Argument(("--allow-overwrite",), "files may be replaced"),
         Argument(("--set",), "any other key of s3mountd.toml(5), such as --set standby=true", Take.ONE, "KEY=VALUE",
                  repeats=True),
         Argument(("--no-check",), "do not ask the store first"),
         Argument(("--dry-run",), "show what would be written, and write nothing"), _NO_WAIT, _TIMEOUT, _JSON),
        "Asks the store for the bucket with the keys that the mount will use, shows the lines, writes them into a file "
        "of its own in /etc/s3mountd/mounts.d, and waits until the folder is there or the reason why not is known. "
        "Nothing is written that s3mountd or the store would refuse. Without sudo, where allow_users lets you, it is a "
        "mount of your own, in your home and with your keys, called LOGIN.NAME. Without BUCKET and FOLDER, at a "
        "terminal, it asks for all of it; Ctrl-C leaves nothing behind."),
    Command(
        "edit", _lazily("edit"), "edit the configuration and take it on",
        (Argument(("NAME",), "name of a mount: edit the file it stands in", Take.MAYBE, fill=Fill.MOUNTS),
         _NO_WAIT, _TIMEOUT, _JSON),
        "Opens a draft in $VISUAL, $EDITOR or sensible-editor. A draft with faults is shown to you with them and "
        "changes nothing; one without is written, and what changes is shown as by reload. Of a mount of your own "
        "only that mount is opened, and no sudo is needed."),
    Command(
        "remove", _lazily("remove"), "take mounts out of the configuration and unmount them",
        (_NAMES, _NO_WAIT, _TIMEOUT, _JSON),
        "Uploads under way may finish first. Mounts of your own need no sudo. The file keeps its comments and all else "
        "that is in it; nothing in the bucket is touched."),
    Command(
        "import", _lazily("import_", "importing"), "take mounts over from another tool",
        (Argument(("SOURCE",), f"one of {', '.join(SOURCES)}", Take.ONE, fill=Fill.SOURCES),
         Argument(("FILE",), "the file to read, instead of the usual one", Take.MAYBE, fill=Fill.FILES),
         Argument(("--only",), "one of what is found: its folder, or the name of its section", Take.ONE, "WHICH"),
         Argument(("--bucket",), "the bucket, where the source names none", Take.ONE, "BUCKET"),
         Argument(("--folder",), "the folder, where the source names none", Take.ONE, "FOLDER"),
         Argument(("--provider",), "kind of store, where it cannot be seen", Take.ONE, "PROVIDER"),
         Argument(("--endpoint-url",), "URL of the store, where the source names none", Take.ONE, "URL"),
         Argument(("--take-over",), "unmount what is mounted there, as soon as nobody uses it"),
         Argument(("--dry-run",), "show what would be written, and write nothing"), _NO_WAIT, _TIMEOUT, _JSON),
        "Shows the lines it proposes and a note for everything that was not taken over, writes one file in "
        "/etc/s3mountd/mounts.d, and has it mounted. From fstab the lines of mount-s3, s3fs, goofys and rclone; from "
        "s3cfg the store of s3cmd; from s3fs the buckets in its file of keys; from rclone its remotes that are S3; "
        "from mount-s3 what runs now, started by hand, or the commands in FILE. Keys are never copied. The other "
        "tool's own settings stay as they are: take lines out of fstab by hand. With --take-over a folder that is "
        "mounted is unmounted when no program has anything of it open, and what was written is removed again when "
        "that does not come within --timeout."),
    Command(
        "secret", _lazily("secret", "secrets"), "keep keys of S3, encrypted for this machine",
        (Argument(("ACTION",), "set, list or remove", Take.ONE),
         Argument(("NAME",), "what the secret is called", Take.MAYBE), _JSON),
        "What mounts with credentials = { systemd_credential = NAME } use; systemd decrypts it for the worker alone. "
        "With set it asks for access key and secret key, which is not shown as you type; or reads from standard input "
        "an AWS credentials file, a file of s3cmd, or JSON with AccessKeyId and SecretAccessKey. A secret never stands "
        "on the command line. Only root may.", needs_daemon=False),
    Command(
        "check", local.check, "look for faults in configuration files",
        (Argument(("FILE",), "files, instead of the installed configuration", Take.ANY, fill=Fill.FILES), _JSON),
        "Prints every fault with its file and line, as compilers do. Needs no daemon. Exit status 2 when there "
        "are faults, 1 when there are only warnings.", needs_daemon=False),
    Command(
        "wait", acts.wait, "wait until mounts are there", (_NAMES, _TIMEOUT, _JSON),
        "Until each one is mounted and a probe proved it. Ends at once, with 2, when one of them failed "
        "for good, was stopped or is disabled; with 1 when one still waits as the time is over."),
    Command(
        "watch", watch.watch, "show how mounts are while they change", (_SOME, _JSON),
        "On a terminal a table that stays true, with the reasons and what happened last; else a line for each mount "
        "and for each change of one. With --json each line is a mount's part of the status document. A daemon that is "
        "away is waited for, and all mounts are printed again when it is back. Ends with Ctrl-C, and then with 130."),
    Command(
        "logs", local.logs, "show the log of a mount",
        (Argument(("NAME",), "name of a mount", Take.ONE, fill=Fill.MOUNTS),
         Argument(("-f", "--follow"), "go on as lines come"),
         Argument(("-n", "--lines"), "how many lines (100 when not given)", Take.ONE, "N", parse=count_of,
                  default=100),
         _JSON),
        "All its workers and what s3mountd did to them, from the journal. Reading the system's journal "
        "may need sudo or the group adm.", needs_daemon=False),
    Command(
        "history", past.history, "show past outages and how available mounts were",
        (_SOME, Argument(("--blips",), "also what was over within the mount's grace"), _JSON),
        "For each mount its availability over 24 hours, 7 and 30 days, which is one minus the time of outages by the "
        "time in which s3mountd watched; and its outages, newest last: since when, how long, why, and what ended them. "
        "Without names the last 50 of each mount. A mount that is no longer configured is still known by its name, for "
        "90 days. Ends with 0 whatever there was."),
    Command(
        "check-health", nagios.check_health, "tell a monitoring system how mounts are",
        (Argument(("NAME",), "name of a mount; all when none is given", Take.MAYBE, fill=Fill.MOUNTS),),
        "A plug-in for Nagios, Icinga and their kin: a line with figures, then one for each mount that is not well. "
        "Its exit status is theirs, not that of the other commands: 0 OK, 1 WARNING, 2 CRITICAL, and 3 UNKNOWN when "
        "the daemon cannot be reached or there is no such mount. A mount that is named, and stopped or disabled, is a "
        "WARNING. Mounts that users manage themselves count when they are named."),
    Command(
        "doctor", _lazily("doctor", "doctor"), "find what is wrong here, and on the way to each bucket",
        (Argument(("NAME",), "name of a mount; all when none is given", Take.MAYBE, fill=Fill.MOUNTS),
         Argument(("--write",), "also store, read and delete an object in each bucket that is not mounted read-only"),
         _JSON),
        "Of the machine: mount-s3, FUSE, the kernel, propagation, updatedb, the clock, resolver, proxy, CA "
        "certificates, room, limits, and where keys lie. Of each mount: does the folder answer, then resolve, connect, "
        "TLS, time, credentials, list, read, uploads that were not ended, lifecycle. A line each: ok, warning or bad, "
        "with what mends it. Nothing is changed without --write. Needs no daemon, and a sick mount keeps it no longer "
        "than 3 seconds; as root it sees everybody's keys. Exit status 0, 1 with warnings, 2 when something is bad.",
        needs_daemon=False),
    Command(
        "whoami", _lazily("whoami", "whoami"), "show whose keys are used, and who they are to the store",
        (Argument(("NAME",), "name of a mount, for its store and keys; without one the options tell", Take.MAYBE,
                  fill=Fill.MOUNTS), *_STORE, _JSON),
        "Asks the store, and so shows that it is reached and takes the key; it tells the source of the keys and never "
        "what they are. Needs no daemon. Exit status 1 when the clock is off by 5 minutes or more, 2 when the store "
        "cannot be asked.", needs_daemon=False),
    Command(
        "bucket", _lazily("bucket", "bucket"), "list, make, measure, check and remove buckets",
        (Argument(("ACTION",), "one of list, create, remove, size, policy-check", Take.ONE, fill=Fill.ACTIONS),
         Argument(("BUCKET",), "the bucket; for create what its name begins with; one that a mount has needs no store "
                  "named", Take.MAYBE),
         Argument(("--mount",), "store and keys of this mount, and its bucket when none is named", Take.ONE, "NAME",
                  fill=Fill.MOUNTS), *_STORE,
         Argument(("--exact",), "create: take the name as it is, without digits behind it"),
         Argument(("--abort-uploads-after",), "create: let the store abort uploads that were not ended after so many "
                  "days", Take.ONE, "DAYS", parse=count_of),
         Argument(("--force",), "remove: also what is in it, versions too"),
         Argument(("--yes",), "do not ask"), _JSON),
        "list: those that the key sees. create: a name such as BASE-483920174653, for on AWS all customers share the "
        "names; public access is blocked where that does no harm. remove: an empty bucket that no mount uses, after "
        "asking. size: counts what is in it, where df says 8 EiB; as root the figure is kept, and shown with its age "
        "by status NAME. policy-check: who else can get at it; exit status 1 for warnings, 2 when it is public. A "
        "question that nobody is there to answer changes nothing. Needs no daemon.", needs_daemon=False),
    Command(
        "export", export.export, "print the mounts in the words of another tool",
        (Argument(("FORMAT",), f"one of {', '.join(export.FORMATS)}", Take.ONE, fill=Fill.FORMATS),
         Argument(("NAME",), "name of a mount; all when none is given", Take.ANY, fill=Fill.MOUNTS),
         Argument(("--file",), "read this file instead of the installed configuration", Take.ONE,
                  "FILE", fill=Fill.FILES)),
        "Nothing is changed and no secret is printed: whoever uses the result brings the keys. What only s3mountd does "
        "(guards, recovery, checks) is lost in fstab, systemd and kubernetes.", needs_daemon=False),
    Command(
        "bundle", _lazily("bundle", "bundle"), "collect what support needs into one file, without secrets",
        (Argument(("-o", "--output"), "the file (s3mountd-TIME.tar.gz in this folder when not given)", Take.ONE, "FILE",
                  fill=Fill.FILES), Argument(("--yes",), "do not ask"), _JSON),
        "Versions, configuration, state, status, history, journals, what hung workers were doing, doctor, the mount "
        "table and unit properties. Key files, environments, the webhook's URL, arguments of on_change and comments "
        "are never taken; logs are cleaned of what is secret on this machine or looks like a key; then the whole is "
        "searched, and not written when anything is found. The list of files is shown before. As root it has all, as "
        "anybody else what that person may read. Needs no daemon.", needs_daemon=False),
    Command(
        "explain", explain.explain, "tell what a code means, what a bucket cannot do, how stores vary",
        (Argument(("CODE",), "a code or a topic, such as bucket-missing, mv, provider/ceph", Take.MAYBE,
                  fill=Fill.CODES), _JSON),
        "Without a code: the table of all.", needs_daemon=False),
    Command(
        "version", local.version, "show the versions of client, daemon and mount-s3", (_JSON,),
        "Exit status 0 also when the daemon cannot be asked.", needs_daemon=False),
)

COMMANDS: dict[str, Command] = {command.name: command for command in _ROWS}
