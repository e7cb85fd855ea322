"""Canned documents and golden texts."""

import json
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent


def document(name: str) -> Any:
    """A status or plan document, decoded."""
    return json.loads((HERE / "documents" / f"{name}.json").read_text(encoding="utf-8"))


def golden(name: str) -> list[str]:
    """The lines that a person is meant to see."""
    return (HERE / "golden" / f"{name}.txt").read_text(encoding="utf-8").splitlines()


def mount(**values: Any) -> dict[str, Any]:
    """A healthy mount, but for the values given."""
    return {**document("healthy")["mounts"][1], **values}
