"""``s3mountctl secret``: keys of S3 that systemd keeps, encrypted for this machine.

They pass through this process and a pipe to systemd-creds(1), and are in no file, argument or variable on the way.
"""

import getpass
import os
import subprocess
import sys
from argparse import Namespace
from datetime import UTC, datetime
from pathlib import Path

from mountd.cli.console import Console
from mountd.core import secret_text
from mountd.core.config.credentials import is_secret_name
from mountd.core.profiles import Keys
from mountd.core.verdict import Exit
from mountd.words import paths
from mountd.words.errors import MountdError

_LIMIT = 60.0
"""Seconds for systemd-creds; a TPM may take a few."""
_MOST = 1 << 20
"""Bytes of a credential (systemd.exec(5))."""


def secret(console: Console, args: Namespace) -> int:
    """Store, list or remove."""
    action = {"set": _set, "remove": _remove, "list": _list}.get(args.action)
    if action is None or (args.name is None) is not (args.action == "list"):
        console.warn(["s3mountctl: say: secret set NAME, secret remove NAME or secret list"])
        return Exit.USAGE
    if args.name is not None and not is_secret_name(args.name):
        console.warn(["s3mountctl: a secret's name has letters, digits, - _ . @ only"])
        return Exit.USAGE
    if os.geteuid() != 0:
        raise MountdError("not-permitted", "secrets are root's")
    return action(console, args)


def _set(console: Console, args: Namespace) -> int:
    try:
        keys = _asked() if sys.stdin.isatty() else secret_text.of_text(sys.stdin.read(_MOST))
    except (ValueError, EOFError) as error:
        console.warn([f"s3mountctl: nothing was stored: {str(error) or 'no keys were given'}"])
        return Exit.USAGE
    _encrypt(args.name, secret_text.aws_text(keys))
    console.say([f"{args.name} is stored. A mount uses it with:",
                 f'credentials = {{ systemd_credential = "{args.name}" }}',
                 "One that does already:  s3mountctl restart MOUNT"])
    return Exit.WELL


def _asked() -> Keys:
    access = input("access key: ").strip()
    secret_key = getpass.getpass("secret key (not shown): ").strip()
    token = getpass.getpass("session token (not shown, empty for none): ").strip()
    return secret_text.checked(Keys(access, secret_key, token))


def _encrypt(name: str, text: str) -> None:
    target = paths.SECRETS / name
    fresh = target.with_name(f".{name}.new")
    try:
        paths.SECRETS.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh.unlink(missing_ok=True)
        done = subprocess.run(["systemd-creds", "encrypt", f"--name={name}", "-", str(fresh)], input=text, text=True,
                              capture_output=True, timeout=_LIMIT, check=False)
        if done.returncode:
            raise MountdError("host-refused", f"systemd-creds: {done.stderr.strip()[:200]}")
        fresh.chmod(0o600)
        fresh.replace(target)
    except subprocess.TimeoutExpired:
        raise MountdError("host-refused", "systemd-creds does not answer") from None
    except OSError as error:
        raise MountdError("host-refused", f"{error.filename or target}: {error.strerror}") from error
    finally:
        fresh.unlink(missing_ok=True)


def _remove(console: Console, args: Namespace) -> int:
    try:
        (paths.SECRETS / args.name).unlink()
    except FileNotFoundError:
        raise MountdError("secret-missing", args.name) from None
    console.say([f"{args.name} is removed; workers that run go on with it until they are replaced."])
    return Exit.WELL


def _list(console: Console, args: Namespace) -> int:
    found = [(path.name, _since(path)) for path in _stored()]
    if args.json:
        console.say_json([{"name": name, "stored_at": since} for name, since in found])
    else:
        console.say(f"{name:<24} since {since}" for name, since in found)
    return Exit.WELL


def _stored() -> list[Path]:
    if not paths.SECRETS.is_dir():
        return []
    return sorted(path for path in paths.SECRETS.iterdir() if path.is_file() and is_secret_name(path.name))


def _since(path: Path) -> str:
    return datetime.fromtimestamp(path.stat().st_mtime, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
