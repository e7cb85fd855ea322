"""The process that gets the keys of one mount, once, as the user whose they are. Values only.

It runs what that user's profile names (``credential_process``), so it may do no more than the user, and sees nothing of
s3mountd's. Standard input is the question, standard output the line on which the keys go to the broker.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from mountd.core.units.on_call import MIB
from mountd.core.units.sandbox import Property, narrowed
from mountd.words import paths

LIMIT = 30.0
"""Seconds for all of it; a person's program may ask its own store."""


@dataclass(frozen=True)
class Order:
    """Whose keys, and what the process may read. ``user`` is empty for a user of its own, who has nothing."""

    mount: str
    user: str = ""
    home: str = ""
    files: Mapping[str, str] = field(default_factory=dict)
    """Files that systemd reads for it, by the name they have in its credentials directory."""
    sealed: str = ""
    """A credential that systemd decrypts for it."""


_LIFE: tuple[Property, ...] = (
    Property("Type", "s", "exec"),
    Property("Restart", "s", "no"),
    Property("CollectMode", "s", "inactive-or-failed"),
    Property("RuntimeMaxUSec", "t", int(LIMIT * 1_000_000)),
    Property("TimeoutStopUSec", "t", 2_000_000),
    Property("StandardError", "s", "journal"),
    Property("SyslogIdentifier", "s", "s3mountd-resolve"),
    Property("MemoryMax", "t", 512 * MIB),
    Property("OOMScoreAdjust", "i", 300),
    Property("TasksMax", "t", 256),
    Property("LimitCORE", "t", 0),
)


def _as_user(order: Order) -> list[Property]:
    if not order.user:
        return [Property("Environment", "as", ["HOME=/nonexistent", "RES_OPTIONS=timeout:2 attempts:1"])]
    return [
        Property("DynamicUser", "b", False),
        Property("User", "s", order.user),
        Property("ProtectHome", "s", "no"),
        # Programs of people may compile as they run.
        Property("MemoryDenyWriteExecute", "b", False),
        Property("Environment", "as", [f"HOME={order.home}", "RES_OPTIONS=timeout:2 attempts:1"]),
        # An SSO session that is renewed replaces its token there (AWS CLI documentation, sso-session).
        Property("ReadWritePaths", "as", [f"-{order.home}/.aws/sso/cache", f"-{order.home}/.aws/cli/cache"]),
        Property("WorkingDirectory", "s", "/"),
    ]


def properties(order: Order) -> list[Property]:
    """All but standard input and output."""
    own = [
        *_LIFE, *narrowed(_as_user(order)),
        Property("Description", "s", f"s3mountd: gets the keys of {order.mount}"),
        Property("LogExtraFields", "aay", [f"S3MOUNT_NAME={order.mount}".encode()]),
        Property("LoadCredential", "a(ss)", list(order.files.items())),
        Property("ExecStart", "a(sasb)", [(str(paths.RESOLVE), [str(paths.RESOLVE)], False)]),
    ]
    sealed = [Property("LoadCredentialEncrypted", "a(ss)", [(order.sealed, order.sealed)])] if order.sealed else []
    return own + sealed
