"""What this machine has for a new mount: stores that are known here, and keys of the person who asks."""

import pwd
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mountd.cli import caller, checking, kind
from mountd.core.config.rules import is_aws
from mountd.core.imports.draft import Source
from mountd.core.imports.table import IMPORTERS
from mountd.core.profiles import Profile, profiles
from mountd.words.model import Mount

Choice = tuple[str, Mapping[str, object]]
"""What a person reads, and the table ``credentials`` that it means."""
_LIMIT = 1 << 20


@dataclass(frozen=True)
class Known:
    """A store that is known here: ``where`` from, ``keys`` of a mount that are so for all of its buckets, and the
    ``credentials`` that stand beside its URL."""

    where: str
    keys: Mapping[str, object] = field(default_factory=dict)
    credentials: Mapping[str, object] = field(default_factory=dict)

    def __add__(self, other: "Known") -> "Known":
        return Known(self.where, {**other.keys, **self.keys}, self.credentials or other.credentials)


@dataclass(frozen=True)
class OnHand:
    """Of whoever calls; under sudo that is who called it. ``endpoints`` are the stores by URL."""

    user: str
    home: str
    profiles: Mapping[str, Profile] = field(default_factory=dict, repr=False)
    s3cfg: str = ""
    """The file, "" when there is none."""
    endpoints: Mapping[str, Known] = field(default_factory=dict)

    def path(self, said: str) -> str:
        """A path as that person means it, who may not be the one whose home ``~`` is here."""
        return f"{self.home}{said[1:]}" if said.startswith("~/") else said

    def keys(self, url: str) -> list[Choice]:
        """All that can be chosen from for a store ("" for AWS), what is known to belong to it first."""
        found: list[Choice] = [
            (f"profile {name} of {self.user} (~/.aws)",
             {"user": self.user, **({} if name == "default" else {"profile": name})}) for name in self.profiles]
        if self.s3cfg:
            found.append((f"the key in {self.s3cfg}", {"s3cfg": self.s3cfg}))
        if not url:
            found.append(("the role of this machine", {"role": "instance"}))
        belong = self.endpoints[url].credentials if url in self.endpoints else {}
        found.sort(key=lambda choice: choice[1] != belong)
        return [*found, ("none: the bucket is public", {"anonymous": True})]


def look() -> OnHand:
    """Read the files of whoever calls, and the configuration."""
    owner = pwd.getpwuid(caller.uid())
    home = Path(owner.pw_dir)
    try:
        named = profiles(_text(home / ".aws/credentials"), _text(home / ".aws/config"))
    except ValueError:
        named = {}
    s3cfg = home / ".s3cfg"
    return OnHand(owner.pw_name, owner.pw_dir, {name: one for name, one in named.items() if not name.startswith(
        ("sso-session ", "services "))}, str(s3cfg) if s3cfg.is_file() else "",
        endpoints(checking.check([], None).mounts, owner.pw_name, named, Source(_text(s3cfg), str(s3cfg))))


def endpoints(mounts: Sequence[Mount], user: str, named: Mapping[str, Profile], s3cfg: Source) -> dict[str, Known]:
    """The stores that these name, by URL; AWS is none of them."""
    found = [(mount.endpoint, Known(f"mount {mount.name}", kind.of_mounts(mount.endpoint, mounts))) for mount in mounts]
    for name, one in named.items():
        of_profile = {"user": user, **({} if name == "default" else {"profile": name})}
        found.append((one.get("endpoint_url", ""), Known(f"profile {name}", _ca(one), of_profile)))
    try:
        for proposal in IMPORTERS["s3cfg"].parse(s3cfg).proposals:
            mine = proposal.keys.get("credentials", {})
            assert isinstance(mine, Mapping)
            found.append((str(proposal.keys.get("endpoint_url", "")), Known("~/.s3cfg", _ca(proposal.keys), mine)))
    except ValueError:
        pass
    merged: dict[str, Known] = {}
    for url, known in found:
        if url not in {"", "AWS"} and not is_aws(url):
            merged[url] = merged[url] + known if url in merged else known
    return merged


def _ca(keys: Mapping[str, object]) -> dict[str, object]:
    return {"ca_bundle": keys["ca_bundle"]} if "ca_bundle" in keys else {}


def _text(path: Path) -> str:
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            return file.read(_LIMIT)
    except OSError:
        return ""
