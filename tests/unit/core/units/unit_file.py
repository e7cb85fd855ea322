"""Unit properties as systemd's own tool rates them."""

import re
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from mountd.core.units.sandbox import Property

_ELSEWHERE = {"After", "StartLimitIntervalUSec", "CollectMode", "Description"}
"""Of the section [Unit], which is not rated."""
_FORMS: dict[str, Callable[[Any], str]] = {
    "b": lambda value: "yes" if value else "no",
    "as": " ".join,
    "(bas)": lambda value: ("" if value[0] else "~") + " ".join(value[1]),
    "a(iayu)": lambda value: "any" if value[0][2] == 0 else "localhost",
    "(aiai)": lambda value: " ".join(map(str, value[0])),
    "a(sasb)": lambda value: " ".join(value[0][1]),
    "u": lambda value: f"{value:04o}",
}
_NONE = {"CapabilityBoundingSet": "", "AmbientCapabilities": "", "RestrictNamespaces": "yes"}


def _written(item: Property) -> str:
    """The property as a line of a unit file; names and forms that differ there are those of systemd.unit(5)."""
    text = _NONE.get(item.name, _FORMS.get(item.signature, str)(item.value))
    return f"{item.name.replace('USec', 'Sec')}={text}{'us' * item.name.endswith('USec')}"


def exposure(properties: Sequence[Property], folder: Path) -> float:
    """What ``systemd-analyze security`` says of a service with these properties; ``folder`` is for its file."""
    unit = folder / "rated.service"
    lines = [_written(item) for item in properties if item.name not in _ELSEWHERE]
    unit.write_text("[Service]\n" + "\n".join(lines) + "\n")
    ran = subprocess.run(["systemd-analyze", "security", "--offline=yes", "--no-pager", str(unit)],
                         capture_output=True, text=True, check=False)
    rating = re.search(r"Overall exposure level for \S+: ([0-9.]+)", ran.stdout)
    assert rating, ran.stderr
    return float(rating[1])
