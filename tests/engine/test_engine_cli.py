"""The engine's command line against the documented one of mount-s3 1.24; nothing here needs S3."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from tests.engine.harness import environment, run
from tests.faults.standin.cli import FLAGS, VALUES

OPTIONS = FLAGS | VALUES | {"version", "help"}

DEFAULTS = {"max-threads": "16", "part-size": "8388608", "otlp-export-interval": "60"}

CLASH = "cannot be used with"
MISSING = "required arguments were not provided"
INVALID = "invalid value"
KEY = "arn:aws:kms:us-east-1:111122223333:key/1234"

REFUSED_WHEN_PARSED = [
    ("--allow-other --allow-root", CLASH),
    ("--part-size 8388608 --read-part-size 8388608", CLASH),
    ("--part-size 8388608 --write-part-size 8388608", CLASH),
    ("--no-log --log-directory /tmp", CLASH),
    ("--no-log --debug", CLASH),
    ("--no-log --debug-crt", CLASH),
    ("--no-log --log-metrics", CLASH),
    ("--max-cache-size 1", MISSING),
    ("--otlp-export-interval 1", MISSING),
    (f"--sse-kms-key-id {KEY}", MISSING),
    ("--region a --region b", "cannot be used multiple times"),
    ("--read-only --read-only", "cannot be used multiple times"),
    ("--no-such-option", "unexpected argument"),
    ("--uid 0", INVALID),
    ("--gid 0", INVALID),
    ("--dir-mode 1000", INVALID),
    ("--file-mode 0888", INVALID),
    ("--max-threads 0", INVALID),
    ("--maximum-throughput-gbps 0", INVALID),
    ("--memory-target 511", INVALID),
    ("--otlp-endpoint http://h --otlp-export-interval 0", INVALID),
    ("--prefix no-slash", "prefix must end in '/'"),
    ("--metadata-ttl soon", "TTL must be a valid number of seconds"),
    ("--metadata-ttl 3153600001", "TTL must not be greater than"),
    ("--bucket-type other", INVALID),
    ("--upload-checksums sha1", INVALID),
    ("--sse other", INVALID),
    ("--sse aws:kms --sse-kms-key-id alias/key", INVALID),
]

REFUSED_IN_MOUNT = [
    (f"--sse AES256 --sse-kms-key-id {KEY}", "--sse-kms-key-id can not be used with --sse AES256"),
    ("--memory-target 512 --read-part-size 536870912", "exceeds the memory available for data buffers"),
    ("--part-size 5242879", "part size must be at between 5MiB and"),
    ("--ca-bundle /nonexistent", "CA bundle '/nonexistent' cannot be read"),
    ("--ca-bundle /etc", "CA bundle '/etc' is not a regular file"),
    ("--ca-bundle /etc/passwd", "failed to build TLS context"),
    ("--endpoint-url http://[::bad", "Failed to parse endpoint URL"),
    ("--profile no-such-profile", "invalid AWS credentials"),
    ("--otlp-endpoint host", "Invalid OTLP endpoint configuration"),
    ("--log-directory /proc/no", "failed to create log folder"),
]


@pytest.fixture(name="folder")
def _folder(tmp_path: Path) -> str:
    return str(tmp_path)


def test_version() -> None:
    shown = run("--version")
    assert (shown.returncode, shown.stdout, shown.stderr) == (0, "mount-s3 1.24.0-engine\n", "")


def test_help_lists_exactly_the_documented_options() -> None:
    shown = run("--help")
    assert shown.returncode == 0
    listed = re.findall(r"^ +(?:-\w, )?--([a-z0-9-]+)", shown.stdout, re.MULTILINE)
    assert sorted(listed) == sorted(OPTIONS)
    assert re.findall(r"^ +-(\w), --([a-z-]+)", shown.stdout, re.MULTILINE) == [
        ("h", "help"),
        ("V", "version"),
        ("f", "foreground"),
        ("l", "log-directory"),
        ("d", "debug"),
    ]


@pytest.mark.parametrize("option", DEFAULTS)
def test_default_values(option: str) -> None:
    text = run("--help").stdout
    block = text[text.index(f" --{option} ") :].split("\n\n")[0]
    assert f"[default: {DEFAULTS[option]}]" in " ".join(block.split()[:60])


@pytest.mark.parametrize(("options", "stem"), REFUSED_WHEN_PARSED)
def test_refused_when_parsed(folder: str, options: str, stem: str) -> None:
    refused = run("bucket", folder, *options.split())
    assert refused.returncode == 2
    assert refused.stderr.startswith("error: ")
    assert stem in refused.stderr


@pytest.mark.parametrize("arguments", [[], ["bucket"]])
def test_positional_arguments_are_required(arguments: list[str]) -> None:
    refused = run(*arguments)
    assert refused.returncode == 2
    assert MISSING in refused.stderr


@pytest.mark.parametrize("bucket", ["ab", "under/slash", "s3://arn:aws:s3:::x", "s3://bucket/no-slash"])
def test_bucket_names_are_checked_when_parsed(folder: str, bucket: str) -> None:
    assert run(bucket, folder).returncode == 2


@pytest.mark.parametrize(("options", "stem"), REFUSED_IN_MOUNT)
def test_refused_in_mount(folder: str, options: str, stem: str) -> None:
    refused = run("bucket", folder, "--foreground", "--region", "us-east-1", *options.split())
    assert refused.returncode == 1
    assert refused.stderr.startswith("Error: ")
    assert stem in refused.stderr


def test_uri_with_prefix_option(folder: str) -> None:
    refused = run("s3://bucket/a/", folder, "--prefix", "b/")
    assert refused.returncode == 1
    assert "explicit prefix option not allowed with S3 URI" in refused.stderr


def test_background_adds_the_summary_of_the_launcher(folder: str) -> None:
    refused = run("bucket", folder + "/none")
    assert refused.returncode == 1
    assert refused.stdout == ""
    assert refused.stderr.splitlines() == [
        f"Error: mount point {folder}/none does not exist",
        "Error: Failed to create mount process",
    ]


def test_mount_point_is_not_a_directory() -> None:
    refused = run("bucket", "/etc/passwd", "-f")
    assert refused.returncode == 1
    assert "mount point /etc/passwd is not a directory" in refused.stderr


def test_mount_point_is_in_use() -> None:
    refused = run("bucket", "/proc", "-f")
    assert refused.returncode == 1
    assert "mount point /proc is already mounted" in refused.stderr


def test_descriptor_that_is_not_open() -> None:
    refused = run("bucket", "/dev/fd/99", "-f")
    assert refused.returncode == 1
    assert "mount point /dev/fd/99 is not a valid file descriptor" in refused.stderr


def test_descriptor_of_something_else() -> None:
    refused = run("bucket", "/dev/fd/0", "-f")
    assert refused.returncode == 1
    assert "expected mount point /dev/fd/0 to be a /dev/fuse" in refused.stderr


@pytest.mark.parametrize(
    ("flags", "options", "stem"),
    [
        (os.O_RDONLY, [], "to have read and write permissions"),
        (os.O_RDWR, ["--read-only"], "are ignored with FUSE fd mount point"),
        (os.O_RDWR, ["--auto-unmount"], "are ignored with FUSE fd mount point"),
    ],
)
def test_fuse_descriptor_refused(flags: int, options: list[str], stem: str) -> None:
    device = os.open("/dev/fuse", flags)
    try:
        refused = run("bucket", f"/dev/fd/{device}", "-f", *options, fds=[device])
    finally:
        os.close(device)
    assert refused.returncode == 1
    assert stem in refused.stderr


def test_ca_bundle_comes_from_the_environment_too(folder: str) -> None:
    refused = run("bucket", folder, "-f", env=environment(AWS_CA_BUNDLE="/nonexistent"))
    assert refused.returncode == 1
    assert "CA bundle '/nonexistent' cannot be read" in refused.stderr
