"""Make man pages and completions from the pages in docs/man and the tables of the program.

    python3 docs/gen/build.py OUTDIR     write OUTDIR/man/* and OUTDIR/completions/{bash,zsh,fish}/*
    python3 docs/gen/build.py --check    fail when a committed page is not what its tables say
    python3 docs/gen/build.py --write    bring committed pages up to date

A generated part stands between ``<!-- begin NAME -->`` and ``<!-- end NAME -->``, in any page of docs/ or
README.md. The converter is go-md2man (a package of Debian 12 and 13).
"""

import argparse
import difflib
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from docs.gen.completions import SHELLS  # noqa: E402  the path must be known first
from docs.gen.parts import PARTS  # noqa: E402
from mountd import __version__  # noqa: E402

MAN = ROOT / "docs/man"
_PART = re.compile(r"(<!-- begin ([a-z-]+) -->\n).*?(<!-- end \2 -->\n)", re.DOTALL)
_COMMENT = re.compile(r"<!--.*?-->\n?", re.DOTALL)


def pages() -> Iterator[Path]:
    """Every page that may hold generated parts."""
    yield ROOT / "README.md"
    yield from sorted((ROOT / "docs").rglob("*.md"))


def refreshed(text: str) -> str:
    """The page with its generated parts as the tables say now; raises KeyError for a part that nothing
    makes."""
    return _PART.sub(lambda match: f"{match[1]}{PARTS[match[2]]()}\n{match[3]}", text)


def drift() -> str:
    """What differs between the committed pages and the tables; empty when nothing does."""
    found: list[str] = []
    for page in pages():
        old = page.read_text(encoding="utf-8")
        name = str(page.relative_to(ROOT))
        new = refreshed(old)
        found += difflib.unified_diff(old.splitlines(), new.splitlines(), name, f"{name} (now)", lineterm="")
    return "\n".join(found)


def write() -> None:
    """Bring the generated parts of all pages up to date."""
    for page in pages():
        old = page.read_text(encoding="utf-8")
        if refreshed(old) != old:
            page.write_text(refreshed(old), encoding="utf-8")
            print(page.relative_to(ROOT))


def man_page(source: str) -> str:
    """Markdown to roff; raises CalledProcessError when the converter refuses."""
    text = _COMMENT.sub("", refreshed(source)).replace("@VERSION@", __version__)
    ran = subprocess.run(["go-md2man"], input=text, capture_output=True, text=True, check=True)
    return ran.stdout


def build(out: Path) -> None:
    """Write everything that the package installs."""
    for source in sorted(MAN.glob("*.md")):
        _put(out / "man" / source.stem, man_page(source.read_text(encoding="utf-8")))
    for name, made in SHELLS.items():
        _put(out / "completions" / name, made())


def main() -> int:
    """Exit status 1 when ``--check`` finds drift."""
    parser = argparse.ArgumentParser(description="Make man pages and completions.")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("outdir", nargs="?", type=Path, metavar="OUTDIR")
    what.add_argument("--check", action="store_true", help="fail when a committed page has drifted")
    what.add_argument("--write", action="store_true", help="bring committed pages up to date")
    args = parser.parse_args()
    if args.write:
        write()
    elif args.check:
        found = drift()
        if found:
            print(f"{found}\nrun: python3 docs/gen/build.py --write", file=sys.stderr)
        return bool(found)
    else:
        build(args.outdir)
    return 0


def _put(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
