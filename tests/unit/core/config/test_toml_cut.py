"""A mount taken out of a file that a person wrote."""

import pytest
import tomli

from mountd.core.config.toml_cut import without_mount

TEXT = """# ours
[daemon]
on_stop = "keep"   # as ever

# the first
[[mount]]
bucket = "one"
folder = "/mnt/one"
bind = [
  "eth0",
]

# the second
# of three
[[mount]]
bucket = "two"  # with a remark
folder = "/mnt/two"
[mount.credentials]
profile = "kopah"

[[mount]]
bucket = "three"
folder = "/mnt/three"
"""


@pytest.mark.parametrize(("number", "line", "gone", "stays"), [
    (0, 6, "# the first", ["# ours", "# as ever", "# the second", "# of three", "# with a remark"]),
    (1, 15, "# the second", ["# ours", "# as ever", "# the first"]),
    (2, 21, "three\"", ["# ours", "# the first", "# of three", "profile"]),
])
def test_one_goes_and_the_rest_stays_as_written(number: int, line: int, gone: str, stays: list[str]) -> None:
    left = without_mount(TEXT, number, line)
    assert left is not None
    assert gone not in left
    assert all(text in left for text in stays)
    wanted = tomli.loads(TEXT)["mount"]
    del wanted[number]
    assert tomli.loads(left)["mount"] == wanted
    assert set(left.splitlines()) <= set(TEXT.splitlines())


def test_the_only_one_leaves_nothing() -> None:
    assert without_mount('[[mount]]\nbucket = "one"\n', 0, 1) == ""


@pytest.mark.parametrize("text", [
    'mount = [{ bucket = "one" }, { bucket = "two" }]\n',
    '[[mount]]\nbucket = """one\n[not a table]\n"""\n',
])
def test_what_is_written_unusually_is_left_alone(text: str) -> None:
    assert without_mount(text, 0, 1) is None
