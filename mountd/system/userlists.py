"""The lists of users in ``users.d``: root's own files, which only the daemon writes, at the word of their users."""

import contextlib
import pwd
from pathlib import Path

from mountd.core.config.facts import Source
from mountd.core.config.users import UserList
from mountd.system import configfiles
from mountd.words.errors import MountdError
from mountd.words.model import Problem

_MOST = 1000
"""Lists that are read."""


def collect(folder: Path) -> tuple[list[UserList], list[Problem]]:
    """All lists by login. What anybody but root could have written is not read, as with the configuration itself."""
    sources: list[Source] = []
    problems: list[Problem] = []
    for path in configfiles.files_of(folder, problems)[:_MOST]:
        configfiles.collect_one(path, 0, sources, problems)
    return [UserList(Path(source.path).stem, source) for source in sources], problems


def of(folder: Path, login: str) -> UserList:
    """The list of one user, empty where there is none. Raises MountdError ``config-invalid`` for one not to be used."""
    lists, problems = collect(folder)
    path = folder / f"{login}.toml"
    for problem in problems:
        if problem.place.file in (str(path), str(folder)):
            raise MountdError("config-invalid", str(problem))
    return next((one for one in lists if one.login == login), UserList(login, Source(str(path), "")))


def write(one: UserList) -> None:
    """Replace a list whole, or remove one with nothing in it. Raises MountdError ``host-refused``."""
    path = Path(one.source.path)
    fresh = path.with_name(f".{path.name}.new")
    try:
        if not one.source.text.strip():
            path.unlink(missing_ok=True)
            return
        path.parent.mkdir(mode=0o755, exist_ok=True)
        path.parent.chmod(0o755)  # the daemon's umask is narrower
        fresh.write_text(one.source.text, "utf-8")
        fresh.chmod(0o644)
        fresh.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            fresh.unlink()
        raise MountdError("host-refused", f"{path}: {error.strerror}") from error


def login_of(uid: int) -> str:
    """The login of a user, "" for a number that nobody has."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return ""
