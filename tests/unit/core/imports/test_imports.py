"""What other tools were told, read as mounts: everything is taken over or remarked upon, and no key is copied."""

from __future__ import annotations

import pytest
import tomli
from hypothesis import given
from hypothesis import strategies as st

from mountd.core.config import toml_text
from mountd.core.imports import mount_s3
from mountd.core.imports.draft import Imported, Source
from mountd.core.imports.settle import Given, settled
from mountd.core.imports.sources import SOURCES
from mountd.core.imports.table import IMPORTERS
from tests.unit.core.config.kit import accepted

NOTHING = Given()
RCLONE = """
[kopah]
type = s3
provider = Ceph
access_key_id = AKIAPLANTED
secret_access_key = planted-secret
endpoint = s3.kopah.uw.edu
acl = private
[public]
type = s3
provider = AWS
region = eu-west-1
[disk]
type = drive
[runs]
type = alias
remote = kopah:hilbert/runs
"""
S3CFG = """
[default]
access_key = AKIAPLANTED
secret_key = planted-secret
host_base = s3.kopah.uw.edu
host_bucket = %(bucket)s.s3.kopah.uw.edu
bucket_location = US
use_https = True
check_ssl_certificate = False
"""


def read(name: str, text: str, given_: Given = NOTHING, **files: str) -> Imported:
    """The settled result; ``files`` are other files, by the last part of their name."""
    source = Source(text, f"/x/{name}", lambda path: files.get(path.rpartition("/")[2], ""))
    return settled(IMPORTERS[name].parse(source), given_)


def only(found: Imported) -> dict[str, object]:
    """The keys of the one proposal, which the configuration's own rules accept."""
    one, = found.proposals
    section = toml_text.section(one.keys)
    accepted(section)
    return dict(tomli.loads(section)["mount"][0])


def said(found: Imported) -> str:
    """All remarks."""
    return "\n".join(map(str, found.remarks))


def test_the_names_are_those_of_the_table() -> None:
    assert tuple(IMPORTERS) == SOURCES


def test_fstab_of_mount_s3() -> None:
    found = read("fstab", "# s3://no /no mount-s3\nUUID=1 / ext4 defaults 0 1\n"
                 "s3://erdos-1/runs/ /home/rob/my\\040data mount-s3 _netdev,nosuid,nodev,allow-other,ro,"
                 "region=us-west-2,profile=lab,file-mode=640,bind=eth0,bind=eth1,metadata-ttl=indefinite,"
                 "sse=aws:kms,sse-kms-key-id=arn:aws:kms:x:1:key/a\\134,b,log-directory=/x 0 0\n")
    assert only(found) == {
        "name": "my-data", "bucket": "erdos-1", "prefix": "runs/", "folder": "/home/rob/my data",
        "region": "us-west-2", "read_only": True, "file_mode": "0640", "bind": ["eth0", "eth1"],
        "metadata_ttl": "indefinite", "sse": "aws:kms", "sse_kms_key_id": "arn:aws:kms:x:1:key/a,b",
        "credentials": {"profile": "lab"}}
    assert said(found) == (
        "line 3: take this line out of fstab when the mount is well, or both are mounted at boot\n"
        "line 3: log-directory was not taken over: the log goes to the journal: s3mountctl logs NAME")


def test_what_export_writes_is_read_back() -> None:
    from mountd.cli.export import FORMATS
    text = ('[[mount]]\nname = "h"\nbucket = "hilbert"\nprefix = "a/"\nfolder = "/mnt/h"\nprovider = "ceph"\n'
            'endpoint_url = "https://s3.kopah.uw.edu"\nallow_delete = true\nca_bundle = "/etc/a,b.pem"\n')
    mount, = accepted(text).mounts
    found = read("fstab", FORMATS["fstab"].text([mount]), Given(provider="ceph"))
    assert only(found) == toml_text.of_mount(mount)


def test_fstab_of_s3fs() -> None:
    found = read("fstab", "hilbert:/sub /mnt/h fuse.s3fs _netdev,allow_other,use_path_request_style,uid=1000,"
                 "url=https://s3.kopah.uw.edu/,passwd_file=/etc/pw,umask=0022,use_cache=/tmp/x,frobnicate 0 0\n",
                 Given(provider="ceph"))
    assert only(found) == {
        "name": "h", "bucket": "hilbert", "prefix": "sub/", "folder": "/mnt/h", "provider": "ceph",
        "endpoint_url": "https://s3.kopah.uw.edu", "uid": 1000, "dir_mode": "0755", "file_mode": "0644",
        "allow_delete": True, "allow_overwrite": True, "credentials": {"profile": "h"}}
    assert "use_cache was not taken over" in said(found)
    assert "frobnicate was not taken over: it is not known here" in said(found)
    assert "its keys lie in /etc/pw and are not copied: put them as [h]" in said(found)


def test_the_old_form_of_fstab_and_goofys() -> None:
    found = read("fstab", "s3fs#old-bucket /mnt/old fuse ro,iam_role=auto 0 0\n"
                 "goofys#gbu:pre /mnt/g fuse _netdev,allow_other,--file-mode=0666,"
                 "--endpoint=https://s3.eu-central-1.wasabisys.com\n"
                 "goofys#wasb://x /mnt/x fuse ro\nsshfs#me@host /mnt/s fuse ro\n")
    first, second = found.proposals
    assert dict(first.keys) == {"name": "old", "bucket": "old-bucket", "folder": "/mnt/old", "read_only": True}
    assert dict(second.keys) == {
        "name": "g", "bucket": "gbu", "prefix": "pre/", "folder": "/mnt/g", "provider": "wasabi",
        "endpoint_url": "https://s3.eu-central-1.wasabisys.com", "file_mode": "0666", "allow_delete": True,
        "allow_overwrite": True}
    assert "wasb://x is no bucket of S3" in said(found)
    assert "sshfs" not in said(found)


def test_fstab_of_rclone_asks_its_configuration() -> None:
    line = ("kopah:hilbert/p /mnt/r rclone rw,noauto,nofail,_netdev,x-systemd.automount,x-systemd.idle-timeout=600,"
            "args2env,vfs_cache_mode=writes,config=/etc/rclone.conf 0 0\n")
    found = read("fstab", line, NOTHING, **{"rclone.conf": RCLONE})
    assert only(found) == {
        "name": "r", "bucket": "hilbert", "prefix": "p/", "folder": "/mnt/r", "provider": "ceph",
        "endpoint_url": "https://s3.kopah.uw.edu", "on_demand": True, "idle_unmount": "600s", "allow_delete": True,
        "allow_overwrite": True, "credentials": {"profile": "kopah"}}
    assert "/etc/rclone.conf cannot be read" in said(read("fstab", line))


def test_rclone_names_no_folders() -> None:
    found = read("rclone", RCLONE)
    assert found.proposals == ()
    assert said(found).splitlines() == [
        "[disk]: is no S3 (type drive)",
        "[kopah]: names no bucket and no folder: say --bucket s3://BUCKET --folder FOLDER --only kopah",
        "[public]: names no bucket and no folder: say --bucket s3://BUCKET --folder FOLDER --only public",
        "[runs]: names no folder: say --folder FOLDER --only runs"]
    one = only(read("rclone", RCLONE, Given(only="runs", folder="/mnt/runs")))
    assert one == {"name": "runs", "bucket": "hilbert", "prefix": "runs/", "folder": "/mnt/runs", "provider": "ceph",
                   "endpoint_url": "https://s3.kopah.uw.edu", "credentials": {"profile": "kopah"}}
    public = only(read("rclone", RCLONE, Given(only="public", bucket="pub", folder="/mnt/p")))
    assert public["credentials"] == {"anonymous": True}
    assert "is encrypted" in said(read("rclone", "# Encrypted rclone configuration File\nRCLONE_ENCRYPT_V0:\nxyz"))


def test_s3cfg() -> None:
    given_ = Given(bucket="hilbert", folder="/mnt/h", provider="ceph")
    found = read("s3cfg", S3CFG, given_)
    keys = only(found)
    assert keys.pop("credentials") == {"s3cfg": "/x/s3cfg"}
    assert keys == {"name": "h", "bucket": "hilbert", "folder": "/mnt/h", "provider": "ceph",
                    "endpoint_url": "https://s3.kopah.uw.edu"}
    assert "certificates are always verified" in said(found)
    aws = only(read("s3cfg", S3CFG.replace("s3.kopah.uw.edu", "s3.amazonaws.com"), given_))
    assert (aws.get("endpoint_url"), aws.get("provider"), aws["region"]) == (None, None, "us-east-1")


def test_the_keys_of_s3fs() -> None:
    found = read("s3fs", "# mine\n\nAKIAPLANTED:planted-secret\nhilbert:AKIAPLANTED:planted-secret\nplanted-secret\n",
                 Given(only="hilbert", folder="/mnt/h"))
    assert only(found)["credentials"] == {"profile": "hilbert"}
    assert "line 5: is no KEY:SECRET" in said(read("s3fs", "\n\n\n\nplanted-secret\n"))


def test_commands_of_a_script() -> None:
    found = read("mount-s3",
                 "#!/bin/sh\nAWS_PROFILE=lab mount-s3 erdos-1 /mnt/e --allow-delete \\\n  --prefix runs/ &\n"
                 "  ExecStart=/usr/bin/mount-s3 s3://hilbert/x /mnt/h --allow-other -f -l /tmp --uid 1000 --foo=1\n"
                 "mount-s3 one /mnt/one --frob x\nmount-s3 one relative --allow-other\necho 'open\n")
    first, second = found.proposals
    assert dict(first.keys) == {"name": "e", "bucket": "erdos-1", "prefix": "runs/", "folder": "/mnt/e",
                                "allow_delete": True, "dir_mode": "0700", "credentials": {"profile": "lab"}}
    assert dict(second.keys) == {"name": "h", "bucket": "hilbert", "prefix": "x/", "folder": "/mnt/h", "uid": 1000}
    assert [remark.where for remark in found.remarks] == ["line 2", "line 4", "line 4", "line 5", "line 6"]
    assert "--frob is not known here, and so it is not known whether a value follows it" in said(found)


def test_the_environment_of_a_process_counts_after_its_words() -> None:
    found = mount_s3.command("process 7", ["b-1", "/mnt/b", "--allow-other", "--region=eu-west-1"], {
        "AWS_REGION": "us-east-1", "AWS_PROFILE": "lab", "AWS_ACCESS_KEY_ID": "AKIAPLANTED", "HOME": "/x"})
    assert only(settled(found, Given())) == {"name": "b", "bucket": "b-1", "folder": "/mnt/b", "region": "eu-west-1",
                                             "credentials": {"profile": "lab"}}
    assert "AWS_ACCESS_KEY_ID was not taken over" in said(found)


def test_what_is_configured_is_left_out_and_names_stay_apart() -> None:
    text = "".join(f"s3://bucket-{one} /{one}/data mount-s3 allow-other 0 0\n" for one in ("aa", "bb", "cc"))
    found = settled(IMPORTERS["fstab"].parse(Source(text, "")), Given(), {"data"}, {"/bb/data"})
    assert [one.keys["name"] for one in found.proposals] == ["aa-data", "cc-data"]
    assert "left out: /bb/data is configured already" in said(found)
    chosen = settled(IMPORTERS["fstab"].parse(Source(text, "")), Given(only="/cc/data"))
    assert [one.keys["bucket"] for one in chosen.proposals] == ["bucket-cc"]
    assert "nothing: is not there; there are: /aa/data" in said(settled(
        IMPORTERS["fstab"].parse(Source(text, "")), Given(only="nothing")))
    several = settled(IMPORTERS["fstab"].parse(Source(text, "")), Given(folder="/x"))
    assert several.proposals == () and "choose it with --only" in said(several)


@pytest.mark.parametrize(("name", "text"), [
    ("rclone", RCLONE), ("s3cfg", S3CFG), ("s3fs", "AKIAPLANTED:planted-secret\nb-1:AKIAPLANTED:planted-secret"),
    ("fstab", "s3fs#b-1 /mnt/a fuse url=https://x.test 0 0\nkopah:b-1 /mnt/b rclone config=/rclone.conf"),
    ("mount-s3", "AWS_SECRET_ACCESS_KEY=planted-secret AWS_ACCESS_KEY_ID=AKIAPLANTED mount-s3 b-1 /mnt/b"),
    ("s3cfg", "secret_key = planted-secret"), ("rclone", "[x\nsecret_access_key = planted-secret"),
])
def test_no_key_is_ever_repeated(name: str, text: str) -> None:
    try:
        found = read(name, text, Given(bucket="b-1"), **{"rclone.conf": RCLONE})
    except ValueError as error:
        assert "planted" not in str(error).lower()
        return
    assert "planted" not in f"{found}".lower()


@given(st.sampled_from(SOURCES), st.text(st.sampled_from("abk #[]=:/,\\\"'\n-so37mount-s3 fuse.")))
def test_any_text_ends_in_proposals_remarks_or_a_refusal(name: str, text: str) -> None:
    try:
        found = read(name, text)
    except ValueError:
        return
    for one in found.proposals:
        tomli.loads(toml_text.section(one.keys))
