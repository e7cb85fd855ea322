"""The command line asks a real store by a child process of its own: who one is, and what is said when it goes wrong."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mountd.cli import main
from mountd.cli.child import Child
from mountd.cli.stores import _AFTERTHOUGHT, Store, of_caller
from mountd.system.s3.diagnose import kind
from mountd.words.errors import MountdError
from tests.s3.asking import ask
from tests.s3.seaweed import ADMIN
from tests.s3.servers import Authority, closed_port, error, http, listening

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.usefixtures("keys")


def test_who_one_is(weed: str) -> None:
    with Store(of_caller(endpoint_url=weed)) as store:
        said = store.ask("identity")
    assert (said["by"], said["key"]) == ("buckets", "WEED…0001")
    assert abs(said["skew"]) < 5
    assert ADMIN.secret_key not in json.dumps(dict(said))


@pytest.mark.parametrize(("variable", "option", "user"), [
    ("", (), "admin"), ("reader", (), "reader"), ("reader", ("--profile", "default"), "admin")])
def test_the_profile_of_the_callers_own_tools(weed: str, capsys: pytest.CaptureFixture[str],
                                              monkeypatch: pytest.MonkeyPatch, variable: str,
                                              option: tuple[str, ...], user: str) -> None:
    monkeypatch.setenv("AWS_PROFILE", variable)
    assert main.main(["whoami", "--json", "--endpoint-url", weed, *option]) == 0
    assert json.loads(capsys.readouterr().out)["user"] == user


def test_what_kind_of_store_it_is(weed: str) -> None:
    assert ask(kind, weed, files={}) == {"provider": "seaweedfs", "code": "", "detail": ""}
    with listening(http(403, error("AccessDenied"))) as server:
        assert ask(kind, f"http://127.0.0.1:{server.port}", "näh", files={})["provider"] == ""
    assert [head.split(b" ")[:2] for head in server.requests] == [[b"HEAD", b"/"], [b"HEAD", b"/n%C3%A4h"]]
    assert not any(b"uthorization" in head for head in server.requests)
    away = ask(kind, f"http://127.0.0.1:{closed_port()}", files={})
    assert (away["provider"], away["code"]) == ("", "connection-refused")


def test_sts_is_asked_in_the_region_which_moto_does_not_look_at() -> None:
    with listening(http(403, error("AccessDenied"))) as server:
        whose = of_caller(provider="aws", endpoint_url=f"http://127.0.0.1:{server.port}", region="us-west-2")
        with Store(whose) as store, pytest.raises(MountdError):
            store.ask("identity")
    assert b"/us-west-2/sts/aws4_request" in server.requests[0]


@pytest.mark.parametrize(("name", "code"), [("wrong", "key-refused"), ("sso", "no-credentials"),
                                            ("missing", "profile-missing")])
def test_a_key_that_does_not_work_has_its_code(weed: str, name: str, code: str) -> None:
    with Store(of_caller(endpoint_url=weed, profile=name)) as store, pytest.raises(MountdError) as caught:
        store.ask("identity")
    assert caught.value.fault.code == code


def refused(url: str, task: str = "buckets", limit: float = 10.0) -> MountdError:
    with Store(of_caller(endpoint_url=url)) as store, pytest.raises(MountdError) as caught:
        store.ask(task, limit=limit)
    return caught.value


def test_a_store_that_gives_no_message_is_not_quoted() -> None:
    """As Ceph does: its element is empty, which boto3 makes None of."""
    with listening(http(403, "<Error><Code>InvalidAccessKeyId</Code><Message></Message></Error>")) as server:
        assert refused(f"http://127.0.0.1:{server.port}").detail == "InvalidAccessKeyId"


def test_the_network_is_looked_at_step_by_step() -> None:
    assert refused(f"http://127.0.0.1:{closed_port()}").fault.code == "connection-refused"


def test_a_ca_that_is_not_trusted(tmp_path: Path) -> None:
    context = Authority.make(tmp_path).certify("server")
    with listening(http(200), context) as server:
        no = refused(f"https://127.0.0.1:{server.port}")
    assert (no.fault.code, no.detail) == ("tls-failed", "its CA is not trusted by this machine")


def test_a_refusal_by_a_clock_that_is_off_is_called_so() -> None:
    with listening(http(403, error("AccessDenied"), ahead=-1300)) as server:
        no = refused(f"http://127.0.0.1:{server.port}")
    assert (no.fault.code, no.detail) == ("clock-skew", "22 min ahead of the store's")


def test_a_store_that_knows_the_key_and_tells_nothing() -> None:
    with (listening(http(403, error("AccessDenied"))) as server,
          Store(of_caller(endpoint_url=f"http://127.0.0.1:{server.port}")) as store):
        assert store.ask("identity")["by"] == ""


def test_a_silent_store_is_given_up_in_time() -> None:
    begun = time.monotonic()
    with listening(None) as server:
        assert refused(f"http://127.0.0.1:{server.port}", limit=1.0).fault.code == "unreachable"
    assert time.monotonic() - begun < 1.0 + _AFTERTHOUGHT


def test_a_child_that_is_stopped_is_left_behind_and_ended() -> None:
    child = Child("mountd.system.s3.main", "the process")
    assert child.ask("alive", 10)["id"] == 1
    assert child._process is not None
    pid = child._process.pid
    os.kill(pid, signal.SIGSTOP)
    with pytest.raises(MountdError) as caught:
        child.ask("alive", 0.2)
    assert str(caught.value) == "host-refused: the process: no answer in time"
    child.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_ctrl_c_ends_the_wait_and_the_child() -> None:
    with listening(None) as server:
        script = ("from mountd.cli.stores import *\n"
                  "Store._find = lambda store: {'source': '', 'broker': '', 'files': []}\n"
                  f"with Store(Whose('other', {{'endpoint_url': 'http://127.0.0.1:{server.port}'}}, "
                  "Credentials(anonymous=True))) as store:\n"
                  "    store.ask('identity'); print(store._children.s3._process.pid, flush=True)\n"
                  "    store.ask('buckets', limit=60)\n")
        asker = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                 cwd=ROOT)
        assert asker.stdout is not None
        child = int(asker.stdout.readline())
        asker.send_signal(signal.SIGINT)
        _, said = asker.communicate(timeout=10)
        assert b"KeyboardInterrupt" in said
        with pytest.raises(ProcessLookupError):
            os.kill(child, 0)
