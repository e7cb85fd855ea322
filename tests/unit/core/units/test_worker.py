"""A mount's worker as systemd is told of it."""

import signal
from dataclasses import replace
from types import MappingProxyType
from typing import cast

import pytest

from mountd.core.observed import Worker
from mountd.core.units import worker
from mountd.core.units.worker import Folder, KeyFiles, Launch, Prepared
from mountd.words.model import Credentials, Mount, Place

MOUNT = Mount("erdos", "bucket-one", "/home/rob/data", Place("mounts.toml", 1), prefix="runs/",
              options=MappingProxyType({"region": "us-west-2", "allow_delete": True, "read_only": True}))
KEYS = KeyFiles("/run/s3mountd/keys/erdos/credentials", "", "rob: ~/.aws, profile default")
LAUNCH = Launch(MOUNT, 3, "/usr/bin/mount-s3", Prepared(Folder(1000, 1001, 0o750), KEYS), "d1", 41,
                version="1.24", program="7-8-9", started=1.7e9)


def prop(launch: Launch, name: str) -> object:
    return {item.name: item.value for item in worker.properties(launch)}.get(name)


def test_the_command_line() -> None:
    assert worker.command(LAUNCH) == [
        "/usr/bin/mount-s3", "bucket-one", "/dev/fd/0", "--foreground", "--allow-other", "--prefix", "runs/",
        "--user-agent-prefix=s3mountd", "--region=us-west-2", "--allow-delete", "--uid=1000", "--gid=1001",
        "--dir-mode=0750", "--file-mode=0640",
    ]


def test_roots_folder_is_shown_as_nobodys_because_mount_s3_refuses_zero() -> None:
    words = worker.command(replace(LAUNCH, prepared=Prepared(Folder(0, 0, 0o755))))
    assert [word for word in words if word.startswith(("--uid", "--gid"))] == ["--uid=65534", "--gid=65534"]


def test_keys_go_by_credential_files_and_never_by_value() -> None:
    assert prop(LAUNCH, "LoadCredential") == [("aws-credentials", KEYS.credentials)]
    environment = prop(LAUNCH, "Environment")
    assert environment == ["AWS_SHARED_CREDENTIALS_FILE=aws-credentials",
                           "AWS_EC2_METADATA_DISABLED=true", "S3MOUNT_FOLDER=/home/rob/data", "S3MOUNT_CACHE=",
                           "S3MOUNT_VERSION=1.24", "S3MOUNT_PROGRAM=7-8-9", "S3MOUNT_STARTED=1700000000",
                           "S3MOUNT_CONNECTION=41", "HOME=/nonexistent"]
    assert prop(LAUNCH, "WorkingDirectory") == "-/run/credentials/s3mount-erdos-3.service"


def test_a_credential_of_systemds_goes_by_its_own_name() -> None:
    launch = replace(LAUNCH, prepared=Prepared(Folder(1000, 1001, 0o750), KeyFiles(credential="lab")))
    assert prop(launch, "LoadCredentialEncrypted") == [("lab", "lab")]
    assert prop(launch, "LoadCredential") == []
    environment = prop(launch, "Environment")
    assert isinstance(environment, list)
    assert environment[:2] == ["AWS_SHARED_CREDENTIALS_FILE=lab", "AWS_EC2_METADATA_DISABLED=true"]
    assert prop(launch, "WorkingDirectory") == "-/run/credentials/s3mount-erdos-3.service"


def test_a_role_needs_the_metadata_service() -> None:
    launch = replace(LAUNCH, prepared=Prepared(Folder(1000, 1000, 0o755)))
    assert "AWS_EC2_METADATA_DISABLED=true" not in prop(launch, "Environment")  # type: ignore[operator]


def test_anonymous() -> None:
    launch = replace(LAUNCH, mount=replace(MOUNT, credentials=Credentials(anonymous=True)),
                     prepared=Prepared(Folder(1000, 1000, 0o755)))
    assert "--no-sign-request" in worker.command(launch)


def test_files_in_homes_reach_the_sandbox() -> None:
    options = MappingProxyType({"ca_bundle": "/home/rob/ca.pem", "cache": "/home/rob/cache"})
    launch = replace(LAUNCH, mount=replace(MOUNT, options=options),
                     prepared=Prepared(Folder(1000, 1000, 0o755), cache="/home/rob/cache/s3mountd/erdos-12345678"))
    assert ("ca-bundle", "/home/rob/ca.pem") in prop(launch, "LoadCredential")  # type: ignore[operator]
    assert "--ca-bundle=ca-bundle" in worker.command(launch)
    assert prop(launch, "BindPaths") == [("/home/rob/cache/s3mountd/erdos-12345678", "/run/s3mountd/cache", False, 0)]
    assert "--cache=/run/s3mountd/cache" in worker.command(launch)


def test_what_a_unit_says_of_itself_is_understood_by_the_next_daemon() -> None:
    launch = replace(LAUNCH, mount_id=77, mount=replace(MOUNT, folder="/home/rob/my data"))
    environment = prop(launch, "Environment")
    assert isinstance(environment, list)
    fields = dict(field.split("=", 1) for field in [*worker.log_fields(launch), *environment])
    assert worker.describe(launch.unit, fields) == Worker(
        launch.unit, "erdos", 3, "d1", 41, "/home/rob/my data", mount_id=77, version="1.24", program="7-8-9",
        started=1.7e9)
    assert not [field for field in worker.log_fields(launch) if " " in field], "systemd would cut it off there"


def test_a_name_in_a_path_has_nothing_that_systemd_would_undo() -> None:
    assert worker.file_name("my-data_1.x") == "my=2ddata_1.x"
    assert worker.file_name("/srv/x") == "-srv-x"


@pytest.mark.parametrize(("text", "escaped"), [
    ("erdos", "erdos"), ("a-b", "a\\x2db"), ("a/b", "a-b"), (".hidden", "\\x2ehidden"), ("ü", "\\xc3\\xbc"),
])
def test_escaping_is_systemds(text: str, escaped: str) -> None:
    """Expectations from systemd-escape(1) of Debian 12."""
    assert worker.escape(text) == escaped


def test_a_stop_sends_nothing_that_would_cut_off_open_files() -> None:
    assert prop(LAUNCH, "KillSignal") == signal.SIGCONT


def test_the_folders_own_mount_unit_stops_after_the_worker() -> None:
    assert "home-rob-data.mount" in prop(LAUNCH, "After")  # type: ignore[operator]


def test_a_worker_plans_with_its_share_unless_its_mount_says_otherwise() -> None:
    assert "--memory-target=2048" in worker.command(replace(LAUNCH, memory_target=2048))
    assert not [word for word in worker.command(LAUNCH) if word.startswith("--memory-target")]
    own = replace(MOUNT, options={**MOUNT.options, "memory_target": 700})
    assert "--memory-target=700" in worker.command(replace(LAUNCH, mount=own, memory_target=2048))


def test_limits_of_memory_become_properties_of_the_unit_in_bytes() -> None:
    limited = replace(LAUNCH, mount=replace(MOUNT, memory_high=600, memory_max=800))
    found = {item.name: item.value for item in worker.properties(limited)}
    assert (found["MemoryHigh"], found["MemoryMax"]) == (600 * 1024 * 1024, 800 * 1024 * 1024)
    assert not {"MemoryHigh", "MemoryMax"} & {item.name for item in worker.properties(LAUNCH)}
    assert (found["OOMPolicy"], found["OOMScoreAdjust"]) == ("stop", 100)


def test_a_proxy_is_the_mounts_own_or_none() -> None:
    names = {"HTTPS_PROXY", "HTTP_PROXY"}
    assert names < set(cast(list[str], prop(LAUNCH, "UnsetEnvironment"))), "the machine's own does not count"
    by_proxy = replace(LAUNCH, mount=replace(MOUNT, proxy="http://proxy.example:3128"))
    assert {f"{name}=http://proxy.example:3128" for name in names} < set(cast(list[str], prop(by_proxy, "Environment")))
    unset = set(cast(list[str], prop(by_proxy, "UnsetEnvironment")))
    assert not (names | {"NO_PROXY"}) & unset and {"https_proxy", "no_proxy"} < unset
    assert "NO_PROXY=127.0.0.1,169.254.169.254" in cast(list[str], prop(by_proxy, "Environment")), "keys come straight"
