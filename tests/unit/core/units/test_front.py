"""The front's units as systemd is told of them."""

from pathlib import Path

from mountd.core.front import Front
from mountd.core.units import front, listener, worker
from mountd.core.units.sandbox import Property
from mountd.core.units.worker import Folder, Launch, Prepared
from mountd.words.model import Mount, Place
from tests.unit.core.units.unit_file import exposure

FRONT = Front("https://s3.kopah.test:7443", "/etc/ca.pem")
FOLDER = f"/run/s3mountd/fronts/{FRONT.name}"
MOUNT = Mount("erdos", "bucket", "/srv/erdos", Place("m", 1), front="a1",
              options={"endpoint_url": FRONT.endpoint_url, "ca_bundle": "/etc/ca.pem"})
LAUNCH = Launch(MOUNT, 3, "/usr/bin/mount-s3", Prepared(Folder(1000, 1000, 0o755)), "d1", 41)


def by_name(found: list[Property]) -> dict[str, object]:
    return {item.name: item.value for item in found}


def test_it_can_do_little(tmp_path: Path) -> None:
    rated = [item for item in front.service_properties(FRONT, FOLDER)
             if item.name not in ("LoadCredential", "RestartPreventExitStatus")]
    assert exposure(rated, tmp_path) <= 2.0


def test_the_socket_is_in_a_network_of_its_own_and_the_workers_are_there_too() -> None:
    socket = by_name(front.socket_properties(FRONT))
    assert (socket["PrivateNetwork"], socket["Listen"]) == (True, [("Stream", "127.0.0.1:7443")])
    found = by_name(worker.properties(LAUNCH))
    assert (found["PrivateNetwork"], found["JoinsNamespaceOf"]) == (True, [front.socket(FRONT)])
    assert found["BindReadOnlyPaths"] == [(f"{FOLDER}/hosts", "/etc/hosts", False, 0)]


def test_a_worker_speaks_plain_http_to_it_and_needs_no_ca() -> None:
    words = worker.command(LAUNCH)
    assert "--endpoint-url=http://s3.kopah.test:7443" in words
    assert not [word for word in words if word.startswith("--ca-bundle")]


def test_it_is_there_before_its_workers_and_goes_after_them() -> None:
    after = [item.value for item in worker.properties(LAUNCH) if item.name == "After"]
    assert [front.socket(FRONT), front.service(FRONT)] in after


def test_its_ca_is_a_credential_or_the_systems() -> None:
    loaded = by_name(front.service_properties(FRONT, FOLDER))["LoadCredential"]
    assert loaded == [("haproxy.cfg", f"{FOLDER}/haproxy.cfg"), ("ca.pem", f"{FOLDER}/ca.pem")]
    assert front.ca_file(FRONT) == f"/run/credentials/{front.service(FRONT)}/ca.pem"
    assert front.ca_file(Front(FRONT.endpoint_url)) == "/etc/ssl/certs/ca-certificates.crt"


def test_the_brokers_socket_is_made_where_the_workers_are(tmp_path: Path) -> None:
    found = by_name(listener.properties(FRONT))
    assert (found["PrivateNetwork"], found["JoinsNamespaceOf"]) == (True, [front.socket(FRONT)])
    assert exposure(listener.properties(FRONT), tmp_path) <= 2.0
