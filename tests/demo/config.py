"""The files that a person would write: five mounts, and the keys of rob."""

from __future__ import annotations

from tests.machine.kit import ENDPOINT, REGION
from tests.s3.seaweed import ADMIN

MOUNTS = f"""\
[defaults]                     # for every mount below
provider = "seaweedfs"         # for AWS: leave this and the next line out
endpoint_url = "{ENDPOINT}"
region = "{REGION}"

[[mount]]
name = "data"
bucket = "bucket-one"
folder = "/home/rob/data"
allow_delete = true

[[mount]]                      # the same bucket, where nothing can be deleted
name = "safe"
bucket = "bucket-one"
folder = "/home/rob/safe"

[[mount]]                      # a part of a bucket
name = "runs"
bucket = "bucket-two"
prefix = "runs/2026/"
folder = "/home/rob/runs"

[[mount]]                      # all of that bucket, to look at
name = "archive"
bucket = "bucket-two"
folder = "/home/rob/archive"
read_only = true

[[mount]]                      # a slip of the pen: it is bucket-three
name = "typo"
bucket = "bucket-tree"
folder = "/home/rob/typo"
"""

KEYS = f"""\
[default]
aws_access_key_id = {ADMIN.access_key}
aws_secret_access_key = {ADMIN.secret_key}
"""
