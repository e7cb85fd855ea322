"""What is seen to beside the mounts themselves, of all of them together: errands at S3, and another mount-s3."""

from collections.abc import Callable, Collection

from mountd.daemon import uploads
from mountd.daemon.errands import Errands
from mountd.daemon.keeper import Keeper
from mountd.daemon.kept import Kept
from mountd.daemon.rights import RIGHTS
from mountd.daemon.upgrade import Upgrades
from mountd.daemon.world import World
from mountd.words.model import DaemonSettings


class Beside:
    """``every()`` gives all keepers, ``settings()`` the daemon's as they are."""

    def __init__(self, world: World, every: Callable[[], Collection[Keeper]],
                 settings: Callable[[], DaemonSettings]) -> None:
        def kept() -> list[Kept]:
            return [keeper.kept for keeper in every()]

        self._errands = Errands(world.diagnoses, (RIGHTS, uploads.errand(kept)))
        self._upgrades = Upgrades(world.binary, every, settings)

    def turned(self, keeper: Keeper) -> None:
        """Something about a mount has changed: another worker, perhaps."""
        self._errands.look(keeper.kept)
        self._upgrades.look()

    def look(self) -> None:
        """The program may be another one."""
        self._upgrades.look()

    def hasten(self, keeper: Keeper) -> None:
        """Somebody wants to know now."""
        self._errands.hasten(keeper.kept)

    def forget(self, keeper: Keeper) -> None:
        """That mount is kept no more."""
        self._errands.forget(keeper.kept)

    def close(self) -> None:
        """No more."""
        self._errands.close()
        self._upgrades.close()
