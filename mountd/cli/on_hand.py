"""What this machine has for a new mount: stores that are known here, and keys of the person who asks."""

import os
import pwd
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mountd.cli import checking
from mountd.core.config.rules import is_aws
from mountd.core.imports.draft import Source
from mountd.core.imports.table import IMPORTERS
from mountd.core.profiles import Profile, profiles

Choice = tuple[str, Mapping[str, object]]
"""What a person reads, and the table ``credentials`` that it means."""
_LIMIT = 1 << 20


@dataclass(frozen=True)
class OnHand:
    """Of whoever calls; under sudo that is who called it. ``endpoints`` are URLs and where they were found."""

    user: str
    home: str
    profiles: Mapping[str, Profile] = field(default_factory=dict, repr=False)
    s3cfg: str = ""
    """The file, "" when there is none."""
    endpoints: Mapping[str, str] = field(default_factory=dict)

    def keys(self, *, aws: bool) -> list[Choice]:
        """All that can be chosen from."""
        found: list[Choice] = [
            (f"profile {name} of {self.user} (~/.aws)",
             {"user": self.user, **({} if name == "default" else {"profile": name})}) for name in self.profiles]
        if self.s3cfg:
            found.append((f"the key in {self.s3cfg}", {"s3cfg": self.s3cfg}))
        if aws:
            found.append(("the role of this machine", {"role": "instance"}))
        return [*found, ("none: the bucket is public", {"anonymous": True})]


def look() -> OnHand:
    """Read the files of whoever calls, and the configuration."""
    owner = pwd.getpwuid(int(os.environ.get("SUDO_UID") or 0) if os.geteuid() == 0 else os.geteuid())
    home = Path(owner.pw_dir)
    try:
        named = profiles(_text(home / ".aws/credentials"), _text(home / ".aws/config"))
    except ValueError:
        named = {}
    s3cfg = home / ".s3cfg"
    return OnHand(owner.pw_name, owner.pw_dir, {name: one for name, one in named.items() if not name.startswith(
        ("sso-session ", "services "))}, str(s3cfg) if s3cfg.is_file() else "", _endpoints(named, s3cfg))


def _endpoints(named: Mapping[str, Profile], s3cfg: Path) -> dict[str, str]:
    found = {mount.endpoint: f"mount {mount.name}" for mount in checking.check([], None).mounts
             if mount.endpoint != "AWS"}
    found |= {one["endpoint_url"]: f"profile {name}" for name, one in named.items() if "endpoint_url" in one}
    try:
        for one in IMPORTERS["s3cfg"].parse(Source(_text(s3cfg), str(s3cfg))).proposals:
            found.setdefault(str(one.keys.get("endpoint_url", "")), "~/.s3cfg")
    except ValueError:
        pass
    return {url: where for url, where in found.items() if url and not is_aws(url)}


def _text(path: Path) -> str:
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            return file.read(_LIMIT)
    except OSError:
        return ""
