"""One value of ``mounts.toml``: is it what its row asks for, and if not, what should be written."""

import difflib
import json
import math
import re
from collections.abc import Callable, Iterable
from urllib.parse import SplitResult, urlsplit

from mountd.core import listen, spans
from mountd.words.model import OptionValue
from mountd.words.options import Kind, Option

Value = OptionValue | float

_LONGEST = 60
"""Characters of a faulty value that a message repeats."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class WrongValueError(Exception):
    """What is wrong with a value, and the right form where it can be named."""

    def __init__(self, text: str, hint: str = "") -> None:
        super().__init__(text)
        self.text = text
        self.hint = hint


def show(value: object) -> str:
    """A value as TOML writes it, cut at a length that fits a message."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list | tuple):
        return "a list"
    text = json.dumps(value, ensure_ascii=False) if isinstance(value, str) else str(value)
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "..."


def suggestion(word: str, right: Iterable[str]) -> str:
    """``did you mean "x"?`` for the nearest right word, or nothing."""
    near = difflib.get_close_matches(word.lower(), sorted(right), n=1, cutoff=0.6)
    return f'did you mean "{near[0]}"?' if near else ""


def listed(words: Iterable[str]) -> str:
    """``"a", "b" or "c"``."""
    quoted = [f'"{word}"' for word in words]
    return " or ".join(filter(None, [", ".join(quoted[:-1]), quoted[-1]]))


def convert(option: Option, value: object, home: str = "") -> Value:
    """The value in its final form. ``home`` is what ``~`` should have been. Raises WrongValueError."""
    return _CONVERTERS[option.kind](option, value, home)


def path(value: object, home: str = "") -> str:
    """An absolute path without doubled or closing slashes. Raises WrongValueError, naming the absolute form."""
    text = _string(value)
    for shell in ("~/", "$HOME/", "${HOME}/"):
        if text.startswith(shell):
            right = f"{home or '/home/YOU'}/{text.removeprefix(shell)}"
            raise WrongValueError(f"must be an absolute path, not {show(text)}", f"write {show(right)}")
    if not text.startswith("/"):
        right = f"{home or '/home/YOU'}/{text.removeprefix('./')}" if text not in {"~", "."} else home or "/home/YOU"
        raise WrongValueError(f"must be an absolute path, not {show(text)}", f"write {show(right)}")
    parts = [part for part in text.split("/") if part not in {"", "."}]
    if ".." in parts:
        raise WrongValueError(f"must not go up by \"..\", as {show(text)} does", "write the path that it leads to")
    return "/" + "/".join(parts)


def _string(value: object) -> str:
    if not isinstance(value, str):
        raise WrongValueError(f"must be text in quotes, not {show(value)}")
    if _CONTROL.search(value):
        raise WrongValueError(f"must not contain control characters: {show(value)}")
    return value


def _text(_option: Option, value: object, _home: str) -> str:
    text = _string(value)
    if not text and _option.name != "prefix":
        raise WrongValueError("must not be empty", "remove the key to leave it unset")
    return text


def _flag(_option: Option, value: object, _home: str) -> bool:
    if not isinstance(value, bool):
        right = {"yes": "true", "on": "true", "1": "true", "true": "true", "no": "false", "off": "false",
                 "0": "false", "false": "false"}.get(str(value).lower(), "")
        raise WrongValueError(f"must be true or false, not {show(value)}", f"write {right}" if right else "")
    return value


def _range(option: Option) -> str:
    unit = f" {option.unit}" if option.unit else ""
    return f"from {option.low} to {option.high}{unit}"


def _int(option: Option, value: object, _home: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        digits = isinstance(value, str) and value.isascii() and value.isdigit()
        raise WrongValueError(f"must be a number, {_range(option)}, not {show(value)}",
                              f"write {value} without quotes" if digits else "")
    low, high = option.low or 0, option.high if option.high is not None else math.inf
    if not low <= value <= high:
        raise WrongValueError(f"must be {_range(option)}, not {value}", _range_hint(option, value))
    return value


def _range_hint(option: Option, value: int) -> str:
    if value == 0 and option.name in {"uid", "gid"}:
        return "mount-s3 does not show files as root's; remove the key"
    if value == 0:
        return "remove the key to leave it unset"
    if option.unit == "bytes" and 5 <= value <= 5120:
        return f"it counts bytes: {value} MiB are {value * 1024 * 1024}"
    return ""


def _split(url: str) -> tuple[SplitResult, bool]:
    """The parts of a URL, and whether its port, if it names one, can be one."""
    try:
        parts = urlsplit(url)
        return parts, parts.port is None or parts.port > 0
    except ValueError:
        return urlsplit(""), False


def _url(_option: Option, value: object, _home: str) -> str:
    text = _string(value)
    parts, port_is_number = _split(text)
    if "@" in text:
        raise WrongValueError("must not carry a user or a password", "remove what stands before the @")
    if parts.scheme not in {"http", "https"} or not parts.hostname or not port_is_number:
        bare = re.fullmatch(r"[A-Za-z0-9.-]+(:\d+)?(/.*)?", text)
        raise WrongValueError(f"must be a URL such as \"https://s3.example.org\", not {show(text)}",
                              f"write {show('https://' + text)}" if bare else "")
    if parts.query or parts.fragment or " " in text:
        raise WrongValueError(f"must be a plain URL without ? # or blanks, not {show(text)}")
    return text


def _enum(option: Option, value: object, _home: str) -> str:
    if not isinstance(value, str) or value not in option.choices:
        hint = suggestion(value, option.choices) if isinstance(value, str) else ""
        hint = hint or _same_word(value, option.choices)
        raise WrongValueError(f"must be {listed(option.choices)}, not {show(value)}", hint)
    return value


def _same_word(value: object, choices: tuple[str, ...]) -> str:
    near = [choice for choice in choices if choice.lower() == str(value).lower()]
    return f'did you mean "{near[0]}"?' if near else ""


def _mode(_option: Option, value: object, _home: str) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        digits = str(value) if re.fullmatch(r"[0-7]{3}", str(value)) else f"{value & 0o777:03o}"
        raise WrongValueError("must be text in quotes, so that nobody takes it for a decimal number",
                              f'write "0{digits}"')
    text = _string(value)
    if not re.fullmatch(r"(0o?)?[0-7]{3}", text):
        raise WrongValueError(f'must be permissions such as "0755", not {show(text)}')
    return f"0{text[-3:]}"


def _ttl(option: Option, value: object, home: str) -> int | str:
    if isinstance(value, str):
        if value in option.choices:
            return value
        raise WrongValueError(f"must be a number of seconds or {listed(option.choices)}, not {show(value)}",
                              suggestion(value, option.choices) or _span_hint(value))
    if value == 0 and not isinstance(value, bool):
        raise WrongValueError(f"must be {_range(option)}, not 0", 'write "minimal"')
    return _int(option, value, home)


def _span_hint(text: str) -> str:
    try:
        return f"write {spans.seconds(text):.0f} without quotes"
    except ValueError:
        return ""


def _list(_option: Option, value: object, _home: str) -> tuple[str, ...]:
    items = value if isinstance(value, list) else [value]
    words = tuple(_string(item) for item in items)
    if not words or not all(words):
        raise WrongValueError("must not be empty", "remove the key to leave it unset")
    return words


def _span(option: Option, value: object, _home: str) -> float:
    text = f'must be a time such as "90s" or "10min", not {show(value)}'
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise WrongValueError(text)
    try:
        span = spans.seconds(value) if isinstance(value, str) else float(value)
    except (ValueError, OverflowError):
        raise WrongValueError(text) from None
    low, high = option.low or 0, option.high or math.inf
    if not low <= span <= high:  # also true of nan
        raise WrongValueError(f"must be from {spans.text(low)} to {spans.text(high)}, not {show(value)}")
    return span


def _owner(_option: Option, value: object, _home: str) -> str:
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**32 - 1:
        return str(value)
    text = _string(value)
    if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.@\\-]*\$?", text):
        raise WrongValueError(f"must be a name or a number, not {show(value)}")
    return text


def _path(_option: Option, value: object, home: str) -> str:
    return path(value, home)


def _listen(_option: Option, value: object, _home: str) -> str:
    if isinstance(value, bool):
        right = listen.EXAMPLE if value else listen.OFF
        raise WrongValueError(f"must be text in quotes, not {show(value)}", f'write "{right}"')
    try:
        wanted = listen.parse(_string(value))
    except listen.WrongAddressError as wrong:
        raise WrongValueError(f"{wrong.text}, not {show(value)}", wrong.hint) from wrong
    return str(wanted) if wanted else listen.OFF


def _command(option: Option, value: object, home: str) -> tuple[str, ...]:
    words = _list(option, value, home)
    if isinstance(value, str) and " " in value:
        listed_words = ", ".join(show(word) for word in value.split())
        raise WrongValueError("must be a list of program and arguments", f"write [{listed_words}]")
    return (path(words[0], home), *words[1:])


def _webhook(_option: Option, value: object, _home: str) -> str:
    # The value is a secret and faults are shown to everybody, so none of these repeats it.
    text = value if isinstance(value, str) else ""
    parts, number = _split(text)
    if "@" in parts.netloc:
        raise WrongValueError("must not carry a user or a password", "remove what stands before the @")
    if parts.scheme not in {"https", "http"} or not parts.hostname or not number:
        raise WrongValueError('must be a URL such as "https://hooks.example.org/..."')
    if parts.fragment or not re.fullmatch(r"[!-~]+", text):
        raise WrongValueError("must be a URL without # or blanks, other letters written as %XX")
    return text


def _table(_option: Option, value: object, _home: str) -> Value:
    raise WrongValueError(f"must be a table, not {show(value)}")


_CONVERTERS: dict[Kind, Callable[[Option, object, str], Value]] = {
    Kind.FLAG: _flag, Kind.INT: _int, Kind.TEXT: _text, Kind.PATH: _path, Kind.URL: _url, Kind.ENUM: _enum,
    Kind.MODE: _mode, Kind.TTL: _ttl, Kind.LIST: _list, Kind.SPAN: _span, Kind.OWNER: _owner, Kind.TABLE: _table,
    Kind.LISTEN: _listen, Kind.COMMAND: _command, Kind.WEBHOOK: _webhook,
}
