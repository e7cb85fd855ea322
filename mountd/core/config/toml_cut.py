"""A section taken out of a text that a person wrote; everything else stays as it is, comments and order too."""

import io

import tomli


def without_mount(text: str, number: int, line: int) -> str | None:
    """The text without the mount of that number (from 0), whose ``[[mount]]`` stands in that line (from 1).

    A comment right above it goes with it. None when the cut would change anything else, as it may in a text whose
    tables are written in an unusual way.
    """
    # A line of TOML ends with a line feed, and with nothing else that Unicode has for it.
    lines = list(io.StringIO(text, newline="\n"))
    first = line - 1
    last = next((at for at in range(first + 1, len(lines)) if _begins_another(lines[at])), len(lines))
    while last > first + 1 and _is_aside(lines[last - 1]) and last < len(lines):
        last -= 1
    while first > 0 and lines[first - 1].lstrip().startswith("#"):
        first -= 1
    left = "".join([*lines[:first], *lines[last:]])
    return left if _is_right(text, left, number) else None


def _begins_another(line: str) -> bool:
    return line.lstrip().startswith("[") and not line.lstrip().startswith("[mount.")


def _is_aside(line: str) -> bool:
    return not line.strip() or line.lstrip().startswith("#")


def _is_right(before: str, after: str, number: int) -> bool:
    wanted = tomli.loads(before)
    del wanted["mount"][number]
    if not wanted["mount"]:
        del wanted["mount"]
    try:
        return tomli.loads(after) == wanted
    except tomli.TOMLDecodeError:
        return False
