"""Proposals of all sources made whole alike: chosen, named, given their provider, in the usual order of keys."""

from collections.abc import Collection
from dataclasses import dataclass, replace

from mountd.core.config.rules import derived_name, is_aws
from mountd.core.imports.draft import Imported, Proposal, Remark
from mountd.words.providers import DEFAULT, PROVIDERS, guessed

_FOR_ONE = "--bucket, --folder and --endpoint-url"
_FIRST = ("name", "bucket", "prefix", "folder", "provider", "endpoint_url", "region")


@dataclass(frozen=True)
class Given:
    """What the person said beside the source; "" for nothing. ``only`` is a label."""

    only: str = ""
    bucket: str = ""
    prefix: str = ""
    folder: str = ""
    provider: str = ""
    endpoint_url: str = ""

    @property
    def place(self) -> dict[str, object]:
        """The keys of it."""
        return {key: getattr(self, key) for key in ("bucket", "prefix", "folder", "endpoint_url") if getattr(self, key)}


def settled(found: Imported, given: Given, names: Collection[str] = (), folders: Collection[str] = ()) -> Imported:
    """What can be written, and remarks for all else. ``names`` and ``folders`` are configured already."""
    proposals, remarks = list(found.proposals), list(found.remarks)
    if given.only:
        proposals = [one for one in proposals if given.only in {one.label, one.where.strip("[]")}]
        places = {one.where for one in proposals}
        remarks = [remark for remark in remarks if remark.where in places]
        if not proposals:
            remarks.append(Remark(given.only, "is not there; there are: " + _labels(found.proposals)))
    if given.place and len(proposals) > 1:
        remarks.append(Remark(_FOR_ONE, f"are for one; choose it with --only, there are: {_labels(proposals)}"))
        return Imported((), tuple(remarks))
    whole: list[Proposal] = []
    used = set(names)
    for proposal in proposals:
        one = replace(proposal, keys={**proposal.keys, **given.place})
        if one.missing:
            # What is not written needs no other remarks.
            remarks = [*(remark for remark in remarks if remark.where != one.where), _incomplete(one)]
        elif str(one.keys["folder"]) in folders:
            remarks.append(Remark(one.where, f"left out: {one.keys['folder']} is configured already"))
        else:
            settled_one, said = _provided(one, given.provider)
            whole.append(_named(settled_one, used))
            remarks += said
    return Imported(tuple(whole), tuple(remarks))


def _labels(proposals: Collection[Proposal]) -> str:
    return ", ".join(one.label or one.where for one in proposals) or "none"


def _incomplete(one: Proposal) -> Remark:
    options = {"bucket": "--bucket s3://BUCKET", "folder": "--folder FOLDER"}
    only = f" --only {one.label}" if one.label else ""
    return Remark(one.where, f"names no {' and no '.join(one.missing)}: say "
                  + " ".join(options[key] for key in one.missing) + only)


def _provided(one: Proposal, said: str) -> tuple[Proposal, list[Remark]]:
    """Its provider, and nothing that the provider's preset says anyhow."""
    keys, url, remarks = dict(one.keys), str(one.keys.get("endpoint_url", "")), list[Remark]()
    provider = (said if url else "") or str(keys.pop("provider", "")) or guessed(url)
    if url and not provider and not is_aws(url):
        provider = "other"
        remarks.append(Remark(one.where, f"what kind of store {url} is cannot be seen from here: provider = \"other\"; "
                              "say --provider if you know it"))
    preset = PROVIDERS.get(provider or DEFAULT)
    for key, usual in (preset.options if preset else {}).items():
        if keys.get(key) == usual:
            del keys[key]
    return replace(one, keys={**keys, **({"provider": provider} if provider not in {"", DEFAULT} else {})}), remarks


def _named(one: Proposal, used: set[str]) -> Proposal:
    folder = str(one.keys["folder"])
    name = derived_name(folder)
    if name in used:
        name = derived_name(f"{derived_name(folder.rpartition('/')[0])}-{name}") or name
    used.add(name)
    keys = {"name": name, **one.keys}
    last = ["credentials"] if "credentials" in keys else []
    order = [key for key in _FIRST if key in keys]
    order += [key for key in keys if key not in _FIRST and key not in last]
    return replace(one, keys={key: keys[key] for key in [*order, *last]})
