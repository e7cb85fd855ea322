"""Where keys come from, one function each. botocore reads what a user's own files name; this runs as that user.

No text that leaves here repeats what a program or a file said: it may be a secret.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from mountd.core import profiles
from mountd.core.profiles import Keys
from mountd.system.s3 import clients
from mountd.words.errors import MountdError

_METADATA_LIMIT = 2.0
_SESSION = "s3mountd"
_SSO = ("sso_start_url", "sso_session")


@dataclass(frozen=True)
class Got:
    """Keys, when they end (seconds since the epoch, None for never), and how they were had, for people."""

    keys: Keys
    expires: float | None
    how: str


@dataclass(frozen=True)
class Sts:
    """Where roles are assumed, by way of a proxy (URL) or of none; ``end`` in monotonic seconds."""

    url: str
    region: str
    ca_file: str
    end: float
    proxy: str


def loaded(name: str) -> bytes:
    """What systemd has put into the credentials directory of this unit. Raises OSError."""
    return (Path(os.environ["CREDENTIALS_DIRECTORY"]) / name).read_bytes()


def of_files(question: Mapping[str, Any], _place: Sts) -> Got:
    """Keys that stand in a file."""
    text = loaded(str(question["file"])).decode("utf-8", "replace")
    name = str(question["profile"]) or "default"
    try:
        found = profiles.source(profiles.profiles(text, ""), name)
    except (KeyError, ValueError):
        raise MountdError("profile-missing", f"profile {name}") from None
    if not isinstance(found, Keys):
        raise MountdError("keys-not-got", f"profile {name} has no keys")
    return Got(found, None, "keys")


def of_instance(_question: Mapping[str, Any], _place: Sts) -> Got:
    """The role of this machine, by version 2 of the metadata service."""
    from botocore.utils import InstanceMetadataFetcher  # noqa: PLC0415  see system.s3.clients

    class Truthful(InstanceMetadataFetcher):  # type: ignore[misc]
        """botocore says of keys that end soon that they last some minutes longer, which they do not (its utils.py)."""

        def _evaluate_expiration(self, credentials: object) -> None:
            """Leave it as it is."""

    fetcher = Truthful(_METADATA_LIMIT, num_attempts=2, user_agent=_SESSION)
    said = fetcher.retrieve_iam_role_credentials()
    if not said:
        raise MountdError("keys-not-got", "this machine has no role")
    keys = Keys(said["access_key"], said["secret_key"], said["token"])
    return Got(keys, _moment(said["expiry_time"]), f"role {said.get('role_name', '')}".strip())


def _moment(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def of_web_identity(question: Mapping[str, Any], place: Sts) -> Got:
    """A role assumed with a token that somebody else issues and renews in a file."""
    role = question["role"]
    token = loaded("web-identity").decode("utf-8", "replace").strip()
    return _by_sts("assume_role_with_web_identity", None, role, place, WebIdentityToken=token)


def assumed(got: Got, role: Mapping[str, Any], place: Sts) -> Got:
    """A role assumed with keys."""
    external = {"ExternalId": role["external_id"]} if role["external_id"] else {}
    return _by_sts("assume_role", got.keys, role, place, **external)


def _by_sts(call: str, keys: Keys | None, role: Mapping[str, Any], place: Sts, **extra: Any) -> Got:
    from botocore import exceptions  # noqa: PLC0415

    sts = clients.client("sts", keys, region=place.region, endpoint_url=place.url, ca_file=place.ca_file,
                         end=place.end, proxy=place.proxy)
    lasting = {"DurationSeconds": int(role["duration"])} if role["duration"] else {}
    try:
        said = getattr(sts, call)(RoleArn=role["arn"], RoleSessionName=_SESSION, **lasting, **extra)["Credentials"]
    except exceptions.ClientError as error:
        raise _refused(error.response, str(role["arn"])) from None
    except exceptions.BotoCoreError as error:
        raise _unreached(error, str(role["arn"])) from None
    return Got(Keys(said["AccessKeyId"], said["SecretAccessKey"], said["SessionToken"]),
               said["Expiration"].timestamp(), f"role {role['arn']}")


def _refused(answer: Mapping[str, Any], what: str) -> MountdError:
    cause = clients.cause(answer)
    code = cause.code if cause is not None and cause.code in clients.OF_STS else "role-refused"
    return MountdError(code, f"{what}: {answer['Error'].get('Code', '')}")


def _unreached(error: Exception, what: str) -> MountdError:
    from botocore import exceptions  # noqa: PLC0415

    if isinstance(error, exceptions.HTTPClientError | exceptions.ConnectionError | exceptions.EndpointConnectionError):
        return MountdError("unreachable", f"{what}: {type(error).__name__}")
    return MountdError("keys-not-got", f"{what}: {type(error).__name__}")


def of_user(question: Mapping[str, Any], _place: Sts | None = None) -> Got:
    """What the AWS tools of this user would use for the profile."""
    from botocore import exceptions, session  # noqa: PLC0415

    name, user = str(question["profile"]), str(question["user"])
    shown = f"{user}: profile {name or 'default'}"
    try:
        made = session.Session(profile=name or None)
        written = made.get_scoped_config()
        if "mfa_serial" in written:
            raise MountdError("keys-not-got", f"{shown} asks for an MFA code, and nobody is there to type one")
        found = made.get_credentials()
        keys = found.get_frozen_credentials() if found is not None else None
    except exceptions.ProfileNotFound:
        raise MountdError("profile-missing", shown) from None
    except exceptions.ClientError as error:
        raise (_login(user, name) if any(key in written for key in _SSO) else _refused(error.response, shown)) from None
    except (exceptions.SSOError, exceptions.TokenRetrievalError):
        raise _login(user, name) from None
    except exceptions.CredentialRetrievalError:
        # Its text is what the program said.
        raise MountdError("keys-not-got", f"{shown}: its credential_process failed") from None
    except exceptions.BotoCoreError as error:
        raise _unreached(error, shown) from None
    if keys is None:
        raise MountdError("keys-not-got", f"{shown} has no keys")
    expires = getattr(found, "_expiry_time", None)
    return Got(Keys(keys.access_key, keys.secret_key, keys.token or ""), expires.timestamp() if expires else None,
               str(found.method))


def _login(user: str, profile: str) -> MountdError:
    words = f"aws sso login --profile {profile}" if profile else "aws sso login"
    return MountdError("sso-ended", f"as {user}: {words}")


START: Mapping[str, Callable[[Mapping[str, Any], Sts], Got]] = {
    "files": of_files, "user": of_user, "instance": of_instance, "web-identity": of_web_identity,
}
