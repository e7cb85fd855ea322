"""Reading mounts.toml: what is accepted becomes values, what is not becomes sentences with their lines."""

from __future__ import annotations

import re

import pytest

from mountd.words.model import Credentials, DaemonSettings, Place
from tests.unit.core.config.kit import MOUNT, accepted, refused


def test_nothing_is_a_configuration() -> None:
    assert accepted("").mounts == ()
    assert accepted("").daemon == DaemonSettings("keep", "info")


def test_a_mount_with_everything() -> None:
    desired = accepted("""
[daemon]
on_stop = "unmount"
log_level = "debug"
[defaults]
region = "us-west-2"
stop_timeout = "10min"
allow_delete = true
[[mount]]
name = "erdos"
bucket = "erdos-23049527340598"
prefix = "runs/2026/"
folder = "/home//rob/bucket2/"
allow_delete = false
credentials = { user = "rob", profile = "kopah" }
when_away = "empty"
nonempty = "hide"
user = "rob"
group = 100
enabled = false
start_timeout = 30
bind = "eth0"
dir_mode = "750"
metadata_ttl = "indefinite"
""")
    mount, = desired.mounts
    assert desired.daemon == DaemonSettings("unmount", "debug")
    assert mount.place == Place("m.toml", 9)
    assert (mount.name, mount.bucket, mount.prefix) == ("erdos", "erdos-23049527340598", "runs/2026/")
    assert (mount.folder, mount.when_away, mount.nonempty) == ("/home/rob/bucket2", "empty", "hide")
    assert mount.credentials == Credentials("rob", "kopah")
    assert (mount.user, mount.group, mount.enabled) == ("rob", "100", False)
    assert (mount.start_timeout, mount.stop_timeout) == (30.0, 600.0)
    assert mount.options == {"region": "us-west-2", "allow_delete": False, "bind": ("eth0",), "dir_mode": "0750",
                             "metadata_ttl": "indefinite"}


def test_drop_ins_follow_in_order_and_share_the_defaults() -> None:
    drop = '[[mount]]\nbucket = "hilbert-2"\nfolder = "/mnt/hilbert"\n'
    desired = accepted(MOUNT, drop, "[defaults]\nallow_delete = true\n")
    assert [mount.name for mount in desired.mounts] == ["erdos", "hilbert"]
    assert all(mount.options == {"allow_delete": True} for mount in desired.mounts)


@pytest.mark.parametrize(("folder", "name"), [
    ("/home/rob/bucket2", "bucket2"), ("/home/rob/My Data", "My-Data"), ("/mnt/.cache", "cache"),
    ("/mnt/a_b.c", "a_b.c"),
])
def test_derived_names(folder: str, name: str) -> None:
    assert accepted(f'[[mount]]\nbucket = "abc"\nfolder = "{folder}"\n').mounts[0].name == name


@pytest.mark.parametrize("bucket", [
    "abc", "erdos-23049527340598", "my.bucket", "data--usw2-az1--x-s3", "ap-abc123-s3alias",
    "arn:aws:s3:us-west-2:111122223333:accesspoint/mine", "arn:aws:s3::111122223333:accesspoint/x.mrap",
    "arn:aws:s3-outposts:us-west-2:111122223333:outpost/op-1/accesspoint/a",
    "arn:aws:s3-object-lambda:us-west-2:111122223333:accesspoint/mine",
    "arn:aws:s3express:us-west-2:111122223333:accesspoint/mine--usw2-az1--xa-s3",
    "arn:aws-cn:s3:cn-north-1:111122223333:accesspoint/mine",
    "arn:aws-us-gov:s3:us-gov-west-1:111122223333:accesspoint/mine",
    "mine--usw2-az1--xa-s3", "mine-abc123--ol-s3", "mine-abc123--op-s3",
])
def test_buckets(bucket: str) -> None:
    assert accepted(MOUNT.replace("erdos-1", bucket)).mounts[0].bucket == bucket


def test_old_buckets_and_other_stores_have_wider_names() -> None:
    old = MOUNT.replace("erdos-1", "Old_Bucket")
    assert accepted(old + "force_path_style = true\n").mounts[0].bucket == "Old_Bucket"
    assert accepted(old + 'provider = "ceph"\nendpoint_url = "https://s3.test"\n').mounts[0].bucket == "Old_Bucket"


@pytest.mark.parametrize("url", [
    "https://s3.us-west-2.amazonaws.com", "https://bucket.vpce-1a2b-3c.s3.us-east-1.vpce.amazonaws.com",
    "https://s3.cn-north-1.amazonaws.com.cn", "https://s3.dualstack.us-west-2.api.aws",
])
def test_endpoints_of_aws(url: str) -> None:
    assert accepted(f'{MOUNT}endpoint_url = "{url}"\n').mounts[0].endpoint == url


ONE_LINE = [
    # keys
    ("allow_delet = true", 'allow_delet: unknown key (did you mean "allow_delete"?)'),
    ("allow-delete = true", 'allow-delete: unknown key (did you mean "allow_delete"?)'),
    ("on_stop = 'keep'", "on_stop: belongs to the daemon (put it below [daemon])"),
    ("aws_access_key_id = 'AKIAHUSH'",
     "aws_access_key_id: is not taken: secrets do not belong in this file (put the key in ~/.aws/credentials and name "
     'its profile: credentials = { profile = "..." })'),
    ("profile = 'x'",
     "profile: is not taken: it is a matter of credentials (write: credentials = { profile = \"...\" })"),
    ("no_sign_request = true",
     "no_sign_request: is not taken: it is a matter of credentials (write: credentials = { anonymous = true })"),
    ("foreground = true",
     "foreground: is not taken: s3mountd runs the worker in the foreground by itself (remove the key)"),
    ("UNSTABLE_MOUNTPOINT_MAX_BACKGROUND = 1",
     "UNSTABLE_MOUNTPOINT_MAX_BACKGROUND: is not taken: unstable switches of mount-s3 may change or vanish "
     "(remove the key)"),
    ("mountpoint = '/x'", 'mountpoint: is not taken: it has another name here (write: folder = "/...")'),
    ('"odd key" = 1', '"odd key": unknown key'),
    # kinds
    ('allow_delete = "yes"', 'allow_delete: must be true or false, not "yes" (write true)'),
    ("allow_delete = 0", "allow_delete: must be true or false, not 0 (write false)"),
    ('max_threads = "8"', 'max_threads: must be a number, from 1 to 65535, not "8" (write 8 without quotes)'),
    ("max_threads = 0", "max_threads: must be from 1 to 65535, not 0 (remove the key to leave it unset)"),
    ("max_threads = true", "max_threads: must be a number, from 1 to 65535, not true"),
    ("memory_target = 100", "memory_target: must be from 512 to 1099511627776 MiB, not 100"),
    ("part_size = 8",
     "part_size: must be from 5242880 to 5368709120 bytes, not 8 (it counts bytes: 8 MiB are 8388608)"),
    ("uid = 0", "uid: must be from 1 to 4294967294, not 0 (mount-s3 does not show files as root's; remove the key)"),
    ("dir_mode = 755",
     'dir_mode: must be text in quotes, so that nobody takes it for a decimal number (write "0755")'),
    ("dir_mode = 0o750",
     'dir_mode: must be text in quotes, so that nobody takes it for a decimal number (write "0750")'),
    ('file_mode = "0888"', 'file_mode: must be permissions such as "0755", not "0888"'),
    ("metadata_ttl = 0", 'metadata_ttl: must be from 1 to 3153600000 seconds, not 0 (write "minimal")'),
    ('metadata_ttl = "10min"',
     'metadata_ttl: must be a number of seconds or "minimal" or "indefinite", not "10min" (write 600 without quotes)'),
    ('stop_timeout = "soon"', 'stop_timeout: must be a time such as "90s" or "10min", not "soon"'),
    ("stop_timeout = nan", "stop_timeout: must be from 1s to 24h, not nan"),
    ('start_timeout = "2h"', 'start_timeout: must be from 1s to 1h, not "2h"'),
    ('when_away = "eror"',
     'when_away: must be "error", "wait" or "empty", not "eror" (did you mean "error"?)'),
    ("check = '60s'", "check: must be a table with interval, timeout or failures "
     '(write: check = { interval = "60s" })'),
    ("check = { interval = '1s' }", 'check.interval: must be from 5s to 24h, not "1s"'),
    ("check = { every = 60 }", "check.every: unknown key"),
    ("idle_unmount = '10min'", "idle_unmount: has no effect without on_demand (set on_demand, or remove idle_unmount)"),
    ('sse = "aes256"', 'sse: must be "aws:kms", "aws:kms:dsse" or "AES256", not "aes256" (did you mean "AES256"?)'),
    ("bind = []", "bind: must not be empty (remove the key to leave it unset)"),
    ("storage_class = ''", "storage_class: must not be empty (remove the key to leave it unset)"),
    ('storage_class = "a\\nb"', 'storage_class: must not contain control characters: "a\\nb"'),
    ('cache = "~/c"', 'cache: must be an absolute path, not "~/c" (write "/home/YOU/c")'),
    ('ca_bundle = "ca.pem"', 'ca_bundle: must be an absolute path, not "ca.pem" (write "/home/YOU/ca.pem")'),
    # store
    ('region = "uswest-2"', 'region: "uswest-2" is not an AWS region (did you mean "us-west-2"?)'),
    ('region = "us-west-22"', 'region: "us-west-22" is not an AWS region (did you mean "us-west-2"?)'),
    ('region = "seattle"', 'region: "seattle" is not an AWS region'),
    ('provider = "cep"', 'provider: must be "aws", "ceph", "minio", "seaweedfs", "wasabi", "cloudflare-r2", '
                         '"backblaze-b2", "gcs", "garage" or "other", not "cep" (did you mean "ceph"?)'),
    ('provider = "ceph"', 'endpoint_url: is needed with provider = "ceph" (write: endpoint_url = "https://...")'),
    ('endpoint_url = "https://s3.kopah.uw.edu"',
     'endpoint_url: "https://s3.kopah.uw.edu" is not an endpoint of AWS '
     '(write also: provider = "ceph", "minio", "seaweedfs", "wasabi", "cloudflare-r2", "backblaze-b2", "gcs", "garage" '
     'or "other")'),
    ('endpoint_url = "https://amazonaws.com.evil.test"',
     'endpoint_url: "https://amazonaws.com.evil.test" is not an endpoint of AWS '
     '(write also: provider = "ceph", "minio", "seaweedfs", "wasabi", "cloudflare-r2", "backblaze-b2", "gcs", "garage" '
     'or "other")'),
    ('endpoint_url = "s3.test:9000"',
     'endpoint_url: must be a URL such as "https://s3.example.org", not "s3.test:9000" (write "https://s3.test:9000")'),
    ('endpoint_url = "https://key:hush@s3.test"',
     "endpoint_url: must not carry a user or a password (remove what stands before the @)"),
    ('prefix = "runs"', 'prefix: must end in "/": "runs" (write "runs/")'),
    ('prefix = "/runs/"', 'prefix: must not begin with "/": "/runs/" (write "runs/")'),
    ('prefix = "/"', 'prefix: must not begin with "/": "/" (remove the key to mount the whole bucket)'),
    ('expected_bucket_owner = "me"', 'expected_bucket_owner: must be an account number of 12 digits, not "me"'),
    ('cache_xz = "abc"', 'cache_xz: must be an S3 Express directory bucket ("...--x-s3"), not "abc"'),
    # people
    ('user = "bob"', 'user: there is no user "bob" on this machine (did you mean "rob"?)'),
    ('group = "labs"', 'group: there is no group "labs" on this machine (did you mean "lab"?)'),
    ('credentials = { user = "bob" }',
     'credentials.user: there is no user "bob" on this machine (did you mean "rob"?)'),
    ('credentials = "kopah"',
     'credentials: must be a table with profile, user or another of its keys '
     '(write: credentials = { profile = "kopah" })'),
    ("credentials = { secret_access_key = 'hush' }",
     "credentials.secret_access_key: is not taken: secrets do not belong in this file (put the key in "
     '~/.aws/credentials and name its profile: credentials = { profile = "..." })'),
    ("credentials = { profil = 'x' }", 'credentials.profil: unknown key (did you mean "profile"?)'),
    ("credentials = { anonymous = true, profile = 'x' }",
     "credentials.profile: cannot be set beside anonymous = true (remove one of the two)"),
    # combinations
    ("max_cache_size = 100", "max_cache_size: has no effect without cache (set cache, or remove max_cache_size)"),
    ("otlp_export_interval = 5",
     "otlp_export_interval: has no effect without otlp_endpoint (set otlp_endpoint, or remove otlp_export_interval)"),
    ("incremental_upload = true", "incremental_upload: works only on S3 Express directory buckets (remove the key)"),
    ('name = "-x"', 'name: must be 1 to 64 letters, digits, - _ . and not begin with - or .; it is "-x" (write "x")'),
    ('name = "a b"',
     'name: must be 1 to 64 letters, digits, - _ . and not begin with - or .; it is "a b" (write "a-b")'),
]


@pytest.mark.parametrize(("line", "message"), ONE_LINE, ids=[line for line, _ in ONE_LINE])
def test_one_wrong_line(line: str, message: str) -> None:
    found, = refused(MOUNT + line + "\n")
    where, _, said = found.partition(": ")
    # Said of a key that is missing, a fault stands at the mount.
    assert where == ("m.toml:1" if "is needed with" in message else "m.toml:4")
    assert re.sub(r'^mount "[^"]*": ', "", said) == message
    assert "hush" not in found.lower()


BUCKETS = [
    ("s3://erdos/runs/2026", "must be the bucket's name alone, without s3:// "
                             '(write: bucket = "erdos" and prefix = "runs/2026/")'),
    ("s3://erdos", 'must be the bucket\'s name alone, without s3:// (write: bucket = "erdos")'),
    ("erdos/runs", 'must be the bucket\'s name alone, without / (write: bucket = "erdos" and prefix = "runs/")'),
    ("https://s3.test/erdos", "must be the bucket's name alone, not a URL (the store's URL goes into endpoint_url)"),
    ("arn:aws:s3:::erdos/runs/*", "must be the bucket's name, not its ARN "
                                  '(write: bucket = "erdos" and prefix = "runs/")'),
    ("arn:aws:iam::1:role/x", 'must be the ARN of an S3 access point, not "arn:aws:iam::1:role/x"'),
    ("ab", '"ab" is no bucket name: it must have 3 to 63 characters'),
    ("a" * 64, f'"{"a" * 59}... is no bucket name: it must have 3 to 63 characters'),
    ("My_Bucket", '"My_Bucket" is no bucket name: only lower-case letters, digits, - and . may stand in it '
                  '(did you mean "my-bucket"? (for an old bucket of us-east-1 set force_path_style = true))'),
    ("-abc", '"-abc" is no bucket name: it must begin and end with a letter or a digit'),
    ("a..b", '"a..b" is no bucket name: two dots may not stand side by side'),
    ("192.168.5.4", '"192.168.5.4" is no bucket name: it must not look like an IP address'),
    ("xn--abc", '"xn--abc" is no bucket name: AWS reserves names that begin with xn--, sthree- and amzn-s3-demo-'),
    ("abc--table-s3", '"abc--table-s3" is no bucket name: AWS reserves names that end in .mrap and --table-s3'),
    ("", "must not be empty (remove the key to leave it unset)"),
]


@pytest.mark.parametrize(("bucket", "message"), BUCKETS, ids=[bucket for bucket, _ in BUCKETS])
def test_wrong_buckets(bucket: str, message: str) -> None:
    assert refused(MOUNT.replace("erdos-1", bucket)) == [f'm.toml:2: mount "erdos": bucket: {message}']


FOLDERS = [
    ("~/bucket2", 'must be an absolute path, not "~/bucket2" (write "/home/rob/bucket2")'),
    ("$HOME/b", 'must be an absolute path, not "$HOME/b" (write "/home/rob/b")'),
    ("bucket2", 'must be an absolute path, not "bucket2" (write "/home/rob/bucket2")'),
    ("./b", 'must be an absolute path, not "./b" (write "/home/rob/b")'),
    ("/home/rob/../ann", 'must not go up by "..", as "/home/rob/../ann" does (write the path that it leads to)'),
    ("/", '"/" belongs to the system and cannot be covered (write a folder below, such as "/mnt/bucket")'),
    ("/etc/", '"/etc" belongs to the system and cannot be covered (write a folder below, such as "/mnt/bucket")'),
    ("/mnt/" + "ü" * 128, "is longer than a path may be: 255 bytes for each part, 4095 in all"),
    ("/mnt" + "/long" * 900, "is longer than a path may be: 255 bytes for each part, 4095 in all"),
    ("/proc/x", '"/proc/x" belongs to the system and cannot be covered (write a folder below, such as "/mnt/bucket")'),
]


@pytest.mark.parametrize(("folder", "message"), FOLDERS, ids=[folder[:20] for folder, _ in FOLDERS])
def test_wrong_folders(folder: str, message: str) -> None:
    text = f'[[mount]]\nname = "x"\nbucket = "abc"\nuser = "rob"\nfolder = "{folder}"\n'
    assert refused(text) == [f'm.toml:5: mount "x": folder: {message}']


WHOLE = [
    ("bucket = 'x'\n", ["m.toml:1: bucket: stands outside of every section (put it below [[mount]] or [defaults])"]),
    ("[mounts]\n", ["m.toml:1: mounts: unknown section (did you mean [[mount]]?)"]),
    ("[http]\n", ["m.toml:1: http: unknown section (there are [daemon], [defaults] and [[mount]])"]),
    ("[mount]\n", ["m.toml:1: mount: must be written with two brackets (write [[mount]] above each mount)"]),
    ("daemon = 1\n", ["m.toml:1: daemon: must be a table (write [daemon] on a line of its own)"]),
    ("[daemon]\non_stop = 'stay'\nhtpp = 'off'\n",
     ['m.toml:2: daemon.on_stop: must be "keep" or "unmount", not "stay"',
      'm.toml:3: daemon.htpp: unknown key (did you mean "http"?)']),
    ("[daemon]\nhttp = ':9787'\n",
     ['m.toml:2: daemon.http: must name an address, not ":9787" '
      '(write "127.0.0.1:9787", or "0.0.0.0:9787" to be reached from other machines)']),
    ("[daemon]\nhttp = true\n",
     ['m.toml:2: daemon.http: must be text in quotes, not true (write "127.0.0.1:9787")']),
    ("[daemon]\nhttp = '/run/http.sock'\n",
     ['m.toml:2: daemon.http: a socket must lie in /run/s3mountd-http, not "/run/http.sock" '
      '(write "/run/s3mountd-http/http.sock")']),
    ("[daemon]\nbucket = 'x'\nregion = 'y'\n",
     ["m.toml:2: daemon.bucket: belongs to one mount (put it below [[mount]])",
      "m.toml:3: daemon.region: unknown key here (put it below [[mount]] or [defaults])"]),
    ("[defaults]\nprefix = 'a/'\n",
     ["m.toml:2: defaults.prefix: belongs to one mount (put it below [[mount]])"]),
    ("[[mount]]\n", ['m.toml:1: mount 1: bucket: is missing (write: bucket = "...")',
                     'm.toml:1: mount 1: folder: is missing (write: folder = "...")']),
    ("a = [1,\n", ["m.toml:1: not valid TOML: Invalid value"]),
    ("x = 1\nregion = us-west-2\n", ["m.toml:2: not valid TOML: Invalid value"]),
    ("a = 1\na = 2\n", ["m.toml:2: not valid TOML: Cannot overwrite a value"]),
    (f"a = {'[' * 5000}\n", ["m.toml: not valid TOML: nested too deep"]),
]


@pytest.mark.parametrize(("text", "messages"), WHOLE, ids=[text[:20] for text, _ in WHOLE])
def test_wrong_files(text: str, messages: list[str]) -> None:
    assert refused(text) == messages
