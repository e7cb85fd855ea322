"""Everyday programs that change files in a folder, and what the store has of it before and after."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from dataclasses import dataclass, field
from typing import Any

from .polling import answer

_COPY, _WORK = "/tmp/edits-copy", "/tmp/edits-work"
_TEXT = "precious data\n"
_SETTLE = 1.0
"""Seconds that an empty file may take to reach the store after close returned (mount-s3 uploads it then)."""


@dataclass(frozen=True)
class Edit:
    """One program. It is run in a folder of the mount; ``right`` and ``whole`` in a copy of what the store has."""

    name: str
    command: str
    right: str
    """Succeeds when the store has what the program reports."""
    before: dict[str, str] = field(default_factory=dict)
    whole: str = "true"
    """Succeeds when nothing that was there before is lost."""
    prepare: str = "true"
    """Run first, outside of the mount."""


_OLD = {"old": _TEXT}
_ONE = f"[ \"$(cat file)\" = '{_TEXT.strip()}' ]"
EDITS = (
    Edit("mv, new name", "mv old new", "! [ -e old ] && grep -q precious new", _OLD,
         "grep -qs precious old || grep -qs precious new"),
    Edit("mv, onto a file", "mv old target", "! [ -e old ] && grep -q precious target", {**_OLD, "target": "other\n"},
         "(grep -qs precious old && grep -q other target) || grep -qs precious target"),
    Edit("sed -i", "sed -i s/precious/changed/ file", "grep -q changed file", {"file": _TEXT},
         f"{_ONE} || grep -q changed file"),
    Edit("rsync -r", f"rsync -r {_WORK}/tree/ .", f"diff -r {_WORK}/tree . -x 'keep*'", {"keep": _TEXT},
         "grep -q precious keep", f"mkdir -p {_WORK}/tree/deep && echo one >{_WORK}/tree/a && "
         f"seq 100000 >{_WORK}/tree/deep/b"),
    Edit("rsync -r --inplace", f"rsync -r --inplace {_WORK}/tree/ .", f"diff -r {_WORK}/tree . -x 'keep*'",
         {"keep": _TEXT}, "grep -q precious keep"),
    Edit("vim -n, save", "vim.tiny -n -u NONE -es '+%s/precious/changed/' +wq file", "grep -q changed file",
         {"file": _TEXT}, f"{_ONE} || grep -q changed file"),
    Edit("git clone", f"git clone -q --no-local {_WORK}/repo clone",
         "git -C clone fsck --strict && git -C clone diff --quiet HEAD && [ -s clone/file ]", {"keep": _TEXT},
         "grep -q precious keep", f"rm -rf {_WORK}/repo && git init -q {_WORK}/repo && cd {_WORK}/repo && "
         "seq 10000 >file && git add file && git -c user.name=x -c user.email=x@x commit -qm x"),
    Edit("to_csv (csv of Python)",
         "python3 -c \"import csv; w = open('t.csv', 'w', newline=''); "
         "csv.writer(w).writerows([[n, n * n] for n in range(9999)]); w.close()\"",
         "[ $(wc -l <t.csv) = 9999 ]", {"keep": _TEXT}, "grep -q precious keep"),
    Edit("sqlite (of Python)",
         "python3 -c \"import sqlite3; d = sqlite3.connect('t.db'); d.execute('create table t (x)'); "
         "d.execute('insert into t values (7)'); d.commit()\"",
         "python3 -c \"import sqlite3; assert sqlite3.connect('t.db').execute('select x from t').fetchone() == (7,)\"",
         {"keep": _TEXT}, "grep -q precious keep"),
)


def _run(command: str, folder: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["sh", "-c", command], cwd=folder, capture_output=True, text=True, check=False, timeout=120)


class Store:
    """The bucket, past every mount."""

    def __init__(self, endpoint: str, bucket: str) -> None:
        import boto3

        self.bucket = bucket
        self.s3 = boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1")

    def keys(self, prefix: str) -> dict[str, int]:
        """Sizes by what follows the prefix."""
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
        return {one["Key"][len(prefix):]: one["Size"] for page in pages for one in page.get("Contents", ())}

    def copy(self, prefix: str) -> None:
        """All of it as files."""
        shutil.rmtree(_COPY, ignore_errors=True)
        os.makedirs(_COPY)
        for key in self.keys(prefix):
            path = os.path.join(_COPY, key)
            os.makedirs(path if key.endswith("/") else os.path.dirname(path), exist_ok=True)
            if not key.endswith("/"):
                self.s3.download_file(self.bucket, prefix + key, path)


def one(edit: Edit, store: Store, folder: str, prefix: str) -> dict[str, Any]:
    """Run one program in ``folder``, which shows what lies below ``prefix``."""
    for name, text in edit.before.items():
        store.s3.put_object(Bucket=store.bucket, Key=prefix + name, Body=text.encode())
    os.makedirs(_WORK, exist_ok=True)
    prepared = _run(edit.prepare, _WORK)
    if prepared.returncode:
        raise RuntimeError(prepared.stderr)
    before = store.keys(prefix)
    done = _run(edit.command, folder)
    time.sleep(_SETTLE)
    store.copy(prefix)
    right, whole = (_run(check, _COPY).returncode == 0 for check in (edit.right, edit.whole))
    return {"name": edit.name, "status": done.returncode, "said": (done.stderr.strip().splitlines() or [""])[-1][:100],
            "right": right, "whole": whole, "before": before, "after": store.keys(prefix)}


def measure(folder: str, endpoint: str, prefix: str, bucket: str, options: list[str]) -> dict[str, Any]:
    """Every program, each in a folder of its own below ``prefix``; ``folder`` shows the whole bucket."""
    del options
    store, found = Store(endpoint, bucket), []
    for number, edit in enumerate(EDITS):
        inner = f"{prefix}{number}/"
        found.append(one(edit, store, os.path.join(folder, inner), inner))
    return {"edits": found}


if __name__ == "__main__":
    answer(measure)
