"""s3mountd-s3: asks S3 for the daemon, which has no network, and for the command line, which shall not wait for boto3.
Standard input is the line; it ends with it."""

import socket
import threading

from mountd.system.answering import Tasks, serve
from mountd.system.s3 import buckets, identity, policy, proof
from mountd.system.s3.access import task
from mountd.system.s3.diagnose import diagnose, kind, walk
from mountd.system.s3.rights import rights
from mountd.system.s3.uploads import uploads
from mountd.system.s3.writes import writes

TASKS: Tasks = {
    "diagnose": diagnose,
    "walk": walk,
    "kind": kind,
    "writes": writes,
    "identity": task(identity.identity),
    "buckets": task(identity.buckets),
    "create": task(buckets.create),
    "size": task(buckets.size),
    "contents": task(buckets.contents),
    "empty": task(buckets.empty),
    "remove": task(buckets.remove),
    "uploads": task(uploads),
    "reading": task(proof.reading),
    "writing": task(proof.writing),
    "lifecycle": task(proof.lifecycle),
    "policy": task(policy.policy),
    "rights": task(rights),
}


def main() -> None:
    """Answer until the other end hangs up."""
    threading.stack_size(1024 * 1024)
    serve(socket.socket(fileno=0), TASKS)
