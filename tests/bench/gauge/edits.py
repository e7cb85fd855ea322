"""Everyday programs that change files in a folder, and what the store has of it before and after."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .polling import answer

_PLAIN, _WORK = "/tmp/edits-plain", "/tmp/edits-work"
_TEXT = "precious data\n"
_SETTLE = 1.0
"""Seconds that an empty file may take to reach the store after close returned (mount-s3 uploads it then)."""

File = tuple[int, str]
"""Size in bytes, and a digest of them."""


@dataclass(frozen=True)
class Edit:
    """One program. It is run in a folder of the mount that has ``before`` in it, and in a plain one like it."""

    name: str
    command: str
    before: Mapping[str, str]
    prepare: str = "true"
    """Run first, outside of the mount."""
    varies: tuple[str, ...] = ()
    """Files that say when or where they were made: no two runs leave the same bytes in them."""


def _pandas(call: str) -> str:
    frame = "pandas.DataFrame({'n': range(9999), 'square': [n * n for n in range(9999)]})"
    return f'python3 -c "import pandas; {frame}.{call}"'


_KEEP = {"keep": _TEXT}
_TREE = f"mkdir -p {_WORK}/tree/deep && echo one >{_WORK}/tree/a && seq 100000 >{_WORK}/tree/deep/b"
_REPO = (f"rm -rf {_WORK}/repo && git init -q {_WORK}/repo && cd {_WORK}/repo && seq 10000 >file && git add file && "
         "git -c user.name=x -c user.email=x@x commit -qm x")
# Typed at a terminal, with Debian's own settings: "edit anyway" where vim asks because of its swap file (a harmless
# motion where it does not), the change, save. The last line is met only when that has failed.
_VIM = ("(printf E; sleep 1; printf ':%%s/precious/changed/\\r:wq\\r'; sleep 2; printf ':cq\\r') | "
        "script -qec 'vim file' /dev/null")

EDITS = (
    Edit("mv, new name", "mv old new", {"old": _TEXT}),
    Edit("mv, onto a file", "mv old target", {"old": _TEXT, "target": "other\n"}),
    Edit("sed -i", "sed -i s/precious/changed/ file", {"file": _TEXT}),
    Edit("rsync -r", f"rsync -r {_WORK}/tree/ .", _KEEP, _TREE),
    Edit("rsync -r --inplace", f"rsync -r --inplace {_WORK}/tree/ .", _KEEP, _TREE),
    Edit("vim, save", _VIM, {"file": _TEXT}),
    Edit("git clone", f"git clone -q --no-local {_WORK}/repo clone", _KEEP, _REPO,
         ("clone/.git/index", "clone/.git/config", "clone/.git/logs/HEAD", "clone/.git/logs/refs/heads/master",
          "clone/.git/logs/refs/remotes/origin/HEAD")),
    Edit("pandas, to_csv", _pandas("to_csv('t.csv')"), _KEEP),
    Edit("pandas, to_pickle", _pandas("to_pickle('t.pickle')"), _KEEP),
    Edit("pandas, to_hdf", _pandas("to_hdf('t.h5', key='t')"), _KEEP, varies=("t.h5",)),
    Edit("sqlite3", "sqlite3 t.db 'create table t (x); insert into t values (7)'", _KEEP),
)


def _run(command: str, folder: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["sh", "-c", command], cwd=folder, capture_output=True, text=True, check=False, timeout=120)


def _last(text: str) -> str:
    """The last line of it."""
    return (text.strip().splitlines() or [""])[-1][:100]


def _file(data: bytes) -> File:
    return len(data), hashlib.sha256(data).hexdigest()


class Store:
    """The bucket, past every mount."""

    def __init__(self, endpoint: str, bucket: str) -> None:
        import boto3

        self.bucket = bucket
        self.s3 = boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1")

    def files(self, prefix: str) -> dict[str, File]:
        """All that it has, by what follows the prefix."""
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
        keys = [one["Key"] for page in pages for one in page.get("Contents", ()) if not one["Key"].endswith("/")]
        return {key[len(prefix):]: _file(self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read())
                for key in keys}


def _plain(edit: Edit) -> dict[str, File]:
    """What the program leaves in a plain folder. Raises RuntimeError where it fails even there."""
    shutil.rmtree(_PLAIN, ignore_errors=True)
    os.makedirs(_PLAIN)
    for name, text in edit.before.items():
        with open(os.path.join(_PLAIN, name), "w", encoding="utf-8") as file:
            file.write(text)
    done = _run(edit.command, _PLAIN)
    if done.returncode:
        raise RuntimeError(f"{edit.name} fails in a plain folder: {done.stderr}{done.stdout}")
    found = {}
    for folder, _, names in os.walk(_PLAIN):
        for name in names:
            path = os.path.join(folder, name)
            with open(path, "rb") as file:
                found[os.path.relpath(path, _PLAIN)] = _file(file.read())
    return found


def one(edit: Edit, store: Store, folder: str, prefix: str) -> dict[str, Any]:
    """Run one program in ``folder``, which shows what lies below ``prefix``."""
    os.makedirs(_WORK, exist_ok=True)
    prepared = _run(edit.prepare, _WORK)
    if prepared.returncode:
        raise RuntimeError(prepared.stderr)
    plain = _plain(edit)
    for name, text in edit.before.items():
        store.s3.put_object(Bucket=store.bucket, Key=prefix + name, Body=text.encode())
    before = store.files(prefix)
    done = _run(edit.command, folder)
    time.sleep(_SETTLE)
    return {"name": edit.name, "status": done.returncode, "said": _last(done.stderr), "varies": edit.varies,
            "before": before, "after": store.files(prefix), "plain": plain}


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
