"""Rules between the mounts of a configuration: names and folders must not meet."""

import itertools
from collections.abc import Sequence

from mountd.core.config.mount import Draft
from mountd.core.config.rules import derived_name
from mountd.core.config.values import show


def check(drafts: Sequence[Draft]) -> None:
    """Note every fault between two mounts at the later one, naming the earlier one's line."""
    for first, second in itertools.combinations(drafts, 2):
        _names(first, second)
        _folders(first, second)
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
