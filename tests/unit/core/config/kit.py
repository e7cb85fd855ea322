"""What the tests of the configuration share: a host's facts, and the two ways that reading can end."""

from __future__ import annotations

import pytest

from mountd.core.config.reading import ConfigError, Facts, Source, read
from mountd.words.model import Desired

HOMES = {"rob": "/home/rob", "ann": "/home/ann"}
LINKS = {"/home/rob/link": "/data/real"}
FACTS = Facts(
    regions=frozenset({"us-west-1", "us-west-2", "us-east-1", "eu-central-1"}), user_exists=HOMES.__contains__,
    group_exists={"lab"}.__contains__, home_of=HOMES.get, resolve_folder=lambda path: LINKS.get(path, path),
    worker_version=(1, 24, 0), users=frozenset(HOMES), groups=frozenset({"lab"}),
)
MOUNT = '[[mount]]\nbucket = "erdos-1"\nfolder = "/mnt/erdos"\n'


def accepted(text: str, *more: str, facts: Facts = FACTS) -> Desired:
    texts = {"m.toml": text, **{f"d/{number}.toml": drop for number, drop in enumerate(more)}}
    return read([Source(path, content) for path, content in texts.items()], facts)


def refused(text: str, *more: str, facts: Facts = FACTS) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        accepted(text, *more, facts=facts)
    return [str(problem) for problem in caught.value.problems]
