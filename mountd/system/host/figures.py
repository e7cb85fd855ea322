"""The task ``figure``: keep how much is in a bucket where the daemon finds it. For root only, as the folder is."""

from collections.abc import Sequence
from typing import Any

from mountd.core import measured
from mountd.core.measured import Measured
from mountd.system.answering import Question
from mountd.system.small_files import read_json, write_json
from mountd.words import paths


def figure(question: Question, _descriptors: Sequence[int]) -> dict[str, Any]:
    """Question: ``key``, and the fields of ``core.measured.Measured``. Answer: ``kept``."""
    one = Measured(int(question["objects"]), int(question["bytes"]), float(question["at"]), question["quotas"])
    if not paths.STATE.is_dir():
        return {"kept": False}
    return {"kept": write_json(paths.SIZES, measured.added(read_json(paths.SIZES), str(question["key"]), one))}
