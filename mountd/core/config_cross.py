"""Rules between the mounts of a configuration: names, folders and caches must not meet."""

import itertools
from collections.abc import Sequence

from mountd.core.config_mount import Draft
from mountd.core.config_rules import derived_name
from mountd.core.config_values import show


def check(drafts: Sequence[Draft]) -> None:
    """Note every fault between two mounts at the later one, naming the earlier one's line."""
    for first, second in itertools.combinations(drafts, 2):
        _names(first, second)
        _folders(first, second)
        _caches(first, second)
    for cached, covered in itertools.product(drafts, drafts):
        cache = cached.text("cache")
        if cache and covered.folder and _inside(cache, covered.folder):
            cached.problem("cache", f"{show(cache)} lies in the folder of {_who(covered)}",
                           "write a folder outside of every mount")


def _who(draft: Draft) -> str:
    return f"mount {show(draft.name or draft.folder)} at {draft.place('folder')}"


def _inside(path: str, folder: str) -> bool:
    return f"{path}/".startswith(f"{folder}/")


def _names(first: Draft, second: Draft) -> None:
    if not first.name or first.name != second.name:
        return
    # Not made unique silently: a name that depends on its neighbours would change when one is added.
    parent = second.text("folder").rpartition("/")[0]
    right = derived_name(f"{derived_name(parent)}-{second.name}") if "name" not in second.fields else ""
    place = first.place("name" if "name" in first.fields else "folder")
    second.problem("name", f"{show(second.name)} is also the name of the mount at {place}",
                   f"write: name = {show(right)}" if right and right != first.name else "write another name")


def _folders(first: Draft, second: Draft) -> None:
    if not first.folder or not second.folder:
        return
    if first.folder == second.folder:
        second.problem("folder", f"{show(second.folder)} is also the folder of {_who(first)}", "write another folder")
        return
    if _inside(second.folder, first.folder):
        second.problem("folder", f"{show(second.folder)} lies in the folder of {_who(first)}",
                       "write a folder outside of it")
    elif _inside(first.folder, second.folder):
        second.problem("folder", f"{show(second.folder)} would cover the folder of {_who(first)}",
                       "write a folder beside it")


def _caches(first: Draft, second: Draft) -> None:
    one, other = first.text("cache"), second.text("cache")
    if one and other and (_inside(one, other) or _inside(other, one)):
        # Said at the mount: one cache in [defaults] is right until a second mount inherits it.
        second.findings.problem(second.spot.place("cache"), f"{second.spot.label}cache",
                                f"{show(other)} is also the cache of {_who(first)}",
                                "write a folder for each mount: mount-s3 empties its cache when it starts")
