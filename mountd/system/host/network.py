"""Checks of what the way to every store needs: a resolver, no proxy in between, CA certificates."""

import re
import ssl
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from mountd.core.diagnosis import is_address
from mountd.core.findings import Finding, Level, ok, skipped
from mountd.system.host.asked import Asked

_RESOLV = Path("/etc/resolv.conf")
_SETTINGS = (Path("/etc/environment"), Path("/etc/profile"), Path("/etc/apt/apt.conf"))
_MORE_SETTINGS = (Path("/etc/profile.d"), Path("/etc/environment.d"), Path("/etc/systemd/system.conf.d"))
_PROXY = re.compile(r"(?i)\b(https?_proxy|all_proxy)\s*=\s*\S")


def resolver(asked: Asked) -> Iterator[Finding]:
    """Is anybody asked for names?"""
    name = "resolver"
    servers = [line.split()[1] for line in _text(_RESOLV).splitlines()
               if line.startswith("nameserver") and len(line.split()) > 1]
    if servers:
        yield ok(name, f"{', '.join(servers)} ({_RESOLV})")
    elif asked.mounts and all(is_address(urlsplit(one.endpoint_url).hostname or "") for one in asked.mounts):
        yield skipped(name, "none; no store has a name")
    else:
        yield Finding(name, Level.WARNING, f"no name server in {_RESOLV}: names are known from /etc/hosts alone",
                      f"put a name server into {_RESOLV}")


def proxy(_asked: Asked) -> Iterator[Finding]:
    """Workers go straight to the store, or by their mount's own proxy, whatever a person's programs do."""
    files = [path for path in (*_SETTINGS, *(one for folder in _MORE_SETTINGS for one in _files_of(folder)))
             if _PROXY.search(_text(path))]
    if files:
        yield Finding("proxy", Level.WARNING, f"one is set in {', '.join(map(str, files))}; workers use only that of "
                      "their mount", "set proxy in the mounts that need it")
    else:
        yield ok("proxy", "none is set")


def _files_of(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_file()) if folder.is_dir() else []


def authorities(asked: Asked) -> Iterator[Finding]:
    """Without CA certificates no store that speaks TLS is trusted."""
    name = "CA certificates"
    context = ssl.create_default_context()
    paths = ssl.get_default_verify_paths()
    count = context.cert_store_stats()["x509_ca"]
    if count or (paths.capath and any(Path(paths.capath).glob("*.0"))):
        yield ok(name, f"{paths.cafile or paths.capath}")
    elif all(one.endpoint_url.startswith("http:") for one in asked.mounts):
        yield skipped(name, "not installed; no mount uses TLS")
    else:
        yield Finding(name, Level.BAD, "not installed", "run: apt install ca-certificates")


def _text(path: Path) -> str:
    """What is written there, nothing for what cannot be read."""
    try:
        return path.read_text("utf-8", "replace")
    except OSError:
        return ""
