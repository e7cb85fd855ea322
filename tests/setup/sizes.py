"""The size rules: no module of 300 lines or more, no function of 40 or more.

Prints each breach; status 1 if any.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator

from tests.machine.cache import REPO, source_files

MODULE_LIMIT = 300
FUNCTION_LIMIT = 40


def breaches(name: str, text: str) -> Iterator[str]:
    """What in that module is too long."""
    lines = len(text.splitlines())
    if lines >= MODULE_LIMIT:
        yield f"{name}: {lines} lines"
    for node in ast.walk(ast.parse(text, name)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length >= FUNCTION_LIMIT:
                yield f"{name}:{node.lineno}: {node.name} has {length} lines"


def main() -> int:
    """Look at every Python file that git knows or would take."""
    found = [
        line
        for path in source_files("*.py")
        for line in breaches(str(path.relative_to(REPO)), path.read_text())
    ]
    print("\n".join(found), end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
