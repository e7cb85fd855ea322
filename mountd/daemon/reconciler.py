"""All mounts together: keepers made and forgotten as the configuration says, events handed to the right one."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import structlog

from mountd.core import history, reckoning
from mountd.core.messages import Ending
from mountd.core.status import DaemonView, View, document, dumps, mount_document, summary
from mountd.daemon import record, state_files
from mountd.daemon.beside import Beside
from mountd.daemon.checks import Checks
from mountd.daemon.configuration import Configuration
from mountd.daemon.handover import hand_over
from mountd.daemon.hang import Rounds
from mountd.daemon.keeper import Keeper
from mountd.daemon.rotation import Rotation
from mountd.daemon.world import World
from mountd.system import keys, mounts, waiting
from mountd.system.small_files import read_json
from mountd.words import paths
from mountd.words.errors import MountdError
from mountd.words.model import Desired, Health, State
from mountd.words.options import version_text

_log: Any = structlog.get_logger()
_HELD = paths.STATE / "stopped.json"
_OF_EACH = 50
"""Outages of each mount when all are asked for."""
_Key = tuple[str, str]


class Reconciler:
    """Owns the keepers, by name and folder.

    ``changed(name, json)`` hears of each mount's turns, ``read()`` of each reading of the configuration.
    """

    def __init__(self, world: World, configuration: Configuration, daemon: DaemonView,
                 changed: Callable[[str, str], None], read: Callable[[], None]) -> None:
        self._world, self._configuration, self._daemon = world, configuration, daemon
        self._changed, self._read = changed, read
        self._checks = Checks(world.now, world.slept, world.diagnoses.ask)
        world.outages.counted = self._tell_again
        self._keepers: dict[_Key, Keeper] = {}
        world.chronicle.slept = self._slept
        self._rotation = Rotation(lambda: [keeper.kept for keeper in self._keepers.values()])
        self._rounds = Rounds(lambda: [keeper.hang for keeper in self._keepers.values()])
        self._held: set[str] = set(read_json(_HELD) or ())
        self._beside = Beside(world, self._keepers.values, lambda: configuration.desired.daemon)

    # Keepers

    def _keeper(self, name: str, folder: str) -> Keeper:
        keeper = self._keepers.get((name, folder))
        if keeper is None:
            keeper = self._keepers[name, folder] = Keeper(
                name, folder, self._world, self._checks, self._turned)
        return keeper

    def _turned(self, keeper: Keeper) -> None:
        self._beside.turned(keeper)
        view = keeper.view()
        if view is not None:
            self._world.outages.look(view)
            self._changed(keeper.name, dumps(mount_document(view)))
        elif keeper.gone():
            self._forget(keeper)

    def _tell_again(self, names: Collection[str]) -> None:
        """What these suffer from is an outage now: the whole document is another one."""
        for keeper in list(self._keepers.values()):
            if keeper.name in names and (view := keeper.view()) is not None:
                self._changed(keeper.name, dumps(mount_document(view)))

    def _forget(self, keeper: Keeper) -> None:
        keeper.close()
        self._beside.forget(keeper)
        self._keepers.pop((keeper.name, keeper.folder), None)
        if not any(name == keeper.name for name, _ in self._keepers):
            told = keeper.kept.record
            told.turn(State.STOPPED, Health.UNKNOWN, None, self._world.wall(), keeper.kept.grace)
            self._world.chronicle.let_go(keeper.name, told.history)
            record.forget(keeper.name)
            keys.forget(keeper.name)
            self._world.vault.forget(keeper.name)

    def _slept(self, begin: float, end: float) -> None:
        for keeper in self._keepers.values():
            told = keeper.kept.record
            told.history = history.unwatched(told.history, begin, end)

    def adopt(self) -> None:
        """Find what earlier daemons left: workers, and mounts of ours on folders, also such as nobody wants now."""
        names = {mount.folder: mount.name for mount in self._configuration.desired.mounts}
        self._adopt_waiting(names)
        for worker in self._world.systemd.workers():
            keeper = self._keeper(worker.name, worker.folder)
            keeper.adopt(worker)
            keeper.proof.look()
        known = {folder for _, folder in self._keepers}
        for folder, entries in self._world.table.folders.items():
            if folder not in known and any(layer.ours for layer in mounts.stack(entries)):
                self._keeper(names.get(folder, folder), folder)

    def _adopt_waiting(self, names: Mapping[str, str]) -> None:
        """Mounts at which callers wait: the service manager has kept their servers' ends."""
        for found in self._world.inherited:
            folders = self._world.table.folders_of(found.connection)
            folder = next((folder for folder in folders if folder in names), next(iter(folders), None))
            if folder is None:
                waiting.release(found)
            else:
                self._keeper(names.get(folder, folder), folder).kept.held[found.connection] = found

    def want(self, desired: Desired) -> None:
        """Hand every keeper what the configuration says of it; make and retire keepers accordingly."""
        # Who has a folder above a mount may have renamed it, and the kernel tells nobody (proc(5) has mounts alone).
        self._world.table.forget()
        self._world.outages.want(desired.mounts)
        wanted = {(mount.name, mount.folder): mount for mount in desired.mounts}
        self._held &= {mount.name for mount in desired.mounts}
        for key, mount in wanted.items():
            keeper = self._keeper(*key)
            if mount.name in self._held:
                keeper.hold(True)
            keeper.want(mount)
        # Those of users plan with what their own limits leave, and no administrator's gets less for them.
        self._world.split.mounts = sum(mount.enabled and not mount.owner for mount in desired.mounts)
        self._rounds.pace(mount.hang_timeout for mount in desired.mounts if mount.enabled)
        heirs = {folder: self._keepers[name, folder] for name, folder in wanted}
        for keeper in [keeper for key, keeper in self._keepers.items() if key not in wanted]:
            if keeper.folder in heirs:
                hand_over(keeper.kept, heirs[keeper.folder].kept)
                self._forget(keeper)
            else:
                keeper.want(None)

    # Events

    def worker_ended(self, unit: str, ending: Ending) -> None:
        """A watched unit has ended."""
        for keeper in list(self._keepers.values()):
            keeper.ended(unit, ending)

    def mounts_changed(self) -> None:
        """The mount table is another one: those look whose folder it concerns."""
        self._world.table.forget()
        for keeper in self._keepers.values():
            keeper.mounts_changed()

    def wake_all(self) -> None:
        """Something that concerns all mounts has changed: the program, perhaps."""
        self._beside.look()
        for keeper in self._keepers.values():
            keeper.wake()

    def kick(self) -> None:
        """The network has changed: probe and try at once."""
        self._world.writes.again()
        self._checks.kick()

    def sleep(self) -> None:
        """The machine goes to sleep: no probes; callers that would keep it awake are freed where that is wanted."""
        self._checks.pause()
        for keeper in self._keepers.values():
            keeper.sleep()

    def woken(self) -> None:
        """It is awake again: probe and try at once."""
        self._world.writes.again()
        self._checks.resume()

    def systemd_returned(self) -> None:
        """PID 1 was executed anew: ends may have gone unheard."""
        living = self._world.systemd.living()
        for keeper in list(self._keepers.values()):
            keeper.lost(living)

    # What operators say

    def _named(self, name: str) -> Keeper:
        self._world.table.forget()
        for keeper in self._keepers.values():
            if keeper.name == name and keeper.mount is not None:
                return keeper
        raise MountdError("no-such-mount", name)

    def stop(self, name: str) -> None:
        """Unmount, and stay so over reboots until ``start``. Raises ``no-such-mount``."""
        self._named(name).hold(True)
        self._held.add(name)
        state_files.keep(_HELD, sorted(self._held))

    def start(self, name: str) -> None:
        """Mount; also: try again at once. Raises ``no-such-mount``."""
        self._world.writes.again(name)
        keeper = self._named(name)
        keeper.hold(False)
        self._rotation.look(keeper.kept, again=True)
        self._held.discard(name)
        state_files.keep(_HELD, sorted(self._held))

    def restart(self, name: str) -> None:
        """A fresh worker, swapped in. Raises ``no-such-mount``."""
        keeper = self._named(name)
        self.start(name)
        keeper.renew()

    def check(self, name: str) -> None:
        """Look and probe now. Raises ``no-such-mount``."""
        keeper = self._named(name)
        self._rotation.look(keeper.kept, again=True)
        keeper.proof.ask()
        self._beside.hasten(keeper)
        keeper.wake()

    def reload(self) -> None:
        """Take the files on. Raises ``config-invalid`` with one fault a line; then nothing has changed."""
        self._beside.look()
        taken = self._configuration.take(self._world.binary.version)
        self._read()
        if not taken:
            text = "\n".join(str(problem) for problem in self._configuration.problems)
            _log.error(f"the configuration was refused, nothing has changed:\n{text}", code="config-invalid")
            raise MountdError("config-invalid", text)
        for remark in self._configuration.remarks:
            _log.warning(str(remark))
        self.take_on()

    def take_on(self) -> None:
        """The configuration in force is another one."""
        self.want(self._configuration.desired)
        # A name that comes back later is another mount: it must not be stopped because an old one was.
        state_files.keep(_HELD, sorted(self._held))

    def history(self, name: str) -> str:
        """The history document of one mount, or of all with their last outages. Raises ``no-such-mount``."""
        wanted = [mount for mount in self._configuration.desired.mounts if name in ("", mount.name)]
        told = [reckoning.Kept(mount.name, self._keepers[mount.name, mount.folder].kept.record.history, mount)
                for mount in wanted if (mount.name, mount.folder) in self._keepers]
        if not told and name:
            gone = self._world.chronicle.read(name)
            if gone.begun is None:
                raise MountdError("no-such-mount", name)
            told = [reckoning.Kept(name, gone)]
        limit = history.KEPT_OUTAGES if name else _OF_EACH
        return dumps(reckoning.document(told, self._world.wall(), limit))

    def plan(self) -> str:
        """The plan document."""
        return dumps(self._configuration.plan(self._world.binary.version))

    # What others read

    def views(self) -> list[View]:
        """Every configured mount, in the configuration's order."""
        keepers = [self._keepers.get((m.name, m.folder)) for m in self._configuration.desired.mounts]
        return [view for keeper in keepers if keeper is not None and (view := keeper.view()) is not None]

    def status(self) -> str:
        """The status document."""
        files, version = self._configuration, self._world.binary.version
        daemon = replace(
            self._daemon, config_digest=files.desired.digest, problems=tuple(map(str, files.problems)),
            mount_s3=version_text(version) if version else "", allow_users=files.desired.daemon.allow_users,
            users_problems=tuple(map(str, files.users_problems)))
        return dumps(document(daemon, self.views(), self._world.wall(), self._world.outages.causes()))

    def summary(self) -> str:
        """One line for the service manager."""
        faults = len(self._configuration.problems)
        return summary(self.views()) + (f"; {faults} faults in the configuration" if faults else "")

    def looked_at_all(self) -> bool:
        """Has every keeper looked once?"""
        return all(keeper.looked for keeper in self._keepers.values())

    def idle(self) -> bool:
        """Is there nothing left to keep?"""
        return not self._keepers

    def longest_stop(self) -> float:
        """Seconds that unmounting all may take."""
        return max((keeper.kept.stop_timeout for keeper in self._keepers.values()), default=0.0)

    def close(self) -> None:
        """Forget all keepers; mounts and workers stay."""
        for close in (self._rounds.close, self._rotation.close, self._beside.close, self._checks.close,
                      self._world.outages.close, *(keeper.close for keeper in self._keepers.values())):
            close()


def config_files(file: str | None, dropins: str | None) -> Configuration:
    """The configuration of these places, the usual ones where None."""
    return Configuration(Path(file) if file else paths.CONFIG, Path(dropins) if dropins else paths.DROPINS)
