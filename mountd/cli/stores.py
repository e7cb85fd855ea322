"""A store asked from the command line, by a child process and with somebody's keys: a mount's, or the caller's own.

The keys pass from their files to the child that needs them as descriptors of files in memory, and nowhere else.
"""

import os
import pwd
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from types import MappingProxyType

from mountd.cli import caller
from mountd.cli.child import Child, in_memory
from mountd.cli.console import Console, UsageError
from mountd.cli.reads import nearest
from mountd.core.line import Answer
from mountd.core.s3_question import place
from mountd.core.verdict import Exit
from mountd.words.errors import MountdError
from mountd.words.model import Credentials, Mount, OptionValue
from mountd.words.providers import DEFAULT, PROVIDERS, guessed

ASK_LIMIT = 10.0
"""Seconds that S3 has for a question."""
_KEYS_LIMIT = 5.0
"""Seconds for the key files: they may lie on a slow home."""
_AFTERTHOUGHT = 10.0
"""Seconds in which the child should have said itself that the time is over."""
_FILES = ("credentials", "config", "ca_bundle", "token")
_OTHER = "other"


@dataclass(frozen=True)
class Whose:
    """Where to ask, and with whose keys. ``options`` are those of mount-s3, with the provider's own filled in."""

    provider: str = DEFAULT
    options: Mapping[str, OptionValue] = field(default_factory=lambda: MappingProxyType({}))
    credentials: Credentials = field(default_factory=Credentials)
    uid: int | None = None
    """Whose files count where the credentials do not say; None for the owner of ``folder``."""
    folder: str = ""
    bucket: str = ""
    prefix: str = ""
    name: str = ""
    """The mount's, empty where it is none."""
    place: str = ""
    """File and line of the mount."""
    proxy: str = ""

    @property
    def source(self) -> str:
        """Bucket and prefix as one word."""
        return f"s3://{self.bucket}/{self.prefix}".rstrip("/")

    def of_bucket(self, name: str) -> "Whose":
        """The same store and keys for another bucket, the whole of it."""
        return replace(self, bucket=name, prefix="", name="", place="")

    @property
    def endpoint(self) -> str:
        """The URL, or ``AWS``."""
        return str(self.options.get("endpoint_url", "AWS"))


def of_mount(mount: Mount) -> Whose:
    """A mount's own store and keys."""
    uid = None
    if mount.user:
        uid = int(mount.user) if mount.user.isdigit() else pwd.getpwnam(mount.user).pw_uid
    return Whose(mount.provider, mount.options, mount.credentials, uid, mount.folder, mount.bucket, mount.prefix,
                 mount.name, str(mount.place), mount.proxy)


def of_caller(*, profile: str = "", endpoint_url: str = "", user: str = "", region: str = "", provider: str = "",
              ca_bundle: str = "") -> Whose:
    """A store that no mount is of. Under sudo the keys are those of who called sudo, then root's. Raises UsageError."""
    provider = provider or (guessed(endpoint_url) or _OTHER if endpoint_url else DEFAULT)
    if provider not in PROVIDERS:
        raise UsageError(f"there is no provider {provider!r}{nearest(provider, PROVIDERS)}")
    if endpoint_url and not endpoint_url.startswith(("http://", "https://")):
        raise UsageError(f"--endpoint-url {endpoint_url}: a URL begins with https:// or http://")
    preset = PROVIDERS[provider]
    named = {"endpoint_url": endpoint_url, "region": region or preset.region(endpoint_url),
             "ca_bundle": str(Path(ca_bundle).absolute()) if ca_bundle else ""}
    options = {**preset.options, **{key: value for key, value in named.items() if value}}
    return Whose(provider, options, Credentials(user, profile), caller.uid())


class Children:
    """The processes that ask S3 and look at this machine, for one command."""

    def __init__(self) -> None:
        self.s3 = Child("mountd.system.s3.main", "the process that asks S3")
        self.host = Child("mountd.system.host.main", "the process that looks at this machine")

    def close(self) -> None:
        """Let both go."""
        self.s3.close()
        self.host.close()


class Store(AbstractContextManager["Store"]):
    """One store with the keys for it; ``source`` says whose they are, and never what."""

    def __init__(self, whose: Whose, children: "Children | None" = None) -> None:
        self.whose = whose
        self._own = Children() if children is None else None
        self._children = children or self._own or Children()
        self._open = {name: in_memory() for name in _FILES}
        try:
            found = self._find()
        except BaseException:
            self.close()
            raise
        self.source = str(found["source"]) or "role of the machine"
        self._broker = str(found["broker"])
        self._files = [name for name in _FILES if name in found["files"]]

    @property
    def host(self) -> Child:
        """The process that looks at this machine."""
        return self._children.host

    def ask(self, task: str, *, limit: float = ASK_LIMIT, **fields: object) -> Answer:
        """What the process that asks S3 says to a task of its table, within ``limit`` seconds. Raises MountdError."""
        return self.begin(task, limit=limit, **fields)()

    def begin(self, task: str, *, limit: float = ASK_LIMIT, **fields: object) -> Callable[[], Answer]:
        """Ask, and go on; what is returned waits for the answer. Raises MountdError."""
        child, end = self._children.s3, time.monotonic() + limit + _AFTERTHOUGHT
        number = child.begin(task, [self._open[name] for name in self._files],
                             **{**place(self.whose), "files": self._files, "broker": self._broker, "deadline": limit,
                                **fields})
        return lambda: child.answer(number, end)

    def _find(self) -> Answer:
        whose = self.whose
        return self._children.host.ask(
            "keys", _KEYS_LIMIT, list(self._open.values()), files=list(self._open), uid=whose.uid,
            folder=whose.folder, name=whose.name, credentials=asdict(whose.credentials),
            ca_bundle=str(whose.options.get("ca_bundle", "")))

    def close(self) -> None:
        """Let the keys go, and the processes if they were started for this store alone."""
        if self._own is not None:
            self._own.close()
        for number in self._open.values():
            os.close(number)
        self._open = {}

    def __exit__(self, *_: object) -> None:
        self.close()


_CREDENTIALS = frozenset({"no-credentials", "profile-missing", "credentials-expired"})
"""Codes whose sentence names the keys, and whose detail is the better name."""
_ENDPOINT = "check the network and --endpoint-url"
_HINTS = {
    "no-credentials": "put a key into ~/.aws/credentials, or name a profile with --profile",
    "profile-missing": "add the profile, or name another one with --profile",
    "credentials-expired": "renew them (for SSO: aws sso login)",
    "key-refused": "mend the key ({credentials}), or name another one with --profile",
    "bucket-missing": "see: s3mountctl bucket list",
    "host-unknown": "say --endpoint-url with a name or address that the gateway knows",
    "access-denied": "use another key, or have the right given to this one",
    "wrong-region": "say --region",
    "tls-failed": "give the store's CA with --ca-bundle, or check the clock",
    "wrong-scheme": "correct http:// or https:// and the port of --endpoint-url",
    "name-unresolved": _ENDPOINT, "connection-refused": _ENDPOINT, "unreachable": _ENDPOINT,
}
"""What mends it where no mount is asked for, and so no line of the configuration is to be changed."""


def fail(console: Console, error: MountdError, whose: Whose, source: str = "", hint: str = "") -> Exit:
    """Explain what went wrong with a store, and give the exit status; ``hint`` is a better one than that of a table."""
    named = whose.name or error.fault.code not in _HINTS
    return console.fail(
        error, hint or ("" if named else _HINTS[error.fault.code]), endpoint=whose.endpoint, bucket=whose.bucket,
        name=whose.name or "NAME", region=str(whose.options.get("region", "")), place=whose.place,
        credentials=error.detail if error.fault.code in _CREDENTIALS and error.detail else source or _profile(whose))


def _profile(whose: Whose) -> str:
    """The keys that could not be got, in a word."""
    return f"profile {whose.credentials.profile or 'default'}"
