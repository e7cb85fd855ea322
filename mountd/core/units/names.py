"""Names as systemd has them: of units, of paths within its settings. Values only."""

from pathlib import Path

from mountd.words import paths

_ESCAPED_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:_.")


def escape(text: str) -> str:
    """What systemd-escape(1) makes of a string that is no path."""
    if not text:
        return ""
    escaped = "".join(
        char if char in _ESCAPED_PLAIN and not (index == 0 and char == ".")
        else "-" if char == "/" else "".join(f"\\x{byte:02x}" for byte in char.encode())
        for index, char in enumerate(text)
    )
    return escaped


def escape_path(path: str) -> str:
    """What ``systemd-escape --path`` makes of an absolute path."""
    return escape("/".join(part for part in path.split("/") if part)) or "-"


def file_name(name: str) -> str:
    """A mount's name as a part of paths that systemd is given.

    Without backslashes: systemd 257 undoes escapes in the path of ``LoadCredential=``, 252 does not.
    """
    return escape(name).replace("\\x", "=")


def unit_name(name: str, generation: int) -> str:
    """``s3mount-<escaped name>-<generation>.service``."""
    return f"{paths.WORKER_PREFIX}{escape(name)}-{generation}.service"


def token_file(unit: str) -> Path:
    """Where the token lies that a worker shows to the broker; root only."""
    return paths.TOKENS / file_name(unit)
