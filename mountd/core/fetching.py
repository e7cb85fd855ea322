"""How the keys of a mount are got: what the process that gets them is asked, and what it may read. Values only."""

from collections.abc import Mapping
from typing import Any

from mountd.core.s3_question import sts_url
from mountd.core.units.resolver import LIMIT, Order
from mountd.core.units.worker import KeyFiles
from mountd.words.model import Mount


def about(mount: Mount, keys: KeyFiles, ca_file: str) -> dict[str, Any]:
    """All that has to be known to get the keys again, as plain values without a secret: the broker keeps it, so that
    the next daemon goes on. ``ca_file`` is the copy of the mount's CA bundle, "" for none."""
    wanted, options = mount.credentials, mount.options
    endpoint = str(options.get("endpoint_url", ""))
    role = {"arn": wanted.assume_role, "external_id": wanted.external_id, "duration": wanted.duration}
    return {
        "start": keys.start, "profile": wanted.profile, "user": keys.user, "home": keys.home,
        "file": keys.credential or "keys", "role": role if wanted.assume_role else None,
        "files": {name: path for name, path in (
            ("keys", keys.credentials if keys.start == "files" else ""), ("web-identity", wanted.web_identity),
            ("ca_bundle", ca_file)) if path},
        "sealed": keys.credential, "ca": bool(ca_file), "region": str(options.get("region", "")),
        "sts": sts_url(endpoint),
        "bucket": {"name": mount.bucket, "prefix": mount.prefix, "endpoint_url": endpoint,
                   "region": str(options.get("region", "")), "path_style": bool(options.get("force_path_style"))},
        "proxy": mount.proxy,
        "source": keys.source, "warn_before": wanted.warn_before,
    }


def question(told: Mapping[str, Any]) -> dict[str, Any]:
    """What the process is asked."""
    names = ("start", "profile", "user", "role", "sts", "region", "bucket", "ca", "proxy")
    return {**{name: told[name] for name in names}, "file": told["file"], "seconds": LIMIT - 5.0}


def order(mount: str, told: Mapping[str, Any]) -> Order:
    """The unit it runs in."""
    as_user = told["start"] == "user"
    return Order(mount, told["user"] if as_user else "", told["home"] if as_user else "", told["files"],
                 told["sealed"])
