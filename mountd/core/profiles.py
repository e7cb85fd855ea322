"""A profile of AWS files, read for the few keys that are safe to act on where several users' files are at hand.

What names a program, a file or an address (``credential_process``, ``web_identity_token_file``, ``sso_*``,
``endpoint_url``) is never followed: by it one user's file could lead to another user's keys. Forms are those of the
AWS CLI's documentation; mount-s3 reads them the same (research note mount-s3.md, 3.3).
"""

import configparser
from collections.abc import Mapping
from dataclasses import dataclass, field

_DEPTH = 4
"""Roles that may stand behind each other."""
_OUTSIDE = ("credential_process", "web_identity_token_file", "sso_start_url", "sso_session", "login_session",
            "mfa_serial")

Profile = Mapping[str, str]


@dataclass(frozen=True)
class Keys:
    """Keys as they are written."""

    access: str
    secret: str = field(repr=False)
    token: str = field(default="", repr=False)


@dataclass(frozen=True)
class Machine:
    """The role of the machine, from the metadata service of EC2."""


@dataclass(frozen=True)
class Role:
    """A role to be assumed with the keys of another source."""

    arn: str
    source: "Keys | Machine | Role"
    external_id: str = ""
    region: str = ""


@dataclass(frozen=True)
class Elsewhere:
    """Keys that only the worker can get at."""

    by: str


Source = Keys | Machine | Role | Elsewhere


def profiles(credentials: str, config: str) -> dict[str, Profile]:
    """All profiles by name; credentials go before config. Raises ValueError for what is no such file."""
    found: dict[str, dict[str, str]] = {}
    for text in (config, credentials):
        parser = configparser.RawConfigParser(strict=False, allow_no_value=True, default_section="")
        try:
            parser.read_string(text)
        except configparser.Error as error:
            raise ValueError(str(error).splitlines()[0]) from error
        for section in parser.sections():
            name = section.removeprefix("profile ").strip().strip("\"'")
            values = {key: value.strip() for key, value in parser.items(section) if value}
            found.setdefault(name, {}).update(values)
    return dict(found)


def source(found: Mapping[str, Profile], name: str, depth: int = 0) -> Source | None:
    """Where the profile's keys come from, None when it has none. Raises KeyError for a profile that is not there."""
    profile = found[name]
    by = next((key for key in _OUTSIDE if key in profile), "")
    if "role_arn" in profile and not by and depth < _DEPTH:
        return _role(found, name, depth)
    if "aws_access_key_id" in profile and "role_arn" not in profile:
        return Keys(profile["aws_access_key_id"], profile.get("aws_secret_access_key", ""),
                    profile.get("aws_session_token", ""))
    return Elsewhere(by or "role_arn") if by or "role_arn" in profile else None


def _role(found: Mapping[str, Profile], name: str, depth: int) -> Source | None:
    profile = found[name]
    behind: Source | None
    if profile.get("source_profile") == name:
        plain = {key: value for key, value in profile.items() if key != "role_arn"}
        behind = source({name: plain}, name, depth + 1)
    elif "source_profile" in profile:
        behind = source(found, profile["source_profile"], depth + 1)
    else:
        behind = Machine() if profile.get("credential_source") == "Ec2InstanceMetadata" else Elsewhere("role_arn")
    if behind is None or isinstance(behind, Elsewhere):
        return behind
    return Role(profile["role_arn"], behind, profile.get("external_id", ""), profile.get("region", ""))
