"""Run by Debian's Python beside a moto server: who is who there. Standard input: ``endpoint``, ``bucket``, ``region``.

Makes a bucket with hello.txt, a user "lab" who may do everything, a user "guest" who may do nothing, a role "reader"
that may list and read, and a role "machine" that may assume others besides; then turns the signatures on. Prints the
keys of ``lab`` and ``guest``, and the ARNs of ``reader`` and ``machine``.
"""

from __future__ import annotations

import http.client
import json
import sys
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.config import Config

OPEN, SIGNED = b"inf", b"0"
"""How many requests moto lets through before it looks at signatures (its documentation, "IAM-like Access Control")."""
READS = ("s3:ListBucket", "s3:GetObject")


def policy(*actions: str, **more: object) -> str:
    """A policy that allows these."""
    rule = {"Effect": "Allow", "Action": list(actions), **(more or {"Resource": "*"})}
    return json.dumps({"Version": "2012-10-17", "Statement": [rule]})


def main() -> None:
    """Make it all."""
    said = json.load(sys.stdin)
    endpoint, bucket, region = said["endpoint"], said["bucket"], said["region"]

    def look(count: bytes) -> None:
        line = http.client.HTTPConnection(urlsplit(endpoint).netloc, timeout=5)
        line.request("POST", "/moto-api/reset-auth", count, {"Content-Type": "text/plain"})
        line.getresponse().close()

    def client(service: str) -> Any:
        return boto3.client(service, endpoint_url=endpoint, region_name=region, aws_access_key_id="any",
                            aws_secret_access_key="any", config=Config(s3={"addressing_style": "path"}))

    def user(name: str) -> dict[str, str]:
        iam.create_user(UserName=name)
        made = iam.create_access_key(UserName=name)["AccessKey"]
        return {"access": made["AccessKeyId"], "secret": made["SecretAccessKey"]}

    def role(name: str, *actions: str) -> str:
        trust = policy("sts:AssumeRole", Principal={"AWS": "*"})
        made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
        iam.put_role_policy(RoleName=name, PolicyName="may", PolicyDocument=policy(*actions))
        return str(made)

    look(OPEN)
    iam, s3 = client("iam"), client("s3")
    lab, guest = user("lab"), user("guest")
    iam.put_user_policy(UserName="lab", PolicyName="all", PolicyDocument=policy("*"))
    reader, machine = role("reader", *READS), role("machine", *READS, "sts:AssumeRole")
    place = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    s3.create_bucket(Bucket=bucket, **place)
    s3.put_object(Bucket=bucket, Key="hello.txt", Body=f"hello from {bucket}\n".encode())
    look(SIGNED)
    print(json.dumps({"lab": lab, "guest": guest, "reader": reader, "machine": machine}))


if __name__ == "__main__":
    main()
