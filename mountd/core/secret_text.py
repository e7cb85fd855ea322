"""Keys of S3 as people have them: an AWS credentials file, a file of s3cmd, the JSON of AWS's tools.

The forms are those of the AWS CLI's documentation (also ``credential_process``) and of s3cmd(1).
"""

import configparser
import json
import re
from collections.abc import Mapping

from mountd.core.profiles import Keys

_PRINTABLE = re.compile(r"[!-~]+")
_NAMES = (
    ("aws_access_key_id", "aws_secret_access_key", "aws_session_token"),
    ("access_key", "secret_key", "access_token"),
    ("AccessKeyId", "SecretAccessKey", "SessionToken"),
)
"""Access key, secret key and token: in AWS's files, in s3cmd's, in JSON."""


def of_section(text: str, section: str) -> Keys:
    """The keys in one section of an ini file, AWS's or s3cmd's. Raises ValueError, KeyError for no such section; no
    text of either holds a part of the file but the section's name."""
    parser = configparser.RawConfigParser(strict=False, allow_no_value=True, default_section="")
    try:
        parser.read_string(text)
    except configparser.Error as error:
        # Its own words repeat the line, which may have the keys.
        raise ValueError(f"it is no ini file (line {getattr(error, 'lineno', None) or 1})") from None
    if not parser.has_section(section):
        raise KeyError(section)
    # Without interpolation a % in a secret is a %.
    return _keys({key: (value or "").strip() for key, value in parser.items(section)}, f"section {section}")


def of_text(text: str) -> Keys:
    """The keys in any of the forms; ``[default]`` of a file, or its only section. Raises ValueError."""
    if text.lstrip().startswith("{"):
        try:
            said = json.loads(text)
        except ValueError as error:
            raise ValueError("it is no JSON") from error
        return _keys({key: value for key, value in said.items() if isinstance(value, str)}, "it")
    sections = re.findall(r"^\s*\[([^\]\n]+)\]", text, re.MULTILINE)
    wanted = sections[0] if len(sections) == 1 else "default"
    try:
        return of_section(text, wanted)
    except KeyError:
        text = "it has no [default]" if sections else "it is neither JSON nor an AWS credentials file"
        raise ValueError(text) from None


def _keys(found: Mapping[str, str], where: str) -> Keys:
    lower = {key.lower(): value for key, value in found.items()}
    names = next((names for names in _NAMES if names[0].lower() in lower), _NAMES[0])
    access, secret, token = (lower.get(name.lower(), "") for name in names)
    if not access or not secret:
        raise ValueError(f"{where} has no {names[1] if access else names[0]}")
    return checked(Keys(access, secret, token))


def checked(keys: Keys) -> Keys:
    """Keys that can be keys. Raises ValueError."""
    for name, value in (("access key", keys.access), ("secret key", keys.secret)):
        if not value:
            raise ValueError(f"the {name} is missing")
        if not _PRINTABLE.fullmatch(value):
            raise ValueError(f"the {name} has blanks or letters that no key has")
    if keys.token and not _PRINTABLE.fullmatch(keys.token):
        raise ValueError("the session token has blanks or letters that no token has")
    return keys


def aws_text(keys: Keys) -> str:
    """The AWS credentials file that mount-s3 reads."""
    lines = ["[default]", f"aws_access_key_id = {keys.access}", f"aws_secret_access_key = {keys.secret}"]
    return "\n".join([*lines, *([f"aws_session_token = {keys.token}"] if keys.token else [])]) + "\n"
