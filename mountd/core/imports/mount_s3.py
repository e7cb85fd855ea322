"""Command lines of mount-s3, as typed, as in a script or unit, and as mount(8) gives them from fstab.

Words and escapes are those of Mountpoint for Amazon S3 1.24 (``mount-s3 --help``, its ``fstab.rs``).
"""

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence

from mountd.core.imports.draft import QUIET, Draft, Imported, Line, Source, Word, Words, lost
from mountd.words.options import OPTIONS, Kind

PROGRAM = "mount-s3"
_FOR_ONE = "allow_other was not given: the folder was open to one user only, and dir_mode keeps it so"
_JOURNAL = "the log goes to the journal: s3mountctl logs NAME"
_OWN: Words = {
    "allow-other": QUIET, "foreground": QUIET, "auto-unmount": QUIET, "user-agent-prefix": QUIET, "read-only":
    Word("read_only", True), "prefix": Word("prefix"), "profile": Word("credentials.profile"),
    "no-sign-request": Word("credentials.anonymous", True), "no-log": lost(_JOURNAL), "log-directory": lost(_JOURNAL),
    "allow-root": lost("the folder's permissions say who may enter: set dir_mode"),
}
_WORDS: Words = {**{name.replace("_", "-"): Word(name) for name in OPTIONS}, **_OWN}
_SHORT = {"-f": "--foreground", "-d": "--debug", "-l": "--log-directory"}
_WITH_VALUE = frozenset({"prefix", "profile", "log-directory", "user-agent-prefix", *(
    name.replace("_", "-") for name, option in OPTIONS.items() if option.kind is not Kind.FLAG)})
_OF_MOUNT = frozenset({"auto", "noauto", "user", "nouser", "users", "_netdev", "nofail", "rw", "nodev", "nosuid"})
_VARIABLES: Mapping[str, Word] = {
    "AWS_PROFILE": Word("credentials.profile"), "AWS_REGION": Word("region"), "AWS_DEFAULT_REGION": Word("region"),
    "AWS_ENDPOINT_URL": Word("endpoint_url"), "AWS_CA_BUNDLE": Word("ca_bundle"),
    "AWS_ACCESS_KEY_ID": lost("its keys come from the environment: put them into ~/.aws/credentials"),
}
_ASSIGNED = re.compile(r"(?:export\s+|Environment=)?([A-Z][A-Z0-9_]*)=(.*)", re.DOTALL)


def script(source: Source) -> Imported:
    """The commands in a script or unit file that run mount-s3."""
    found = Imported()
    for number, words in _commands(source.text):
        names = [word.removeprefix("ExecStart=").lstrip("@-:+!").rpartition("/")[2] for word in words]
        if PROGRAM not in names:
            continue
        at = names.index(PROGRAM)
        pairs = (_ASSIGNED.fullmatch(word) for word in words[:at])
        variables = {pair[1]: pair[2] for pair in pairs if pair}
        found += command(f"line {number}", words[at + 1:], variables)
    return found


def _commands(text: str) -> Iterator[tuple[int, list[str]]]:
    joined, first = "", 0
    for number, line in enumerate(text.splitlines(), 1):
        first = first or number
        if line.endswith("\\"):
            joined += line[:-1] + " "
            continue
        try:
            words = shlex.split(joined + line, comments=True)
        except ValueError:
            words = []
        yield first, words
        joined, first = "", 0


def command(where: str, words: Sequence[str], variables: Mapping[str, str]) -> Imported:
    """One run of mount-s3: its words without the program's name, and its environment."""
    draft = Draft(where)
    operands: list[str] = []
    rest = list(words)
    shared = False
    while rest:
        word = rest.pop(0)
        if word in {"&", "&&", ";", "||", "|"} or word.startswith((">", "2>")):
            break
        if not word.startswith("-") or word == "-":
            operands.append(word)
            continue
        name, equals, value = _SHORT.get(word, word).removeprefix("--").partition("=")
        shared = shared or name == "allow-other"
        if name == "o":
            return draft.refused("-o is for mount(8): import the line of fstab")
        if not equals and name in _WITH_VALUE:
            value = rest.pop(0) if rest else ""
        elif not equals and name not in _WORDS:
            return draft.refused(f"{word} is not known here, and so it is not known whether a value follows it")
        draft.take(_WORDS, name, value)
    if len(operands) != 2:
        return draft.refused("a bucket and a folder are expected, found: " + (" ".join(operands) or "nothing"))
    _environment(draft, variables)
    return _placed(draft, operands[0], operands[1], shared)


def fstab(draft: Draft, line: Line) -> Imported:
    """A line of fstab."""
    try:
        words = split(line.options)
    except ValueError:
        return draft.refused("mount-s3 does not take these options: a quote or a backslash stands alone")
    shared = False
    for word in words:
        name, _, value = word.partition("=")
        shared = shared or name == "allow-other"
        if name == "ro":
            draft.keys["read_only"] = True
        elif name not in _OF_MOUNT and not name.startswith("x-"):
            draft.take(_WORDS, name, value)
    return _placed(draft, line.source, line.folder, shared)


def split(options: str) -> list[str]:
    """The words between commas; a backslash takes comma, quote or backslash as they are. Raises ValueError."""
    words, rest = [""], iter(options)
    for char in rest:
        if char == ",":
            words.append("")
        elif char == "\\":
            escaped = next(rest, "")
            if escaped not in {",", "\\", '"'}:
                raise ValueError(options)
            words[-1] += escaped
        elif char == '"':
            raise ValueError(options)
        else:
            words[-1] += char
    return [word for word in words if word]


def _environment(draft: Draft, variables: Mapping[str, str]) -> None:
    for name, word in _VARIABLES.items():
        known = word.key in draft.keys or word.key.removeprefix("credentials.") in draft.credentials
        if variables.get(name) and not known:
            draft.take(_VARIABLES, name, variables[name])


def _placed(draft: Draft, source: str, folder: str, shared: bool) -> Imported:
    bucket, prefix = source.removeprefix("s3://"), str(draft.keys.pop("prefix", ""))
    if not bucket.startswith("arn:") and "/" in bucket:
        bucket, _, inside = bucket.partition("/")
        prefix = prefix or inside
    draft.place(bucket, prefix, folder)
    if not folder.startswith("/"):
        return draft.refused(f"the folder {folder} is not an absolute path")
    if folder.startswith("/dev/fd/"):
        return draft.refused("it was started with an open descriptor, by s3mountd or another supervisor")
    if not shared and "dir_mode" not in draft.keys:
        draft.keys["dir_mode"] = "0700"
        draft.remark(_FOR_ONE)
    return draft.done()
