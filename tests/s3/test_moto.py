"""AWS's side of the questions: a moto server that looks at signatures, session tokens and policies."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mountd.cli import main
from mountd.core.profiles import Keys
from mountd.system.resolve import sources
from mountd.system.s3 import identity
from mountd.system.s3.access import task
from mountd.system.s3.diagnose import diagnose
from mountd.system.s3.rights import rights
from mountd.words.errors import MountdError
from tests.s3 import asking
from tests.s3.moto import BUCKET, REGION, Account, Moto

DURATION = 1800


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    server = Moto.start(tmp_path_factory.mktemp("moto"), 18_000 + os.getpid() % 400)
    yield server.account
    server.stop()


def assumed(account: Account, keys: Keys, **changed: object) -> sources.Got:
    """Keys of the role, as the process that gets them does it."""
    role = {"arn": account.reader, "external_id": "", "duration": DURATION, **changed}
    place = sources.Sts(account.endpoint, REGION, "", time.monotonic() + 10, proxy="")
    return sources.assumed(sources.Got(keys, None, "keys"), role, place)


def file(keys: Keys) -> str:
    token = f"aws_session_token={keys.token}\n" if keys.token else ""
    return f"[default]\naws_access_key_id={keys.access}\naws_secret_access_key={keys.secret}\n{token}"


def ask(run: asking.Task, account: Account, keys: Keys, **changed: object) -> dict[str, Any]:
    return asking.ask(run, account.endpoint, BUCKET, files={"credentials": file(keys)}, provider="aws", region=REGION,
                      **changed)


def test_sts_says_who_one_is(account: Account, keys: Path, capsys: pytest.CaptureFixture[str]) -> None:
    role = assumed(account, account.lab).keys
    for one, arn in ((account.lab, ":user/lab"), (role, ":assumed-role/reader/s3mountd")):
        keys.write_text(file(one))
        assert main.main(["whoami", "--json", "--provider", "aws", "--endpoint-url", account.endpoint]) == 0
        shown = capsys.readouterr().out
        said = json.loads(shown)
        assert (said["by"], len(said["account"])) == ("sts", 12)
        assert said["arn"].endswith(arn)
        assert one.secret not in shown


@pytest.mark.parametrize("change", [{"secret": "no"}, {"access": "ASIANOBODY0000000001"}, {"token": "altered"}],
                         ids=["secret", "access key", "token"])
def test_keys_that_are_not_right_are_refused_by_s3_and_sts(account: Account, change: dict[str, str]) -> None:
    wrong = replace(assumed(account, account.lab).keys, **change)
    assert ask(diagnose, account, wrong)["code"] == "key-refused"
    with pytest.raises(MountdError) as caught:
        ask(task(identity.identity), account, wrong)
    assert caught.value.fault.code == "key-refused"


def test_a_role_gives_keys_that_end_and_may_do_what_it_may(account: Account) -> None:
    got = assumed(account, account.lab)
    assert got.expires is not None
    assert DURATION - 60 < got.expires - time.time() <= DURATION
    assert ask(diagnose, account, got.keys)["code"] == ""
    assert ask(task(rights), account, got.keys, writable=False, upload={})["code"] == ""
    assert ask(task(rights), account, got.keys, writable=True, upload={})["code"] == "write-denied"
    assert ask(task(rights), account, account.lab, writable=True, upload={})["code"] == ""


def test_a_role_that_one_may_not_assume(account: Account) -> None:
    with pytest.raises(MountdError) as caught:
        assumed(account, account.guest)
    assert (caught.value.fault.code, caught.value.detail) == ("role-refused", f"{account.reader}: AccessDenied")


def test_keys_without_rights_are_known_and_denied(account: Account) -> None:
    assert ask(diagnose, account, account.guest)["code"] == "access-denied"
