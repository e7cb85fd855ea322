"""Configuration and free text for other people's eyes: what could be a secret is left out. Pure."""

import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

from mountd.core import key_patterns
from mountd.words.keys import CHECK_KEYS, CREDENTIAL_KEYS, DAEMON_KEYS, MOUNT_KEYS
from mountd.words.options import OPTIONS

REMOVED = "<removed>"
_TABLES: Mapping[str, frozenset[str]] = {
    "daemon": frozenset(DAEMON_KEYS), "defaults": frozenset(MOUNT_KEYS) | frozenset(OPTIONS),
    "mount": frozenset(MOUNT_KEYS) | frozenset(OPTIONS), "credentials": frozenset(CREDENTIAL_KEYS),
    "check": frozenset(CHECK_KEYS)}
"""The keys of each table whose values are shown. A key that is not known could be anything, and so could its value."""
_SECRET = re.compile(r"(?i)secret|token|passw|external_id|webhook")
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://\S*")
_SHORTEST = 8
"""Characters of a secret that is looked for: a shorter one would be found in every second word."""

_LONG = 12
"""Characters of a part of a URL that nobody guesses, if there is a digit among them."""


def configuration(parsed: Mapping[str, Any]) -> dict[str, Any]:
    """A file of the configuration, parsed, with its secrets out; comments went with the parsing."""
    return {key: _table(key, value) if key in _TABLES else REMOVED for key, value in parsed.items()}


def _table(name: str, value: Any) -> Any:
    if isinstance(value, list):
        return [_table(name, one) for one in value]
    if not isinstance(value, Mapping):
        return REMOVED
    return {key: _value(key, one) if key in _TABLES[name] and not _SECRET.search(key) else REMOVED
            for key, one in value.items()}


def _value(key: str, value: Any) -> Any:
    if isinstance(value, Mapping):
        return _table(key, value) if key in _TABLES else REMOVED
    if key == "on_change" and isinstance(value, list):
        # Arguments are the person's own; the program is what matters.
        return [*value[:1], *([REMOVED] * (len(value) > 1))]
    return _url(value) if isinstance(value, str) else value


def _url(text: str) -> str:
    """A URL without user, password and query, any other text as it is."""
    if not _URL.fullmatch(text):
        return text
    parts = urlsplit(text)
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}{parts.path}"


def text(words: str, secrets: Iterable[str]) -> str:
    """Free text (a log) without these secrets, and without what looks like one."""
    for secret in sorted(filter(_is_long, secrets), key=len, reverse=True):
        words = words.replace(secret, REMOVED)
    for pattern in key_patterns.PATTERNS:
        words = pattern.sub(REMOVED, words)
    return words


def hits(content: str, secrets: Iterable[str]) -> list[str]:
    """What is in a text that should not be: "a secret of this machine", or "something like a key"."""
    found = ["a secret of this machine"] * any(secret in content for secret in filter(_is_long, secrets))
    return found + ["something like a key"] * bool(key_patterns.lines_with_keys(content))


def _is_long(secret: str) -> bool:
    return len(secret) >= _SHORTEST


_SETTING = re.compile(
    rf"(?im)^\s*(?:export\s+)?[\"']?{key_patterns.SETTING}[\"']?\s*[=:]\s*[\"']?([^\s\"']+)")
_PASSWD = re.compile(r"(?m)^(?:[^:\s#]+:)?[A-Za-z0-9]{16,}:([A-Za-z0-9/+=]{20,})$")


def secrets_of(file: str) -> set[str]:
    """The secrets in a file that holds keys (AWS CLI, s3cmd, rclone, s3fs)."""
    return {found[1] for pattern in (_SETTING, _PASSWD) for found in pattern.finditer(file)}


def secrets_of_webhook(url: str) -> set[str]:
    """What of a webhook's URL only its owner knows: its long parts, not words such as "services"."""
    parts = urlsplit(url)
    pieces = [parts.password or "", parts.query, *parts.path.split("/")]
    return {url, *(one for one in pieces if (len(one) >= _LONG and any(char.isdigit() for char in one)) or
                   len(one) >= 2 * _LONG)}
