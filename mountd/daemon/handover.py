"""A folder that goes from one mount to another (renamed, changed places): its worker serves on until the swap."""

from dataclasses import replace

from mountd.daemon import spare
from mountd.daemon.apply import drop_staging
from mountd.daemon.kept import Kept


def hand_over(old: Kept, heir: Kept) -> None:
    """The heir of a folder gets the workers of the mount that had it; with two keepers both would clear the folder."""
    drop_staging(old)
    spare.drop(old)
    for worker in old.workers.values():
        # It bears the other one's name, so it is replaced even where nothing else differs.
        heir.workers[worker.unit] = replace(worker, digest="of another mount")
    heir.held |= old.held
    old.held = {}
    heir.on_folder, old.on_folder = old.on_folder or heir.on_folder, ""
    heir.memory = replace(heir.memory, draining=(*heir.memory.draining, *old.memory.draining))
    old.memory, old.workers = replace(old.memory, draining=()), {}
