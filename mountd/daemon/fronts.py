"""The fronts: one haproxy for each endpoint that loses files when they are renamed, there as long as mounts need it.

systemd keeps them: a haproxy that dies is started again, and its socket waits meanwhile. What is done here is to have
them there, to have a socket anew when somebody took it away, and to end a haproxy that does not answer.
"""

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import structlog
from gi.repository import GLib

from mountd.core import front as front_text
from mountd.core.front import Front
from mountd.core.messages import Cause
from mountd.core.units import front as units
from mountd.core.units.worker import file_name
from mountd.system import keys
from mountd.system.control import Control
from mountd.system.unit_calls import Done, UnitCalls, packed
from mountd.words import paths
from mountd.words.model import Mount

_log: Any = structlog.get_logger()
_RESOLV = Path("/etc/resolv.conf")
_AGAIN_MS, _SOON_MS = 1000, 50
_TRIES = 100
"""Looks, so far apart, whether a socket has come up; one that waits for a haproxy to end needs up to 5 s."""
_CHECK_MS = 5000
_SWEEP_MS = 10_000
"""Between two looks for fronts of an earlier daemon."""
_MISSES = 2
"""Questions in a row without an answer (3 s each) after which it hangs; its end cuts what is under way."""


@dataclass
class _Kept:
    """One front."""

    front: Front
    mounts: dict[str, Mount] = field(default_factory=dict)
    """Those that go by it, by name."""
    life: str = ""
    """Which socket there is; another one has another namespace. Empty while there is none."""
    why: str = ""
    """Why it does not work."""
    busy: bool = False
    misses: int = 0


class Fronts:
    """Lives in the GLib loop; nothing here blocks. ``watch(unit)`` has ``ended(unit)`` called; ``changed()`` is called
    when a front has come or gone, ``gone(life)`` when a socket, and with it its network namespace, is no more."""

    def __init__(self, watch: Callable[[str], None]) -> None:
        self._calls, self._watch = UnitCalls(), watch
        self._kept: dict[str, _Kept] = {}
        self._timer = 0
        self.changed: Callable[[], None] = lambda: None
        self.gone: Callable[[str], None] = lambda _life: None

    @staticmethod
    def hindrance(mount: Mount) -> Cause | None:
        """Why there can be no front for a mount; None when there can."""
        obstacle = "haproxy does not go by a proxy" if mount.proxy else Front.of(mount).obstacle
        if obstacle:
            return Cause("no-front", obstacle)
        if not paths.HAPROXY.exists():
            return Cause("rename-unsafe", "haproxy, which would make it safe, is not installed")
        return None

    def life(self, front: Front, mount: Mount) -> str:
        """Which front there is, "" while there is none; it is brought about for this mount."""
        kept = self._kept.setdefault(front.name, _Kept(front))
        new = mount.name not in kept.mounts
        kept.mounts[mount.name] = mount
        if new or not kept.life:
            self._look(kept)
        if not self._timer:
            self._timer = GLib.timeout_add(_CHECK_MS, self._check)
        return kept.life

    def why(self, front: Front) -> str:
        """What is wrong with it, "" when nothing is known to be."""
        kept = self._kept.get(front.name)
        return kept.why if kept else ""

    def release(self, name: str, front: Front | None = None) -> None:
        """The mount of that name goes by this front (None: by none): by no other one any more."""
        for kept in self._kept.values():
            gone = kept.mounts.pop(name, None) if front is None or kept.front != front else None
            if gone is not None and not kept.mounts:
                GLib.timeout_add(int(gone.stop_timeout * 1000) + _AGAIN_MS, self._let_go, kept.front.name)

    # Bringing it about

    def _look(self, kept: _Kept) -> None:
        if not kept.busy:
            kept.busy = True
            self._ask(kept, 0)

    def _ask(self, kept: _Kept, tries: int) -> bool:
        """How is the socket? It has been begun if this is not the first try."""
        self._calls.facts(units.socket(kept.front), partial(self._found, kept, tries))
        return bool(GLib.SOURCE_REMOVE)

    def _found(self, kept: _Kept, tries: int, facts: Mapping[str, Any]) -> None:
        if facts.get("ActiveState") == "active":
            order = "RestartUnit" if self._write(kept) and not tries else "StartUnit"
            self._order(order, units.service(kept.front))
            self._is_there(kept, bytes(facts.get("InvocationID", [])).hex()[:12] or "unknown")
        elif tries >= _TRIES:
            self._missing(kept, "its socket does not come up")
        elif tries:
            GLib.timeout_add(_SOON_MS, self._ask, kept, tries + 1)
        elif facts.get("LoadState") == "loaded":
            # Its workers keep systemd from forgetting it, and such a name cannot be taken anew. No socket is begun
            # while its service runs (systemd.socket(5)).
            self._write(kept)
            self._order("StopUnit", units.service(kept.front))
            self._order("StartUnit", units.socket(kept.front), partial(self._begun, kept))
        else:
            self._begin(kept)

    def _order(self, method: str, unit: str, done: Done = lambda _answer, _error: None) -> None:
        self._calls.manager(method, GLib.Variant("(ss)", (unit, "replace")), done)

    def _is_there(self, kept: _Kept, life: str) -> None:
        kept.busy = False
        self._watch(units.socket(kept.front))
        if kept.life != life or kept.why:
            self._lives(kept, life)
            kept.why = ""
            self.changed()

    def _lives(self, kept: _Kept, life: str) -> None:
        before, kept.life = kept.life, life
        if before not in ("", life):
            self.gone(before)

    def _begin(self, kept: _Kept) -> None:
        front, folder = kept.front, self._folder(kept.front.name)
        self._write(kept)
        service = units.service(front), packed(units.service_properties(front, str(folder)))
        socket = packed(units.socket_properties(front))
        self._calls.manager(
            "StartTransientUnit",
            GLib.Variant("(ssa(sv)a(sa(sv)))", (units.socket(front), "replace", socket, [service])),
            partial(self._begun, kept))

    def _begun(self, kept: _Kept, _answer: object, error: str) -> None:
        if error:
            self._missing(kept, error)
        else:
            self._ask(kept, 1)

    def _missing(self, kept: _Kept, why: str) -> None:
        """It is not busy again before the next try."""
        kept.busy = True
        if kept.life or kept.why != why:
            _log.warning(f"the front for {kept.front.endpoint_url} is away: {why}", code="front-away")
            self._lives(kept, "")
            kept.why = why
            self.changed()
        GLib.timeout_add(_AGAIN_MS, self._again, kept.front.name)

    def _again(self, name: str) -> bool:
        kept = self._kept.get(name)
        if kept is not None:
            kept.busy = False
            if kept.mounts and not kept.life:
                self._look(kept)
        return bool(GLib.SOURCE_REMOVE)

    # Its files

    @staticmethod
    def _folder(name: str) -> Path:
        return paths.FRONTS / name

    def _write(self, kept: _Kept) -> bool:
        """Is anything that haproxy reads another than it was?"""
        front, folder = kept.front, self._folder(kept.front.name)
        servers = front_text.nameservers(_RESOLV.read_text("utf-8", "replace")) if _RESOLV.exists() else ()
        text = front_text.config(front, units.control(front), units.ca_file(front), servers)
        changed = _replace(folder / units.CONFIG, text.encode())
        buckets = [one.bucket for one in kept.mounts.values() if not one.options.get("force_path_style")]
        _replace(folder / "hosts", front_text.hosts(front, buckets).encode())
        if front.ca_bundle and kept.mounts:
            copy = paths.KEYS / file_name(next(iter(kept.mounts))) / keys.CA
            changed = (copy.exists() and _replace(folder / units.CA, copy.read_bytes())) or changed
        return changed

    # What happens to it

    def ended(self, unit: str) -> bool:
        """A watched unit has ended; was it a front's?"""
        kept = next((one for one in self._kept.values() if units.socket(one.front) == unit), None)
        if kept is None:
            return unit.startswith(paths.FRONT_PREFIX)
        if kept.mounts and kept.life:
            self._missing(kept, "somebody stopped it")
        return True

    def kick(self) -> None:
        """The network has changed, perhaps resolv.conf as well."""
        for kept in self._kept.values():
            self._look(kept)

    def _check(self) -> bool:
        for kept in self._kept.values():
            if kept.life:
                Control(units.control(kept.front), partial(self._checked, kept, kept.life))
        self._timer = self._timer if self._kept else 0
        return bool(self._timer)

    def _checked(self, kept: _Kept, life: str, answers: bool) -> None:
        if kept.life != life:
            return
        kept.misses = 0 if answers else kept.misses + 1
        why = "" if kept.misses < _MISSES else "haproxy does not answer"
        if why:
            _log.warning(f"the front for {kept.front.endpoint_url} does not answer: it is ended, another one begins",
                         code="front-away")
            self._calls.manager("KillUnit", GLib.Variant("(ssi)", (units.service(kept.front), "all", 9)))
        if why != kept.why:
            kept.why = why
            self.changed()

    def _let_go(self, name: str) -> bool:
        kept = self._kept.get(name)
        if kept is not None and not kept.mounts:
            del self._kept[name]
            self._end(name)
            self._lives(kept, "")
        return bool(GLib.SOURCE_REMOVE)

    def _end(self, name: str) -> None:
        for unit in units.pair(name):
            self._order("StopUnit", unit)
        shutil.rmtree(self._folder(name), ignore_errors=True)

    # Those of an earlier daemon

    def begin(self) -> None:
        """From now on, end those that an earlier daemon has left and nobody here wants."""
        if self._left():
            GLib.timeout_add(_SWEEP_MS, self._sweep)

    def _left(self) -> list[str]:
        found = paths.FRONTS.iterdir() if paths.FRONTS.exists() else ()
        return [one.name for one in found if one.name not in self._kept]

    def _sweep(self) -> bool:
        left = self._left()
        for name in left:
            self._calls.facts(units.pair(name)[0], partial(self._swept, name))
        return bool(left)

    def _swept(self, name: str, facts: Mapping[str, Any]) -> None:
        """systemd tells of both who joins a namespace and whose it is (systemd.unit(5), JoinsNamespaceOf=)."""
        drains = any(unit.startswith(paths.WORKER_PREFIX) for unit in facts.get("JoinsNamespaceOf", ()))
        if name not in self._kept and not drains:
            _log.info(f"the front {name}, by which no mount goes any more, is ended")
            self._end(name)

    def close(self) -> None:
        """Look no more; the fronts stay."""
        if self._timer:
            GLib.source_remove(self._timer)
            self._timer = 0


def _replace(path: Path, content: bytes) -> bool:
    """Write a file for everybody to read; True when it was another one."""
    if path.exists() and path.read_bytes() == content:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    for folder in (path.parent, path.parent.parent):
        folder.chmod(0o755)
    fresh = path.with_name(path.name + ".new")
    fresh.write_bytes(content)
    fresh.chmod(0o644)
    fresh.replace(path)
    return True
