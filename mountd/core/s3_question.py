"""What a question to the process that asks S3 says of the store: the same from the daemon and from the command line."""

from collections.abc import Mapping
from typing import Any, Protocol

from mountd.core.config.rules import is_aws
from mountd.words.model import Credentials, OptionValue


class Asked(Protocol):
    """A mount, or a store that somebody names at the command line."""

    @property
    def provider(self) -> str:
        """Of ``words.providers``."""

    @property
    def options(self) -> Mapping[str, OptionValue]:
        """Those of mount-s3."""

    @property
    def credentials(self) -> Credentials:
        """Whose keys."""

    @property
    def bucket(self) -> str:
        """Its bucket, "" where none is meant."""

    @property
    def prefix(self) -> str:
        """What of it."""

    @property
    def proxy(self) -> str:
        """A URL, "" for none."""


def sts_url(endpoint: str) -> str:
    """Where STS is asked for a store at that URL: at AWS by its own name ("") whatever S3's is, for none of S3's
    endpoints is STS's; elsewhere, where there is one, at the same place (Ceph, MinIO)."""
    return "" if is_aws(endpoint) else endpoint


def place(asked: Asked) -> dict[str, Any]:
    """Where and how the store is to be asked, but for the keys (``system.s3.diagnose`` and ``access`` read it)."""
    options, wanted = asked.options, asked.credentials
    return {"endpoint_url": str(options.get("endpoint_url", "")), "region": str(options.get("region", "")),
            "bucket": asked.bucket, "prefix": asked.prefix, "force_path_style": bool(options.get("force_path_style")),
            "profile": wanted.profile, "anonymous": wanted.anonymous, "provider": asked.provider, "proxy": asked.proxy,
            "requester_pays": bool(options.get("requester_pays"))}
