"""mount-s3's own words, as it prints them, and the codes they mean."""

import pytest

from mountd.core.messages import Cause, Ending, epitaph, of_ending, of_oom

CHAIN = """Error: Failed to create S3 client

Caused by:
    0: initial ListObjectsV2 failed for bucket erdos in region us-west-2
    1: {first}
    2: {second}
"""

SAID = [
    ("Service error", "The bucket does not exist", Cause("bucket-missing")),
    ("Client error", "Wrong region (expecting eu-west-1)", Cause("wrong-region", "expecting eu-west-1")),
    ("Client error", "Forbidden: SignatureDoesNotMatch", Cause("key-refused", "SignatureDoesNotMatch")),
    ("Client error", "Forbidden: The access key ID you provided does not exist in our records.",
     Cause("key-refused", "The access key ID you provided does not exist in our records.")),
    ("Client error", "Forbidden: RequestTimeTooSkewed", Cause("clock-skew")),
    ("Client error", "Forbidden: UserSuspended", Cause("key-refused", "UserSuspended")),
    ("Client error", "Forbidden: The provided token has expired.",
     Cause("credentials-expired", "The provided token has expired.")),
    ("Client error", "Forbidden: Access Denied.", Cause("access-denied", "Access Denied.")),
    ("Client error", "No signing credentials available, see CRT debug logs", Cause("no-credentials")),
    ("Unknown CRT error", "CRT error 1059: aws-c-io: AWS_IO_DNS_INVALID_NAME, Host name was invalid for dns.",
     Cause("name-unresolved")),
    ("Unknown CRT error", "CRT error 1047: aws-c-io: AWS_IO_SOCKET_CONNECTION_REFUSED, socket connection refused.",
     Cause("connection-refused")),
    ("Unknown CRT error", "CRT error 1029: aws-c-io: AWS_IO_TLS_ERROR_NEGOTIATION_FAILURE, TLS failed",
     Cause("tls-failed", "AWS_IO_TLS_ERROR_NEGOTIATION_FAILURE")),
    ("Unknown CRT error", "CRT error 1051: aws-c-io: AWS_IO_SOCKET_CLOSED, socket is closed.",
     Cause("unreachable", "CRT error 1051: aws-c-io: AWS_IO_SOCKET_CLOSED, socket is closed.")),
    ("Client error", "Request throttled", Cause("throttled")),
]


@pytest.mark.parametrize(("first", "second", "cause"), SAID, ids=[row[1][:40] for row in SAID])
def test_error_chains(first: str, second: str, cause: Cause) -> None:
    words = CHAIN.format(first=first, second=second)
    assert of_ending(Ending("exit-code", 1, words)) == cause


def test_a_missing_profile_is_no_network_fault() -> None:
    words = ("Error: Failed to create S3 client\n\nCaused by:\n    0: invalid AWS credentials\n"
             "    1: CRT error 48: aws-c-common: AWS_ERROR_STRING_MATCH_NOT_FOUND\n")
    assert of_ending(Ending("exit-code", 1, words)) == Cause("profile-missing")


def test_a_refused_command_line_is_told_in_the_parsers_words() -> None:
    words = "error: unexpected argument '--frob' found\n\nUsage: mount-s3 [OPTIONS]\n"
    assert of_ending(Ending("exit-code", 2, words)) == Cause("option-rejected", "unexpected argument '--frob' found")


@pytest.mark.parametrize(("ending", "cause"), [
    (Ending("signal", 9), Cause("worker-crashed", "SIGKILL")),
    (Ending("core-dump", 6), Cause("worker-crashed", "SIGABRT")),
    (Ending("signal", 64), Cause("worker-crashed", "signal 64")),
    (Ending("oom-kill", 9), Cause("worker-out-of-memory")),
    (Ending("exit-code", 203), Cause("worker-missing", "the program that was there a moment ago")),
    (Ending("exit-code", 101, "thread 'main' panicked"), Cause("worker-ended", "status 101: thread 'main' panicked")),
    (Ending("exit-code", 1), Cause("worker-ended", "status 1")),
])
def test_endings_without_a_chain(ending: Ending, cause: Cause) -> None:
    assert of_ending(ending) == cause


def test_a_flood_of_words_becomes_one_bounded_line() -> None:
    assert len(of_ending(Ending("exit-code", 1, "x" * 100_000)).detail) < 300


LAST = [
    (["starting", "memory allocation of 8388608 bytes failed"], "SIGABRT", "too little memory"),
    (["thread 'main' panicked at src/main.rs:7: oops"], "status 101", "a fault in mount-s3 itself"),
    (["WARN failed to write cache: No space left on device (os error 28)"], "SIGABRT", "a full disk"),
    ([], "SIGSYS", "the sandbox: this mount-s3 makes a system call that is not allowed to it"),
    ([], "SIGILL", "a mount-s3 built for another processor"),
]


@pytest.mark.parametrize(("lines", "ending", "cause"), LAST, ids=[row[2] for row in LAST])
def test_last_words_point_to_a_likely_cause(lines: list[str], ending: str, cause: str) -> None:
    text = epitaph(lines, ending)
    assert text.endswith(f"likely cause: {cause}")
    assert text.startswith(f'it last said "{lines[-1]}"' if lines else "it said nothing")


def test_last_words_that_point_nowhere_are_told_without_a_guess() -> None:
    assert epitaph(["good bye"], "status 7") == 'it last said "good bye"'


UNIT = "s3mount-photos\\x2dbig-3.service"
KERNEL = [
    "oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,oom_memcg=/s3mount.slice/" + UNIT
    + ",task_memcg=/s3mount.slice/" + UNIT + ",task=mount-s3,pid=4711,uid=61234",
    "Memory cgroup out of memory: Killed process 4711 (mount-s3) total-vm:2000000kB, anon-rss:522240kB, "
    "file-rss:2048kB, shmem-rss:0kB, UID:61234 pgtables:1200kB oom_score_adj:100",
]
HOST = [line.replace("CONSTRAINT_MEMCG", "CONSTRAINT_NONE").replace("Memory cgroup out", "Out") for line in KERNEL]


def test_the_kernel_says_how_much_memory_a_worker_had_and_whose_limit_it_met() -> None:
    assert of_oom(KERNEL, UNIT, 512) == "memory_max is 512 MiB; it had 510 MiB"
    assert of_oom(KERNEL, UNIT, 0) == "the limit of a group of units it is in; it had 510 MiB"
    assert of_oom(HOST, UNIT, 512) == "no memory was left on the machine; it had 510 MiB"


def test_what_the_kernel_says_of_others_or_not_at_all_explains_nothing() -> None:
    assert of_oom(KERNEL, "s3mount-big-3.service", 512) == ""
    assert of_oom([], UNIT, 512) == ""
