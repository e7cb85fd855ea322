"""The floors of mountd/: what a module may import (DESIGN §3). words <- core <- system <- daemon <- surfaces."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2] / "mountd"

# Floor: the floors it may import from, itself included.
FLOORS = {
    "words": {"words"},
    "core": {"words", "core"},
    "system": {"words", "core", "system"},
    "daemon": {"words", "core", "system", "daemon"},
    "surfaces": {"words", "core", "system", "daemon", "surfaces"},
    "cli": {"words", "core", "cli"},
}
# The wiring puts the surfaces onto the daemon: the one place that sees the whole house.
WIRING = "daemon.main"
# The commands that read the host without the daemon: s3mountctl check, and import, which finds mounts made by hand.
EXCEPTIONS = {("cli.checking", "mountd.system.configfiles"), ("cli.checking", "mountd.system.userlists"),
              ("cli.running", "mountd.system.mounts"),
              ("cli.running", "mountd.system.holders")}

# Library: the modules or floors that may know it.
LIBRARIES = {
    "pydbus": {"system.systemd", "surfaces.bus", "cli.client"},
    "gi": {"system", "daemon", "surfaces", "cli.client"},
    "boto3": {"system"},
    "botocore": {"system"},
    "rich": {"cli"},
}


def breaches(module: str, text: str) -> Iterator[str]:
    """What `module` (its dotted name below mountd) imports and may not."""
    floor = module.partition(".")[0]
    for node in ast.walk(ast.parse(text)):
        for name in imported(node, module):
            parts = name.split(".")
            if parts[0] == "mountd" and len(parts) > 1 and parts[1] in FLOORS:
                allowed = parts[1] in FLOORS.get(floor, set(FLOORS)) or module == WIRING
                allowed = allowed or any((module, name.rpartition(".")[0]) == one or (module, name) == one
                                         for one in EXCEPTIONS)
            elif parts[0] in LIBRARIES:
                allowed = bool({module, floor} & LIBRARIES[parts[0]])
            else:
                continue
            if not allowed:
                yield f"{module} imports {name}"


def imported(node: ast.AST, module: str) -> list[str]:
    """The absolute names that an import statement brings in."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if not isinstance(node, ast.ImportFrom):
        return []
    above = ["mountd", *module.split(".")][: -node.level] if node.level else []
    base = ".".join([*above, *([node.module] if node.module else [])])
    return [f"{base}.{alias.name}" for alias in node.names]


MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts): path for path in sorted(ROOT.rglob("*.py"))
}


def test_the_house_is_where_this_test_looks() -> None:
    assert set(FLOORS) <= {name.split(".")[0] for name in MODULES}


@pytest.mark.parametrize("module", MODULES)
def test_imports_only_from_its_own_floor_and_those_beneath(module: str) -> None:
    assert list(breaches(module, MODULES[module].read_text())) == []


def circle(texts: dict[str, str]) -> list[str]:
    """Modules each of which imports the next, and the last the first; also where only a type is wanted."""
    found = {module: {name for node in ast.walk(ast.parse(text)) for one in imported(node, module)
                      for name in (one.removeprefix("mountd."), one.removeprefix("mountd.").rpartition(".")[0])
                      if name in texts} for module, text in texts.items()}
    try:
        TopologicalSorter(found).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def test_no_modules_import_each_other_in_a_circle() -> None:
    assert circle({module: path.read_text() for module, path in MODULES.items()}) == []


def test_a_circle_is_seen() -> None:
    texts = {"daemon.one": "from mountd.daemon.two import Two", "daemon.two": "from mountd.daemon import one"}
    assert set(circle(texts)) == set(texts)
    assert circle({**texts, "daemon.two": "import os"}) == []


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("words.errors", "from mountd.core import plan"),
        ("core.plan", "import mountd.system.fuse"),
        ("core.plan", "from ..system import fuse"),
        ("core.plan", "from mountd import system"),
        ("core.plan", "from gi.repository import GLib"),
        ("daemon.keeper", "from mountd.surfaces.bus import Bus"),
        ("cli.render", "from mountd.system import mounts"),
        ("cli.render", "from mountd.system import configfiles"),
        ("cli.checking", "from mountd.system import mounts"),
        ("cli.render", "def late():\n    import pydbus"),
        ("daemon.main", "import boto3"),
    ],
)
def test_a_breach_is_seen(module: str, line: str) -> None:
    assert len(list(breaches(module, line))) == 1


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("core.plan", "from mountd.words.errors import FAULTS"),
        ("core.plan", "from mountd import __version__"),
        ("daemon.main", "from mountd.surfaces.bus import Bus"),
        ("system.systemd", "import pydbus"),
        ("cli.checking", "from mountd.system import configfiles"),
    ],
)
def test_what_is_allowed_is_not_a_breach(module: str, line: str) -> None:
    assert list(breaches(module, line)) == []
