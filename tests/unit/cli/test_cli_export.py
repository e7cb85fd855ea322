"""``s3mountctl export``: read back by those it is written for."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import yaml

from mountd.cli.export import FORMATS
from mountd.cli.main import main

ROOT = Path(__file__).parents[3]
CONFIG = """
[[mount]]
name = "erdos"
bucket = "erdos-23049527340598"
prefix = "runs/2026/"
folder = "/home/rob/my data"
allow_delete = true
region = "us-west-2"
[[mount]]
name = "Hil_b.ert"
bucket = "hilbert-1920384756"
folder = "/mnt/50%"
provider = "ceph"
endpoint_url = "https://s3.kopah.uw.edu"
ca_bundle = "/etc/ssl/a,b.pem"
read_only = true
[[mount]]
bucket = "arn:aws:s3:us-west-2:111122223333:accesspoint/one"
prefix = "deep/"
folder = "/mnt/arn"
credentials = { anonymous = true }
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "mounts.toml"
    path.write_text(CONFIG)
    return path


def exported(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main(["export", *words]) == 0
    return capsys.readouterr().out


def test_fstab_as_mount_reads_it(file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = tmp_path / "fstab"
    table.write_text(exported(capsys, "fstab", "--file", str(file)))
    asked = ["findmnt", "--tab-file", str(table), "--raw", "--noheadings", "-o", "SOURCE,TARGET,FSTYPE,OPTIONS"]
    rows = [line.split(" ") for line in subprocess.run(asked, capture_output=True, text=True, check=True)
            .stdout.splitlines()]
    assert rows == [
        ["s3://erdos-23049527340598/runs/2026/", "/home/rob/my\\x20data", "mount-s3",
         "_netdev,nosuid,nodev,allow-other,region=us-west-2,allow-delete"],
        ["s3://hilbert-1920384756", "/mnt/50%", "mount-s3",
         "_netdev,nosuid,nodev,allow-other,ro,region=us-east-1,endpoint-url=https://s3.kopah.uw.edu,force-path-style,"
         "ca-bundle=/etc/ssl/a\\x5c,b.pem"],
        ["arn:aws:s3:us-west-2:111122223333:accesspoint/one", "/mnt/arn", "mount-s3",
         "_netdev,nosuid,nodev,allow-other,no-sign-request,prefix=deep/"],
    ]


def test_mount_units_as_systemd_reads_them(file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    units = exported(capsys, "systemd", "--file", str(file)).split("# /etc/systemd/system/")[1:]
    names = []
    for unit in units:
        name, _, text = unit.partition("\n")
        (tmp_path / name).write_text(text)
        names.append(name)
        done = subprocess.run(["systemd-analyze", "verify", "--man=no", tmp_path / name], capture_output=True,
                              text=True, check=False)
        assert name not in done.stderr
    assert names == ["home-rob-my\\x20data.mount", "mnt-50\\x25.mount", "mnt-arn.mount"]


def test_cloud_init_and_ansible_carry_files_that_are_right(
        file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cloud = yaml.safe_load(exported(capsys, "cloud-init", "--file", str(file)))
    tasks = yaml.safe_load(exported(capsys, "ansible", "--file", str(file)))
    copies = [task["ansible.builtin.copy"] for task in tasks if "ansible.builtin.copy" in task]
    assert [(one["path"], one["content"]) for one in cloud["write_files"]] == [
        (one["dest"], one["content"]) for one in copies]
    for number, one in enumerate(copies):
        draft = tmp_path / f"{number}.toml"
        draft.write_text(one["content"])
        assert main(["check", str(draft)]) in (0, 1)


def test_kubernetes_against_its_schema(file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = exported(capsys, "kubernetes", "--file", str(file))
    made = tmp_path / "volumes.yaml"
    made.write_text(text)
    venv = subprocess.run([ROOT / "tests/setup/venv.sh"], capture_output=True, text=True, check=True).stdout.strip()
    validate: list[str | Path] = [f"{venv}/bin/kubernetes-validate", "--strict", "--kubernetes-version", "1.30"]
    done = subprocess.run([*validate, made], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    made.write_text(text.replace("accessModes:", "accessMode:"))
    assert subprocess.run([*validate, made], capture_output=True, check=False).returncode != 0
    volumes = [one for one in yaml.safe_load_all(text) if one["kind"] == "PersistentVolume"]
    assert volumes[0]["spec"]["csi"]["driver"] == "s3.csi.aws.com"
    assert volumes[0]["spec"]["mountOptions"] == ["allow-other", "prefix=runs/2026/", "region=us-west-2",
                                                  "allow-delete"]
    assert [one["metadata"]["name"] for one in volumes] == ["s3-erdos", "s3-hil-b-ert", "s3-arn"]
    assert "# Left out, a matter of the driver: ca_bundle" in text


def test_what_mount_s3_alone_does_not_do_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "mounts.toml"
    path.write_text('[[mount]]\nname = "lab"\nbucket = "hilbert"\nfolder = "/mnt/h"\nprovider = "ceph"\n'
                    'endpoint_url = "https://s3.test"\ncredentials = { systemd_credential = "lab" }\n')
    for format_ in ("fstab", "systemd"):
        said = exported(capsys, format_, "--file", str(path))
        assert "# lab: mount-s3 alone does not get keys by systemd credential lab: " in said
        assert "# lab: on Ceph mv, sed -i and rsync leave empty files" in said
    assert "# Left out, a matter of the driver: credentials" in exported(capsys, "kubernetes", "--file", str(path))


def test_only_the_named(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert len(exported(capsys, "fstab", "arn", "--file", str(file)).splitlines()) == 1
    assert main(["export", "fstab", "erods", "--file", str(file)]) == 64


@pytest.mark.parametrize("format_", FORMATS)
def test_a_faulty_file_is_not_exported(format_: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    draft = tmp_path / "mounts.toml"
    draft.write_text('[[mount]]\nbucket = "b"\n')
    assert main(["export", format_, "--file", str(draft)]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "folder: is missing" in said.err


def test_a_mistyped_format(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", "fstb"]) == 64
    assert "did you mean 'fstab'?" in capsys.readouterr().err
