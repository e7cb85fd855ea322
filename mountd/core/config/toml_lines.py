"""At which line each key of a TOML document stands; tomli tells values but not places.

The scanner trusts that tomli accepted the text (TOML 1.0), so it looks only for what separates things. A path is
the sequence of keys and array positions that leads to a value: ``("mount", 1, "credentials", "user")``.
"""

import contextlib
import re

Path = tuple[str | int, ...]

_BLANK = " \t"
_SPACE = " \t\r\n"
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_BARE_VALUE = re.compile(r"[^,\]}#\r\n]*")
_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))", re.DOTALL)
_ESCAPED = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r"}


class Lines:
    """The line (1-based) of every key, table and array element."""

    def __init__(self, found: dict[Path, int]) -> None:
        self._found = found

    def line(self, path: Path) -> int:
        """The line of that path, or of the nearest thing around it that has one; 0 when nothing does."""
        while path and path not in self._found:
            path = path[:-1]
        return self._found.get(path, 0)


def index(text: str) -> Lines:
    """Find the lines of a text that tomli accepts. For other text the result is of no use, but it ends."""
    scanner = _Scanner(text)
    # The text ends inside something, or is nested deeper than Python goes: what was found until then counts.
    with contextlib.suppress(IndexError, RecursionError):
        scanner.document()
    return Lines(scanner.found)


class _Scanner:
    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0
        self.found: dict[Path, int] = {}
        self._tables: dict[Path, int] = {}
        self._counted, self._line = 0, 1

    def document(self) -> None:
        """Read statements up to the end."""
        table: Path = ()
        while True:
            self._skip(_SPACE)
            if self.position >= len(self.text):
                return
            if self.text[self.position] == "[":
                table = self._header()
            else:
                self._pair(table)

    def _here(self) -> int:
        self._line += self.text.count("\n", self._counted, self.position)
        self._counted = self.position
        return self._line

    def _note(self, path: Path, line: int) -> None:
        self.found.setdefault(path, line)

    def _skip(self, blanks: str) -> None:
        """Go past blanks, and past a comment where a line may end."""
        while self.position < len(self.text):
            char = self.text[self.position]
            if char == "#":
                end = self.text.find("\n", self.position)
                self.position = len(self.text) if end < 0 else end
            elif char in blanks:
                self.position += 1
            else:
                return

    def _header(self) -> Path:
        line = self._here()
        many = self.text.startswith("[[", self.position)
        self.position += 2 if many else 1
        keys = self._keys()
        self.position += 2 if many else 1
        path: Path = ()
        for key in keys[:-1]:
            path = self._enter((*path, key))
            self._note(path, line)
        path = (*path, keys[-1])
        if many:
            count = self._tables.get(path, 0)
            self._tables[path] = count + 1
            self._note(path, line)
            path = (*path, count)
        else:
            path = self._enter(path)
        self._note(path, line)
        return path

    def _enter(self, path: Path) -> Path:
        """Where a header leads that passes here: into the last element of an array of tables."""
        count = self._tables.get(path, 0)
        return (*path, count - 1) if count else path

    def _keys(self) -> list[str]:
        """A dotted key; stops behind it, before ``=`` or ``]``."""
        keys = []
        while True:
            self._skip(_BLANK)
            keys.append(self._key())
            self._skip(_BLANK)
            if self.text[self.position] != ".":
                return keys
            self.position += 1

    def _key(self) -> str:
        if self.text[self.position] in "\"'":
            return self._string()
        match = _BARE_KEY.match(self.text, self.position)
        if match is None:
            raise IndexError(self.position)
        self.position = match.end()
        return match[0]

    def _pair(self, table: Path) -> None:
        line = self._here()
        path = table
        for key in self._keys():
            path = (*path, key)
            self._note(path, line)
        self.position += 1
        self._skip(_BLANK)
        self._value(path)

    def _value(self, path: Path) -> None:
        char = self.text[self.position]
        if char in "\"'":
            self._string()
        elif char == "[":
            self._array(path)
        elif char == "{":
            self._inline_table(path)
        else:
            match = _BARE_VALUE.match(self.text, self.position)
            self.position = match.end() if match else len(self.text)

    def _array(self, path: Path) -> None:
        self.position += 1
        count = 0
        while True:
            self._skip(_SPACE + ",")
            if self.text[self.position] == "]":
                self.position += 1
                return
            self._note((*path, count), self._here())
            before = self.position
            self._value((*path, count))
            self._must_move(before)
            count += 1

    def _inline_table(self, path: Path) -> None:
        self.position += 1
        while True:
            self._skip(_SPACE + ",")
            if self.text[self.position] == "}":
                self.position += 1
                return
            before = self.position
            self._pair(path)
            self._must_move(before)

    def _must_move(self, before: int) -> None:
        if self.position == before:
            raise IndexError(before)

    def _string(self) -> str:
        """Go past a string of any of the four kinds; gives its content (which only keys need)."""
        quote = self.text[self.position]
        if self.text.startswith(quote * 3, self.position):
            return self._long_string(quote)
        start = self.position = self.position + 1
        while self.text[self.position] != quote:
            self.position += 2 if quote == '"' and self.text[self.position] == "\\" else 1
        self.position += 1
        content = self.text[start:self.position - 1]
        return _ESCAPE.sub(_unescape, content) if quote == '"' else content

    def _long_string(self, quote: str) -> str:
        start = self.position = self.position + 3
        while not self.text.startswith(quote * 3, self.position):
            if self.position >= len(self.text):
                raise IndexError(self.position)
            self.position += 2 if quote == '"' and self.text[self.position] == "\\" else 1
        self.position += 3
        # Up to two quotes may stand right before the closing three.
        while self.text.startswith(quote, self.position):
            self.position += 1
        return self.text[start:self.position - 3]


def _unescape(match: re.Match[str]) -> str:
    code = match[1] or match[2]
    return chr(int(code, 16)) if code else _ESCAPED.get(match[3], match[3])
