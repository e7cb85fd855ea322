"""``s3mountctl add`` without a word, answered on a real terminal: what it asks, what it makes of the answers."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]

# What needs the host or a store is replaced; questions, terminal and signals are real.
PROGRAM = """
import json, sys
from argparse import Namespace
from mountd.cli import dialogue, on_hand, stores
from mountd.cli.console import standard
from mountd.words.errors import MountdError

class Store:
    source = "rob: ~/.aws"
    def __init__(self, whose): self.whose, self.url = whose, str(whose.options.get("endpoint_url"))
    def __enter__(self): return self
    def __exit__(self, *_): pass
    def ask(self, task, **fields):
        if task == "create":
            print("CREATE", fields["bucket"], flush=True)
            return {}
        if task == "kind":
            if "campus" in self.url and not self.whose.options.get("ca_bundle"):
                return {"provider": "", "code": "tls-failed", "detail": "its CA is not trusted by this machine"}
            if "away" in self.url:
                return {"provider": "", "code": "connection-refused", "detail": ""}
            return {"provider": "ceph" if "campus" in self.url else "", "code": "", "detail": ""}
        if self.whose.credentials.profile == "poor":
            raise MountdError("access-denied", "ListBuckets")
        if self.whose.credentials.profile == "strange":
            raise MountdError("key-refused", "InvalidAccessKeyId")
        return {"buckets": [{"name": f"bucket-{n:02}"} for n in range(45)]}

stores.Store = Store
S3CFG = {"s3cfg": "/home/rob/.s3cfg"}
on_hand.look = lambda: on_hand.OnHand("rob", "/home/rob", {"default": {}, "poor": {}, "strange": {}}, S3CFG["s3cfg"], {
    "https://s3.kopah.uw.edu": on_hand.Known("~/.s3cfg", {}, S3CFG),
    "https://s3.mine.test": on_hand.Known("mount mine", {"provider": "minio", "ca_bundle": "/etc/mine.pem"})})

def put(console, args, keys, agreed):
    if agreed():
        print("KEYS " + json.dumps(keys), args.no_check, flush=True)
    return 0

sys.exit(dialogue.add(standard(), Namespace(no_check=False), put))
"""


class Terminal:
    """The dialogue on a terminal of 80 columns."""

    def __init__(self) -> None:
        self.pid, self._file = pty.fork()
        if not self.pid:
            os.environ.update(NO_COLOR="1", PYTHONPATH=str(ROOT), COLUMNS="80", LINES="24", TERM="xterm")
            os.execv("/usr/bin/python3", ["/usr/bin/python3", "-c", PROGRAM])
        self.text = ""

    def until(self, text: str) -> None:
        """Read until that is on the screen; fails when it does not come within 30 s."""
        ends = time.monotonic() + 30
        while text not in self.text:
            left = ends - time.monotonic()
            assert left > 0 and select.select([self._file], [], [], left)[0], self.text
            try:
                self.text += os.read(self._file, 4096).decode()
            except OSError:
                pytest.fail(f"{text!r} did not come: {self.text}")

    def say(self, question: str, answer: str) -> None:
        """Type that line once the question stands there."""
        self.until(question)
        self.text = ""
        os.write(self._file, f"{answer}\n".encode())

    def press(self, key: str) -> None:
        """One key, without the end of a line."""
        os.write(self._file, key.encode())

    def end(self) -> tuple[int, str]:
        """Exit status and the rest of the text."""
        while select.select([self._file], [], [], 30)[0]:
            try:
                more = os.read(self._file, 4096)
            except OSError:
                break
            if not more:
                break
            self.text += more.decode()
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1]), self.text


def keys_of(text: str) -> object:
    """What would be put."""
    return json.loads(text.split("KEYS ")[1].splitlines()[0].rpartition(" ")[0])


def test_enter_all_the_way() -> None:
    terminal = Terminal()
    for question in ("[1]: ", "[1]: ", "[1]: ", "[/home/rob/bucket-00]: ", "[y/N]: ", "[Y/n]: "):
        terminal.say(question, "")
    status, text = terminal.end()
    assert status == 0
    assert keys_of(text) == {"name": "bucket-00", "bucket": "bucket-00", "folder": "/home/rob/bucket-00",
                             "credentials": {"user": "rob"}}


def test_another_store_poor_keys_and_a_typed_bucket() -> None:
    terminal = Terminal()
    terminal.until("4  another one: type its URL")
    terminal.say("or its URL [1]: ", "s3.test")
    terminal.until("s3.test is no URL")
    terminal.say("or its URL [1]: ", "https://s3.test:9000")
    terminal.say("or its name [", "cepf")
    terminal.until('did you mean "ceph"?')
    terminal.say("or its name [", "ceph")
    terminal.say("A number [1]: ", "8")
    terminal.say("A number [1]: ", "2")
    terminal.until("can be typed all the same")
    terminal.say("or new: ", "s3://hilbert/runs/")
    terminal.say("[/home/rob/hilbert]: ", "relative")
    terminal.say("[/home/rob/hilbert]: ", "~/my bucket")
    terminal.say("[y/N]: ", "y")
    terminal.say("[Y/n]: ", "")
    status, text = terminal.end()
    assert status == 0
    assert keys_of(text) == {
        "name": "my-bucket", "bucket": "hilbert", "prefix": "runs/", "folder": "/home/rob/my bucket",
        "provider": "ceph", "endpoint_url": "https://s3.test:9000", "allow_delete": True,
        "credentials": {"user": "rob", "profile": "poor"}}


def test_a_store_with_a_ca_of_its_own_is_asked_what_it_is() -> None:
    terminal = Terminal()
    terminal.say("or its URL [1]: ", "https://s3.campus.test/")
    terminal.until("its CA is not trusted")
    terminal.say("or Enter for another store: ", "~/ca.pem")
    terminal.until("answers as Ceph Object Gateway (RGW)")
    for question in ("A number [1]: ", "or new [1]: ", "[/home/rob/bucket-00]: ", "[y/N]: ", "[Y/n]: "):
        terminal.say(question, "")
    status, text = terminal.end()
    assert status == 0
    assert keys_of(text) == {
        "name": "bucket-00", "bucket": "bucket-00", "folder": "/home/rob/bucket-00", "provider": "ceph",
        "endpoint_url": "https://s3.campus.test", "ca_bundle": "/home/rob/ca.pem",
        "credentials": {"user": "rob"}}


def test_a_store_that_is_away_and_keys_that_are_not_taken_are_asked_for_again() -> None:
    terminal = Terminal()
    terminal.say("or its URL [1]: ", "https://s3.away.test")
    terminal.until("https://s3.away.test refuses connections")
    terminal.say("or its URL [1]: ", "https://s3.campus.test")
    terminal.say("or Enter for another store: ", "")
    terminal.say("or its URL [1]: ", "3")
    terminal.say("A number [1]: ", "3")
    terminal.until("does not accept the key: InvalidAccessKeyId")
    terminal.say("A number [1]: ", "")
    for question in ("or new [1]: ", "[/home/rob/bucket-00]: ", "[y/N]: ", "[Y/n]: "):
        terminal.say(question, "")
    status, text = terminal.end()
    assert status == 0
    assert keys_of(text) == {
        "name": "bucket-00", "bucket": "bucket-00", "folder": "/home/rob/bucket-00", "provider": "minio",
        "endpoint_url": "https://s3.mine.test", "ca_bundle": "/etc/mine.pem", "credentials": {"user": "rob"}}


def test_a_known_store_many_buckets_and_no() -> None:
    terminal = Terminal()
    terminal.say("or its URL [1]: ", "2")
    terminal.say("or its name [", "1")
    terminal.until("1  the key in /home/rob/.s3cfg")
    terminal.say("A number [1]: ", "5")
    terminal.until("Its name (NAME/PREFIX for a part of it), or new: ")
    os.kill(terminal.pid, signal.SIGTERM)
    terminal.end()
    terminal = Terminal()
    terminal.say("or its URL [1]: ", "")
    terminal.say("A number [1]: ", "")
    terminal.until("... and 5 more: type the name")
    terminal.say("or new [1]: ", "41")
    terminal.say("or new [1]: ", "bucket-44")
    terminal.say("[/home/rob/bucket-44]: ", "")
    terminal.say("[y/N]: ", "n")
    terminal.say("[Y/n]: ", "n")
    status, text = terminal.end()
    assert (status, "KEYS" in text) == (0, False)


def test_a_new_bucket_is_made_when_all_is_agreed_to() -> None:
    terminal = Terminal()
    terminal.say("[1]: ", "")
    terminal.say("[1]: ", "")
    terminal.say("or new [1]: ", "new")
    terminal.until("Name of the new bucket [rob-")
    terminal.say("]: ", "rob-one")
    terminal.say("[/home/rob/rob-one]: ", "")
    terminal.say("[y/N]: ", "")
    terminal.until("Make the bucket, write this and mount it? [Y/n]: ")
    assert "CREATE" not in terminal.text
    terminal.say("[Y/n]: ", "")
    status, text = terminal.end()
    assert (status, text.count("CREATE rob-one"), "False" in text) == (0, 1, False)


@pytest.mark.parametrize("key", ["\x03", "\x04"])
def test_ctrl_c_and_ctrl_d_leave_everything_as_it_is(key: str) -> None:
    terminal = Terminal()
    terminal.say("[1]: ", "")
    terminal.until("[1]: ")
    terminal.press(key)
    status, text = terminal.end()
    assert status == 130
    assert "s3mountctl: nothing was changed" in text


def test_80_columns() -> None:
    terminal = Terminal()
    terminal.say("[1]: ", "4")
    terminal.say("https://s3.example.org: ", "https://" + "long." * 30 + "test")
    terminal.until("or its name [")
    lines = terminal.text.splitlines()
    assert [line for line in lines if len(line) > 80 and "https" not in line] == []
    os.kill(terminal.pid, signal.SIGTERM)
    terminal.end()
