"""s3mountd itself: command line, wiring, signals, the loop."""

import argparse
import os
import signal
import sys
import time
from typing import Any

import structlog
from gi.repository import Gio, GLib

from mountd import __version__
from mountd.core import listen
from mountd.core.status import DaemonView
from mountd.daemon.callers import Callers
from mountd.daemon.complaint import Complaints
from mountd.daemon.diagnosis import Diagnoses
from mountd.daemon.fronts import Fronts
from mountd.daemon.history import Chronicle
from mountd.daemon.hook import Hook
from mountd.daemon.outages import Outages
from mountd.daemon.reconciler import Reconciler, config_files
from mountd.daemon.tell import Tell
from mountd.daemon.users import Users
from mountd.daemon.vault import Vault
from mountd.daemon.webhook import Webhook
from mountd.daemon.world import World
from mountd.daemon.writes import Writes
from mountd.surfaces.bus import Bus
from mountd.system import fuse, journal, notify, waiting
from mountd.system.binary import Binary
from mountd.system.fusectl import FuseControl
from mountd.system.http_unit import HttpUnit
from mountd.system.mounts import MountTable
from mountd.system.network import Network
from mountd.system.probe import Helper
from mountd.system.s3.link import Stores
from mountd.system.sleep import Sleep
from mountd.system.systemd import Systemd
from mountd.words.errors import MountdError
from mountd.words.model import Desired

_log: Any = structlog.get_logger()
_READY_LIMIT = 10.0
"""Seconds after which the service is called started though some mount has not been looked at."""


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="s3mountd", description="Keep S3 buckets mounted as folders.")
    parser.add_argument("--config", metavar="FILE", help="instead of /etc/s3mountd/mounts.toml")
    parser.add_argument("--dropins", metavar="DIR", help="instead of /etc/s3mountd/mounts.d")
    parser.add_argument("--unmount-all", action="store_true",
                        help="drain and unmount everything, then exit; for when the service is stopped")
    parser.add_argument("--version", action="version", version=f"s3mountd {__version__}")
    return parser.parse_args(argv)


class Daemon:
    """The parts put together around one GLib loop."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.loop = GLib.MainLoop()
        self.status = 0
        self._options = options
        self._configuration = config_files(options.config, options.dropins)
        self._bus = Bus(self._lost)
        if not self._bus.claim():
            raise MountdError("host-refused", "another s3mountd is running")
        systemd = Systemd(self._ended, self._systemd_returned)
        helper = Helper(systemd.set_apart)
        self._table = MountTable()
        stores, vault = Stores(systemd), Vault(systemd)
        self._fronts = Fronts(lambda unit: systemd.watch(unit, began=True))
        fusectl, binary = FuseControl(self._table), Binary(helper, self._binary_known)
        diagnoses = Diagnoses(stores, vault)
        writes = Writes(stores, binary, self._fronts, vault, time.monotonic, time.time)
        writes.look, diagnoses.heard = lambda mount: diagnoses.ask(mount, lambda _finding: None), writes.heard
        self._world = World(systemd, self._table, fusectl, helper, binary, stores, diagnoses,
                            Chronicle(helper, time.time, time.monotonic), Outages(), writes,
                            fuse.kernel_has_beneath(), Callers(fusectl), vault,
                            tuple(waiting.inherited(notify.kept_descriptors())))
        view = DaemonView(__version__, os.getpid(), time.time(), "")
        self.mounts = Reconciler(self._world, self._configuration, view, self._turned, self._read)
        self._fronts.changed = self.mounts.wake_all
        self._fronts.gone = vault.listeners.close
        self._network = Network(self._network_changed)
        self._sleep = Sleep(Gio.bus_get_sync(Gio.BusType.SYSTEM, None), self.mounts.sleep, self.mounts.woken)
        self._http = HttpUnit(__version__, _log.error)
        self._tell = Tell(Hook(systemd, helper, Complaints(_log.warning)),
                          Webhook(systemd, Complaints(_log.warning)))
        self._ready = False
        self._leaving = False
        self._status_due = 0

    # Beginning and end

    def begin(self) -> None:
        """Take over what is there, take on the configuration, look at everything."""
        self._world.binary.look()
        if self._options.unmount_all:
            self.mounts.adopt()
            self._listen()
            self._unmount_all()
            return
        if not self._configuration.take(self._world.binary.version):
            self._configuration.fall_back(self._world.binary.version)
            for problem in self._configuration.problems:
                _log.error(str(problem), code="config-invalid")
        for remark in self._configuration.remarks:
            _log.warning(str(remark))
        self.mounts.adopt()
        self.mounts.want(self._configuration.desired)
        self._world.chronicle.begin()
        self._world.vault.begin()
        self._fronts.begin()
        self._bus.publish(self.mounts, Users(self._configuration, lambda: self._world.binary.version, self._listed))
        self._read()
        self._listen()

    def _listen(self) -> None:
        GLib.unix_fd_add_full(GLib.PRIORITY_HIGH, self._table.fileno(),
                              GLib.IOCondition.PRI | GLib.IOCondition.ERR, self._mounts_changed)
        GLib.unix_signal_add(GLib.PRIORITY_HIGH, signal.SIGHUP, self._hangup)
        for number in (signal.SIGTERM, signal.SIGINT):
            GLib.unix_signal_add(GLib.PRIORITY_HIGH, number, self._terminate)
        interval = notify.watchdog_interval()
        if interval is not None:
            GLib.timeout_add(int(interval * 1000), self._alive)
        GLib.timeout_add(int(_READY_LIMIT * 1000), self._say_ready)
        GLib.idle_add(self._maybe_ready, priority=GLib.PRIORITY_LOW)

    def _unmount_all(self) -> None:
        self._leaving = True
        notify.more_time(self.mounts.longest_stop() + 30.0)
        self.mounts.want(Desired())
        GLib.timeout_add(50, self._finished)

    def _finished(self) -> bool:
        if self.mounts.idle():
            self.loop.quit()
        return bool(GLib.SOURCE_CONTINUE)

    # Events

    def _network_changed(self) -> None:
        self._fronts.kick()
        self.mounts.kick()

    def _ended(self, unit: str, ending: Any) -> None:
        others = self._fronts.ended(unit) or self._tell.ended(unit, ending) or self._world.vault.ended(unit, ending)
        if not others:
            self.mounts.worker_ended(unit, ending)

    def _systemd_returned(self) -> None:
        self.mounts.systemd_returned()

    def _binary_known(self) -> None:
        self.mounts.wake_all()

    def _mounts_changed(self, *_arguments: Any) -> bool:
        self.mounts.mounts_changed()
        return bool(GLib.SOURCE_CONTINUE)

    def _turned(self, name: str, document: str) -> None:
        self._bus.changed(name, document)
        mount = self._configuration.desired.mount(name)
        if mount is None or not mount.owner:
            # Hook and webhook are the administrator's: no user may keep them busy.
            self._tell.turned(name, document)
        self._tell_soon()

    def _listed(self) -> None:
        """Users have changed what they want."""
        if self._leaving:
            return
        self._read()
        self.mounts.take_on()

    def _read(self) -> None:
        """The configuration has been read; the one in force may be the old one."""
        self._tell.want(self._configuration.desired)
        self._http.want(listen.parse(self._configuration.desired.daemon.http))
        self._tell_soon()

    def _tell_soon(self) -> None:
        if not self._status_due:
            self._status_due = GLib.timeout_add(100, self._tell_status)

    def _tell_status(self) -> bool:
        self._status_due = 0
        notify.status(self.mounts.summary())
        self._maybe_ready()
        return bool(GLib.SOURCE_REMOVE)

    def _maybe_ready(self) -> bool:
        if self.mounts.looked_at_all():
            self._say_ready()
        return bool(GLib.SOURCE_REMOVE)

    def _say_ready(self) -> bool:
        if not self._ready:
            self._ready = True
            notify.ready(self.mounts.summary())
        return bool(GLib.SOURCE_REMOVE)

    def _alive(self) -> bool:
        notify.alive()
        return bool(GLib.SOURCE_CONTINUE)

    def _hangup(self) -> bool:
        try:
            self.mounts.reload()
        except MountdError:
            # Said in the journal with every fault, and shown by status; a signal has nobody to answer to.
            return bool(GLib.SOURCE_CONTINUE)
        return bool(GLib.SOURCE_CONTINUE)

    def _terminate(self) -> bool:
        notify.stopping()
        if self._configuration.desired.daemon.on_stop == "unmount":
            self._unmount_all()
        else:
            self.loop.quit()
        return bool(GLib.SOURCE_CONTINUE)

    def _lost(self, why: str) -> None:
        """Without a bus there is nothing to be done here: a new daemon takes over what runs."""
        _log.error(why)
        self.status = 1
        self.loop.quit()

    def close(self) -> None:
        """Let go; mounts and workers stay."""
        self.mounts.close()
        self._fronts.close()
        self._world.systemd.flush()
        self._world.chronicle.close()
        self._world.helper.close()
        self._world.stores.close()
        self._world.vault.close()


def main(argv: list[str] | None = None) -> int:
    """Run the daemon; the exit status is 1 when it could not start or lost the bus."""
    options = _arguments(argv)
    journal.set_up("info")
    try:
        daemon = Daemon(options)
        daemon.begin()
    except (MountdError, GLib.Error, OSError) as error:
        sys.stderr.write(f"s3mountd: {error}\n")
        return 1
    daemon.loop.run()
    daemon.close()
    return daemon.status


if __name__ == "__main__":
    sys.exit(main())
