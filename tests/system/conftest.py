"""Booted machines for system tests.

`machine`: one shared machine per release with package, worker and S3, put back to an empty configuration
before each test; `far` joins an S3 server to it behind a network that can fail.
`own_machine`: a fresh one of the same kind, for tests that reboot, purge or break it.
`bare_machine`: fresh, with nothing installed. With S3MOUNTD_KEEP=1 the machine of a failed test is kept.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.machine import Machine
from tests.machine.cache import say
from tests.machine.equip import equip
from tests.machine.far import Far, joined
from tests.machine.machine import machines_dir
from tests.machine.report import describe
from tests.machine.reset import reset

FAILED = pytest.StashKey[bool]()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Every test that wants a machine runs once for each release asked for; one marked ``once`` on one of them.

    Without an argument that is the first one. One named there (``once("13")``) is taken where both are asked for: what
    shows the kernel's and systemd's side runs on the older, what shows programs and libraries on the newer, and each of
    the two machines has about half of the work.
    """
    if "release" in metafunc.fixturenames:
        choice = metafunc.config.getoption("--release")
        releases = ["12", "13"] if choice == "both" else [choice]
        once = metafunc.definition.get_closest_marker("once")
        if once:
            releases = [one for one in once.args if one in releases] or releases[:1]
        metafunc.parametrize("release", releases, ids=[f"debian{one}" for one in releases], scope="session")


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Put what the machine looks like into the report of a failed test."""
    outcome = yield
    report = outcome.get_result()  # type: ignore[attr-defined]
    if not report.failed:
        return
    item.stash[FAILED] = True
    used = [value for value in getattr(item, "funcargs", {}).values() if isinstance(value, Machine)]
    for machine in used or list(Machine.live.values()):
        report.sections.append((f"machine {machine.name}", describe(machine)))


@pytest.fixture(scope="session")
def shared_machine(release: str) -> Iterator[Machine]:
    """The machine behind `machine`."""
    yield from _lent(release, ready=True)


@pytest.fixture
def machine(shared_machine: Machine, request: pytest.FixtureRequest) -> Iterator[Machine]:
    """The shared machine, as if new: no mounts, empty configuration, journal from here on."""
    reset(shared_machine)
    yield shared_machine
    _keep_if_failed(shared_machine, request)


@pytest.fixture
def own_machine(release: str, request: pytest.FixtureRequest) -> Iterator[Machine]:
    """A fresh machine with package, worker and S3."""
    for machine in _lent(release, ready=True):
        yield machine
        _keep_if_failed(machine, request)


@pytest.fixture
def bare_machine(release: str, request: pytest.FixtureRequest) -> Iterator[Machine]:
    """A fresh booted machine with nothing installed."""
    for machine in _lent(release, ready=False):
        yield machine
        _keep_if_failed(machine, request)


@pytest.fixture
def far(machine: Machine) -> Iterator[Far]:
    """An S3 server behind a network that can fail, joined to `machine`."""
    with joined(machine) as side:
        yield side


def _lent(release: str, ready: bool) -> Iterator[Machine]:
    machine = Machine.create(release)
    try:
        machine.boot()
        if ready:
            equip(machine)
        yield machine
    finally:
        if not (machines_dir() / machine.name).exists() or not machine.kept:
            machine.destroy()


def _keep_if_failed(machine: Machine, request: pytest.FixtureRequest) -> None:
    if os.environ.get("S3MOUNTD_KEEP") == "1" and request.node.stash.get(FAILED, False):
        machine.keep()
        say(f"kept: python3 -m tests.machine shell {machine.name}")
