"""``s3mountctl export``: the mounts of this machine in the words of other tools, so that nobody is locked in."""

from argparse import Namespace
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from mountd.cli.console import Console
from mountd.cli.reads import nearest
from mountd.core.config import toml_text
from mountd.core.units.worker import escape_path
from mountd.core.verdict import Exit
from mountd.words import options, paths
from mountd.words.errors import MountdError
from mountd.words.model import Credentials, Mount
from mountd.words.providers import PROVIDERS

_DRIVER = "s3.csi.aws.com"
_SIZE = "1Ti"
"""Asked for by Kubernetes and counted by nobody."""
_OF_THE_HOST = ("cache", "max_cache_size", "cache_xz", "bind", "ca_bundle")
"""Options that name something of this machine; in Kubernetes they are a matter of the driver."""


_CHECK = "sh -c 's3mountctl check %s || test $? -eq 1'"
"""Warnings end with 1 and are no reason to refuse the file."""


@dataclass(frozen=True)
class Format:
    """One row of the table of formats."""

    name: str
    text: Callable[[Sequence[Mount]], str]


def export(console: Console, args: Namespace) -> int:
    """Print the configured mounts, or the named ones, in another tool's words."""
    if args.format not in FORMATS:
        console.warn([f"s3mountctl: there is no format {args.format!r}{nearest(args.format, FORMATS)}",
                      f"There are: {', '.join(FORMATS)}"])
        return Exit.USAGE
    # Importing what reads TOML costs more than all of `status`.
    from mountd.cli import checking, versions
    found = checking.check([args.file] if args.file else [], versions.parsed(versions.worker()))
    if found.problems:
        console.warn(map(str, found.problems))
        raise MountdError("config-invalid", f"{len(found.problems)} faults")
    console.say([FORMATS[args.format].text(chosen(found.mounts, args.name)).rstrip("\n")])
    return Exit.WELL


def chosen(mounts: Sequence[Mount], names: Sequence[str]) -> list[Mount]:
    """The named mounts, all when none is named. Raises ``no-such-mount``."""
    by_name = {mount.name: mount for mount in mounts}
    for name in names:
        if name not in by_name:
            raise MountdError("no-such-mount", repr(name))
    return [by_name[name] for name in dict.fromkeys(names)] if names else list(mounts)


def _bare(mount: Mount) -> list[str]:
    """What mount-s3 alone is told, without the dashes."""
    words = [word.removeprefix("--") for word in options.argv(mount.options)]
    read_only = ["read-only"] if mount.options.get("read_only") else []
    profile = [f"profile={mount.credentials.profile}"] if mount.credentials.profile else []
    unsigned = ["no-sign-request"] if mount.credentials.anonymous else []
    return ["allow-other", *read_only, *words, *profile, *unsigned]


def _source(mount: Mount) -> tuple[str, list[str]]:
    """What to mount as mount(8) is told: mount-s3 takes no ARN in a URI, there the prefix is an option."""
    if mount.bucket.startswith("arn:"):
        return mount.bucket, [f"prefix={mount.prefix}"] if mount.prefix else []
    return mount.source, []


def _mount_options(mount: Mount) -> str:
    """The option field of mount(8): mount-s3 reads a comma within a value after a backslash (its fstab.rs)."""
    words = ["ro" if word == "read-only" else word for word in [*_bare(mount), *_source(mount)[1]]]
    escaped = (word.replace("\\", "\\\\").replace(",", "\\,").replace('"', '\\"') for word in words)
    return ",".join(["_netdev", "nosuid", "nodev", *escaped])


def _fstab_field(text: str) -> str:
    """fstab(5) writes blanks, and the backslash that begins such a code, as octal codes."""
    return "".join(f"\\{ord(char):03o}" if char in " \t\n\\#" else char for char in text)


def _fstab(mounts: Sequence[Mount]) -> str:
    rows = ([_source(mount)[0], mount.folder, "mount-s3", _mount_options(mount), "0", "0"] for mount in mounts)
    return "".join(map(_by_mount_alone, mounts)) + "".join(" ".join(map(_fstab_field, row)) + "\n" for row in rows)


def _by_mount_alone(mount: Mount) -> str:
    """What is not there any more without s3mountd, as remarks: its keys, and that no renamed file is lost."""
    said = [_keys_of(mount.credentials)]
    if PROVIDERS[mount.provider].rename and not mount.options.get("read_only"):
        said.append(f"{PROVIDERS[mount.provider].rename}; s3mountd tried it first, mount-s3 alone does not")
    return "".join(f"# {mount.name}: {text}\n" for text in said if text)


def _keys_of(wanted: Credentials) -> str:
    if wanted.assume_role or wanted.s3cfg or wanted.systemd_credential:
        what = "the role" if wanted.assume_role else wanted.s3cfg or f"systemd credential {wanted.systemd_credential}"
        return f"mount-s3 alone does not get keys by {what}: give root's ~/.aws a profile that does"
    if wanted.user in ("", "root"):
        return ""
    return f"mount(8) reads root's ~/.aws: it needs the keys of {wanted.user}"


def _systemd(mounts: Sequence[Mount]) -> str:
    return "\n".join(_mount_unit(mount) for mount in mounts)


def _mount_unit(mount: Mount) -> str:
    def plain(text: str) -> str:
        return text.replace("%", "%%")

    return (
        f"# /etc/systemd/system/{escape_path(mount.folder)}.mount\n{_by_mount_alone(mount)}"
        f"[Unit]\nDescription={plain(mount.source)}\nWants=network-online.target\nAfter=network-online.target\n\n"
        f"[Mount]\nWhat={plain(_source(mount)[0])}\nWhere={plain(mount.folder)}\nType=mount-s3\n"
        f"Options={plain(_mount_options(mount))}\n\n[Install]\nWantedBy=remote-fs.target\n")


def _file(mount: Mount) -> tuple[str, str]:
    """A file of its own for a mount, and its text."""
    return f"{paths.DROPINS}/{mount.name}.toml", toml_text.section(toml_text.of_mount(mount))


def _cloud_init(mounts: Sequence[Mount]) -> str:
    files = [{"path": path, "permissions": "0644", "content": text} for path, text in map(_file, mounts)]
    return "#cloud-config\n# s3mountd and mount-s3 must be in a package source of the machine.\n" + _yaml({
        "packages": ["s3mountd", "mount-s3"],
        "write_files": files,
        "runcmd": [["systemctl", "enable", "--now", "s3mountd"], ["s3mountctl", "reload"]],
    })


def _ansible(mounts: Sequence[Mount]) -> str:
    tasks: list[dict[str, Any]] = [{
        "name": "s3mountd and mount-s3 are there",
        "ansible.builtin.apt": {"name": ["s3mountd", "mount-s3"], "state": "present"}}]
    for number, mount in enumerate(mounts):
        path, text = _file(mount)
        tasks.append({"name": f"{mount.source} on {mount.folder}", "register": f"s3mount_{number}",
                      "ansible.builtin.copy": {"dest": path, "content": text, "owner": "root", "group": "root",
                                               "mode": "0644", "validate": _CHECK}})
    tasks.append({"name": "s3mountd runs", "ansible.builtin.service": {
        "name": "s3mountd", "state": "started", "enabled": True}})
    tasks.append({"name": "s3mountd takes changes on", "ansible.builtin.command": {"cmd": "s3mountctl reload"},
                  "when": " or ".join(f"s3mount_{number} is changed" for number in range(len(mounts))) or "false"})
    return _yaml(tasks)


def _kubernetes(mounts: Sequence[Mount]) -> str:
    return "---\n".join(_left_out(mount) + _yaml(_volume(mount)) + "---\n" + _yaml(_claim(mount)) for mount in mounts)


def _left_out(mount: Mount) -> str:
    found = [name for name in _OF_THE_HOST if name in mount.options]
    if mount.credentials != Credentials(anonymous=mount.credentials.anonymous):
        found.append("credentials")
    return f"# Left out, a matter of the driver: {', '.join(found)}\n" if found else ""


def _label(mount: Mount) -> str:
    """A name as Kubernetes takes it (RFC 1123 label)."""
    plain = "".join(char if char.isalnum() and char.isascii() else "-" for char in mount.name.lower())
    return f"s3-{plain}".rstrip("-")[:63].rstrip("-")


def _kinds(mount: Mount) -> dict[str, Any]:
    access = "ReadOnlyMany" if mount.options.get("read_only") else "ReadWriteMany"
    return {"accessModes": [access], "storageClassName": ""}


def _volume(mount: Mount) -> dict[str, Any]:
    there = {key: item for key, item in mount.options.items() if key not in _OF_THE_HOST}
    words = [word.removeprefix("--") for word in options.argv(there)]
    prefix = [f"prefix={mount.prefix}"] if mount.prefix else []
    read_only = ["read-only"] if mount.options.get("read_only") else []
    unsigned = ["no-sign-request"] if mount.credentials.anonymous else []
    return {
        "apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": _label(mount)},
        "spec": {
            **_kinds(mount), "capacity": {"storage": _SIZE},
            "claimRef": {"namespace": "default", "name": _label(mount)},
            "mountOptions": ["allow-other", *read_only, *prefix, *words, *unsigned],
            "csi": {"driver": _DRIVER, "volumeHandle": _label(mount), "volumeAttributes": {"bucketName": mount.bucket}},
        },
    }


def _claim(mount: Mount) -> dict[str, Any]:
    return {
        "apiVersion": "v1", "kind": "PersistentVolumeClaim",
        "metadata": {"name": _label(mount), "namespace": "default"},
        "spec": {**_kinds(mount), "resources": {"requests": {"storage": _SIZE}}, "volumeName": _label(mount)},
    }


def _yaml(value: object) -> str:
    import yaml

    class Dumper(yaml.SafeDumper):
        """Texts of several lines stay readable."""

    def text(dumper: yaml.SafeDumper, raw: str) -> yaml.Node:
        return dumper.represent_scalar("tag:yaml.org,2002:str", raw, style="|" if "\n" in raw else None)

    Dumper.add_representer(str, text)
    return str(yaml.dump(value, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=1000))


FORMATS: dict[str, Format] = {
    row.name: row
    for row in (
        Format("fstab", _fstab),
        Format("systemd", _systemd),
        Format("cloud-init", _cloud_init),
        Format("ansible", _ansible),
        Format("kubernetes", _kubernetes),
    )
}
