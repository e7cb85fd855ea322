"""What is known of the store at a URL before it is asked for a bucket: its kind, and the CA that vouches for it."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from mountd.cli import stores
from mountd.cli.console import Console
from mountd.core.config.rules import is_aws
from mountd.core.verdict import Exit
from mountd.words.errors import MountdError
from mountd.words.model import Credentials, Mount
from mountd.words.providers import PROVIDERS, guessed

_LIMIT = 5.0
"""Seconds that a store has to answer."""
_OTHER = "other"


def of_mounts(url: str, mounts: Iterable[Mount]) -> dict[str, object]:
    """``provider`` and ``ca_bundle`` of a mount that has the same store, nothing without one."""
    there = [one for one in mounts if one.options.get("endpoint_url") == url]
    # One whose kind is known goes before one that only is not AWS.
    mount = min(there, key=lambda one: one.provider == _OTHER, default=None)
    if mount is None or is_aws(url):
        return {}
    return {"provider": mount.provider, **{key: mount.options[key] for key in ("ca_bundle",) if key in mount.options}}


def is_open(keys: Mapping[str, object]) -> bool:
    """Does a mount with these keys need a provider that neither they nor the URL name?"""
    url = str(keys.get("endpoint_url", ""))
    return bool(url) and "provider" not in keys and not is_aws(url) and not guessed(url)


def asked(console: Console, keys: Mapping[str, object]) -> str:
    """The provider as the store at ``endpoint_url`` betrays it, which is said; "" where it does not. Nothing is signed.
    Raises MountdError where the store is not reached."""
    url = str(keys["endpoint_url"])
    console.progress(f"asking {url} what kind of store it is")
    with stores.Store(_whose(keys)) as store:
        found = store.ask("kind", limit=_LIMIT)
    if found["code"]:
        raise MountdError(str(found["code"]), str(found["detail"]))
    provider = str(found["provider"])
    if provider:
        console.note([f'{url} answers as {PROVIDERS[provider].title}: provider = "{provider}"'])
    return provider


def unknown(console: Console, keys: Mapping[str, object]) -> str:
    """The provider of a store that does not betray itself."""
    console.note([f'{keys["endpoint_url"]} does not tell what kind of store it is: provider = "{_OTHER}" '
                  "(--provider says otherwise)"])
    return _OTHER


def unreached(console: Console, error: MountdError, keys: Mapping[str, object]) -> Exit:
    """Say why ``asked`` came to nothing."""
    status = stores.fail(console, error, _whose(keys))
    console.warn([f"Nothing was written. More: s3mountctl explain {error.fault.code}"])
    return status


def _whose(keys: Mapping[str, object]) -> stores.Whose:
    whose = stores.of_caller(endpoint_url=str(keys["endpoint_url"]), provider=_OTHER,
                             ca_bundle=str(keys.get("ca_bundle", "")))
    return replace(whose, credentials=Credentials(anonymous=True), bucket=str(keys.get("bucket", "")),
                   proxy=str(keys.get("proxy", "")))
