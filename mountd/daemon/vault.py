"""Keys of mounts that the broker holds: fetched before a worker needs them and anew before they end.

No key comes by here. The process that gets them, started for one answer in a unit of its own, has one end of a socket
pair, the broker the other; this process hands both out and hears when the keys end.
"""

import itertools
import json
import os
import socket
import time
from dataclasses import dataclass, field, replace
from functools import partial
from random import random
from typing import Any

import structlog
from gi.repository import GLib

from mountd.core import backoff, fetching, reasons, renewal
from mountd.core.messages import Cause, Ending
from mountd.core.renewal import Term
from mountd.core.status import stamp
from mountd.core.units import resolver
from mountd.core.units.worker import KeyFiles, file_name
from mountd.daemon.known_mount import KnownMount
from mountd.daemon.listeners import Listeners
from mountd.daemon.passes import Passes, any_left, quiet
from mountd.system import keys
from mountd.system.asking import Answer
from mountd.system.broker.link import Broker
from mountd.system.systemd import Systemd
from mountd.words import paths
from mountd.words.errors import FAULTS, FaultClass, MountdError
from mountd.words.model import Mount

_log: Any = structlog.get_logger()
_PATIENCE = 10.0
"""Seconds beyond its own limit that the process may take to be started."""
_LONGEST_TIMER = 900.0
"""Timers stand still while the machine sleeps: clocks are read at least this often. Seconds."""
_FRESH = 10.0
"""Seconds after which keys that were tried when they came may have been withdrawn."""


@dataclass
class _Account:
    """One mount's keys in the broker."""

    about: dict[str, Any]
    term: Term | None = None
    fetching: bool = False
    waited_for: bool = False
    """Does a worker wait to be started with them?"""
    timer: int = 0


@dataclass
class Vault:
    """All accounts. ``meet`` makes a mount known; wakes and failures go to it."""

    systemd: Systemd
    accounts: dict[str, _Account] = field(default_factory=dict)
    kepts: dict[str, KnownMount] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._broker = Broker(self.systemd, self._met, self._missed)
        self._passes = Passes(self._broker)
        self.listeners = Listeners(self.systemd, self._broker, lambda: self._passes.behind)
        self._numbers = itertools.count(int(time.time() * 1000))

    def begin(self) -> None:
        """Go on with what an earlier daemon has left."""
        if any_left():
            self._broker.want()

    def meet(self, kept: KnownMount) -> None:
        """This keeps the mount of that name now."""
        self.kepts[kept.name] = kept

    # What a launch needs

    def is_ready(self, mount: Mount, found: KeyFiles, *, waits: bool = True) -> bool:
        """Can a worker begin with keys of the broker? If not, that is seen to; the mount is woken, or fails if it
        ``waits``."""
        ca_file = str(paths.KEYS / file_name(mount.name) / keys.CA) if "ca_bundle" in mount.options else ""
        about = fetching.about(mount, found, ca_file)
        account = self.accounts.get(mount.name)
        if account is None or account.about != about:
            self._cancel(account)
            account = self.accounts[mount.name] = _Account(about)
        if self._broker.is_there and account.term is not None and account.term.lasts(time.time()):
            return self.listeners.reach(mount, partial(self._listens, mount.name, waits))
        account.waited_for = waits or account.waited_for
        self._broker.want()
        self._fetch(mount.name)
        return False

    def _listens(self, name: str, waits: bool, failed: MountdError | None) -> None:
        kept = self.kepts.get(name)
        if kept is not None and waits:
            if failed is not None:
                kept.fail(Cause(failed.fault.code, failed.detail))
            kept.wake()

    def admit(self, name: str, unit: str, front: str = "") -> str:
        """The URL at which a worker to be, behind that front, gets its keys. Raises MountdError."""
        return self._passes.grant(name, unit, front)

    def dismiss(self, unit: str) -> None:
        """A worker has ended."""
        self._passes.revoke(unit)

    def door(self, name: str) -> tuple[str, str]:
        """URL and token file for who asks S3 in the stead of a mount's worker; empty when it asks no broker."""
        kept = self.kepts.get(name)
        return self._passes.door(kept.workers if kept is not None else ())

    def forget(self, name: str) -> None:
        """A mount is no more."""
        self.kepts.pop(name, None)
        self._cancel(self.accounts.get(name))
        if self.accounts.pop(name, None) is not None:
            self._broker.ask("forget", quiet, mount=name)

    def doubt(self, name: str, cause: Cause) -> bool:
        """A worker could not start. True when that may be for its keys: the next one is given others."""
        account = self.accounts.get(name)
        suspect = FAULTS[cause.code].klass in (FaultClass.CREDENTIALS, FaultClass.ACCESS)
        if account is None or account.term is None or not suspect or account.term.age(time.time()) < _FRESH:
            return False
        account.term = None
        return True

    # The broker

    def _met(self, state: Answer) -> None:
        same = self._passes.settle(int(state["port"]), state.get("behind", {}))
        for name in [name for name in state["held"] if name not in self.kepts]:
            self._broker.ask("forget", quiet, mount=name)
        for name, held in [(name, held) for name, held in state["held"].items() if name in self.kepts]:
            told = {key: value for key, value in held["about"].items() if key not in ("begun", "how")}
            if name not in self.accounts:
                self.accounts[name] = _Account(told)
            account = self.accounts[name]
            if account.term is None and account.about == told:
                account.term = Term(float(held["about"].get("begun", time.time())), held["expires"])
                self._learnt(name, account)
        for account in [account for name, account in self.accounts.items() if name not in state["held"]]:
            account.term = None
        for kept in list(self.kepts.values()):
            self._settle(kept, state, same=same)
        for name, account in self.accounts.items():
            if account.waited_for:
                self._fetch(name)

    def _missed(self) -> None:
        for name, account in self.accounts.items():
            if account.waited_for:
                self._failed(name, account, Cause("host-refused", f"{paths.BROKER_UNIT} does not come up"))

    def _settle(self, kept: KnownMount, state: Answer, *, same: bool) -> None:
        """The workers of a mount, as the broker should know them."""
        asking = self._passes.granted(kept.workers)
        for unit in [unit for unit in asking if file_name(unit) not in state["workers"]]:
            self._passes.tell(kept.name, unit)
        if asking and (not same or kept.name not in state["held"]):
            # Another broker, and nobody left who remembered: begun anew, while the worker lives on what it has.
            _log.warning(f"{kept.name}: the broker has lost its memory; a new worker takes over", mount=kept.name)
            kept.renew()

    # Fetching

    def _fetch(self, name: str) -> None:
        account = self.accounts[name]
        if account.fetching or not self._broker.is_there:
            return
        account.fetching = True
        unit = f"{paths.RESOLVE_PREFIX}{next(self._numbers)}.service"
        question = os.memfd_create("s3mountd-question", os.MFD_CLOEXEC)
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        about = {**account.about, "begun": time.time()}
        with ours, theirs:
            os.write(question, json.dumps(fetching.question(account.about)).encode())
            os.lseek(question, 0, os.SEEK_SET)
            try:
                properties = resolver.properties(fetching.order(name, account.about))
                self.systemd.start(unit, properties, {"Input": question, "Output": theirs.fileno()},
                                   partial(_not_started, name))
                self._broker.ask("take", lambda answer: self._taken(name, account, answer), [ours.fileno()],
                                 mount=name, about=about, seconds=resolver.LIMIT + _PATIENCE)
            except MountdError as error:
                GLib.idle_add(self._taken, name, account, error)
            finally:
                os.close(question)

    def _taken(self, name: str, account: _Account, answer: Answer | MountdError) -> None:
        account.fetching = False
        if self.accounts.get(name) is not account:
            return
        if isinstance(answer, MountdError):
            self._failed(name, account, Cause(answer.fault.code, answer.detail))
        else:
            if account.term is not None and account.term.cause is not None:
                _log.info(f"{name}: the credentials could be renewed", mount=name)
            account.term = Term(float(answer["about"]["begun"]), answer["expires"])
            self._learnt(name, account)

    def _failed(self, name: str, account: _Account, cause: Cause) -> None:
        kept, term = self.kepts.get(name), account.term
        waited, account.waited_for = account.waited_for, False
        if term is not None:
            account.term = replace(term, failures=term.failures + 1, cause=cause)
            if backoff.worth_saying(account.term.failures) and not waited:
                reason = reasons.reason(cause, kept.mount if kept else None, str(account.about["source"]))
                _log.warning(f"{name}: the credentials, which end at {stamp(term.expires)}, could not be renewed: "
                             f"{reason.text}; {reason.hint}", mount=name, code=cause.code)
            self._plan(name, account)
        if kept is not None:
            if waited:
                kept.fail(cause)
            kept.wake()

    def _learnt(self, name: str, account: _Account) -> None:
        """There are keys, and it is known until when."""
        account.waited_for = False
        kept = self.kepts.get(name)
        if kept is not None and account.term is not None:
            kept.record.credentials, kept.record.expires, kept.told = (
                str(account.about["source"]), account.term.expires, False)
            kept.wake()
        self._plan(name, account)

    def _plan(self, name: str, account: _Account) -> None:
        self._cancel(account)
        now = time.time()
        due = renewal.due(account.term, now, random()) if account.term else None
        warn = self._warn_at(account)
        times = [at for at in (due, warn) if at is not None and at >= now]
        if times:
            seconds = min(min(times) - now, _LONGEST_TIMER)
            account.timer = GLib.timeout_add_seconds(int(seconds) + 1, self._due, name, account, due)

    def _due(self, name: str, account: _Account, due: float | None) -> bool:
        account.timer = 0
        kept = self.kepts.get(name)
        if kept is not None:
            kept.wake()
        if due is not None and time.time() >= due and kept is not None and kept.workers:
            self._fetch(name)
        elif self.accounts.get(name) is account:
            self._plan(name, account)
        return bool(GLib.SOURCE_REMOVE)

    def _cancel(self, account: _Account | None) -> None:
        if account is not None and account.timer:
            GLib.source_remove(account.timer)
            account.timer = 0

    def refresh(self, name: str) -> None:
        """Where a mount's keys come from there may be others."""
        if name in self.accounts:
            self._fetch(name)

    def _warn_at(self, account: _Account) -> float | None:
        return renewal.warn_at(account.term, float(account.about["warn_before"])) if account.term else None

    def ending(self, name: str) -> Cause | None:
        """What is to be said of keys that end and cannot be had anew, or of new ones that are of no use."""
        account, kept = self.accounts.get(name), self.kepts.get(name)
        if kept is not None and kept.refused_keys is not None:
            return kept.refused_keys[1]
        at = self._warn_at(account) if account is not None else None
        if account is None or account.term is None or account.term.cause is None or at is None or time.time() < at:
            return None
        why = reasons.reason(account.term.cause, kept.mount if kept else None, str(account.about["source"]))
        return Cause("credentials-ending", f"{stamp(account.term.expires)}: {why.text}", why.hint)

    def lacking(self, name: str) -> Cause | None:
        """Why there are no others in the place of keys that have ended."""
        account = self.accounts.get(name)
        return account.term.cause if account is not None and account.term is not None else None

    def ended(self, unit: str, _ending: Ending) -> bool:
        """A unit has ended; True when it was one of these. The broker tells what came of it."""
        return unit == paths.BROKER_UNIT or unit.startswith((paths.RESOLVE_PREFIX, paths.LISTEN_PREFIX))

    def close(self) -> None:
        """Let go; the broker goes on."""
        for account in self.accounts.values():
            self._cancel(account)
        self._broker.close()


def _not_started(name: str, text: str) -> None:
    _log.warning(f"{name}: the process that gets its credentials was not started: {text}", mount=name)
