"""Another mount-s3 is installed by dpkg: workers are replaced, nobody notices; a useless one takes nothing down."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.machine import Machine
from tests.setup.worker import worker
from tests.system import kit

ENGINE = "/usr/local/lib/engine"
WRAPPER = f"""#!/bin/sh
[ "$1" != --version ] || {{ echo mount-s3 VERSION; exit; }}
exec {ENGINE}/bin/mount-s3 "$@"
"""
BROKEN = "#!/bin/sh\nexit 1\n"
PIECE = 12 << 20
# As AWS's own package: a tree in /opt, a link in /usr/bin.
_BUILD = """
rm -rf /run/build && mkdir -p /run/build/DEBIAN /run/build/opt/aws/mountpoint-s3/bin /run/build/usr/bin
printf 'Package: mount-s3\\nVersion: %s\\nArchitecture: all\\nMaintainer: a test\\nDescription: a test\\n' "$1" \
    >/run/build/DEBIAN/control
cat >/run/build/opt/aws/mountpoint-s3/bin/mount-s3
chmod 755 /run/build/opt/aws/mountpoint-s3/bin/mount-s3
ln -s ../../opt/aws/mountpoint-s3/bin/mount-s3 /run/build/usr/bin/mount-s3
dpkg-deb --build --root-owner-group /run/build /run/mount-s3.deb
dpkg --install /run/mount-s3.deb
"""


def _install(machine: Machine, version: str, script: str = WRAPPER) -> None:
    """A package with that mount-s3, by dpkg."""
    machine.run(["sh", "-ec", _BUILD, "build", version], input=script.replace("VERSION", version))


@contextmanager
def _replaceable(machine: Machine) -> Iterator[None]:
    """The engine stands aside, so that packages can bring wrappers around it; all as before at the end."""
    machine.run(f"rm -rf {ENGINE} && cp -a /opt/aws/mountpoint-s3 {ENGINE}")
    try:
        yield
    finally:
        machine.run("dpkg --purge mount-s3", check=False)
        machine.install_worker(worker())


def _runs(machine: Machine, name: str, version: str) -> kit.Document:
    return kit.wait_for(machine, name, 20, state="mounted", health="ok", worker_version=version)


@pytest.mark.once
def test_workers_are_replaced_one_after_the_other_and_nobody_notices(machine: Machine) -> None:
    kit.store(machine, "put_object", Bucket="bucket-one", Key="long", Body="x" * 4096)
    with _replaceable(machine):
        kit.configure(machine, kit.mount("one"), kit.mount("two", "bucket-two"))
        before = {one["name"]: one for one in kit.wait_ok(machine, "one", "two")}
        with kit.hammer(machine, "/srv/one", readers=2) as met, kit.opened(machine, "/srv/one/long", "r") as reader, \
                kit.opened(machine, "/srv/two/new", "w") as writer:
            assert reader.ask("read", 0) == b"xxxxxxxx".hex() and writer.ask("write", PIECE) == "ok"
            _install(machine, "1.98.0")
            after = {name: _runs(machine, name, "1.98.0") for name in before}
            assert all(after[name]["pid"] != before[name]["pid"] for name in before)
            assert reader.ask("read", 4000) == b"xxxxxxxx".hex(), "an open handle goes on"
            assert [writer.ask("write", PIECE), writer.ask("close")] == ["ok", "ok"]
        assert (met.errors, met.bare, met.wrong) == ({}, 0, 0)
        assert met.reads
        assert kit.store(machine, "head_object", Bucket="bucket-two", Key="new")["ContentLength"] == 2 * PIECE
        old = [int(one["pid"]) for one in before.values()]
        machine.wait_until(lambda: not any(kit.alive(machine, pid) for pid in old), 20, "the old workers have ended")
        told = machine.journal("-u", "s3mountd")
        lines = [line for line in told.splitlines() if "is replaced by 1.98.0" in line]
        assert len(lines) == 2
        assert "mount-s3 1.98.0" in machine.run("s3mountctl status one").stdout


@pytest.mark.once
def test_a_mount_s3_that_is_of_no_use_takes_nothing_down(machine: Machine) -> None:
    with _replaceable(machine):
        kit.configure(machine, kit.mount("one"), kit.mount("two", "bucket-two"))
        before = kit.wait_ok(machine, "one", "two")
        pids = [one["pid"] for one in before]
        for version, script, code in (("1.10.0", WRAPPER, "worker-too-old"), ("1.97.0", BROKEN, "host-refused")):
            _install(machine, version, script)
            told = [kit.wait_for(machine, name, 20, state="mounted", health="degraded", code=code)
                    for name in ("one", "two")]
            assert [one["pid"] for one in told] == pids
            assert machine.read("/srv/one/hello.txt") == "hello from bucket-one\n"
        # It says a version, and dies when it is to serve.
        _install(machine, "1.96.0", WRAPPER.replace("exec ", "exit 1; exec "))
        machine.wait_until(lambda: "is replaced by 1.96.0" in machine.journal("-u", "s3mountd"), 20, "it is tried")
        kit.wait_for(machine, "one", 20, state="mounted", health="degraded", code="worker-ended")
        assert [kit.look(machine, name)["pid"] for name in ("one", "two")] == pids, "and by one mount only"
        assert "mount-s3 1.24" in machine.run("s3mountctl status", check=False).stdout
        _install(machine, "1.98.0")
        for name in ("one", "two"):
            _runs(machine, name, "1.98.0")
