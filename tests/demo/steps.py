"""The steps of everyday: install, mount, write, read, delete, what is refused."""

from __future__ import annotations

from pathlib import Path

from tests.demo import config, facts
from tests.demo.show import Show
from tests.machine.kit import ENDPOINT
from tests.machine.machine import Machine


def install(show: Show, machine: Machine, package: Path) -> None:
    """The package, by apt."""
    with show.step("The package", "apt installs the package that was just built. It brings no mount and breaks none: "
                                  "an empty configuration is fine and says how to begin. About 5 seconds.") as step:
        path = machine.share(package)
        show.command(f"apt-get install -y {path} 2>&1 | tail -n 3")
        empty = show.command("s3mountctl status")
        known = machine.run("dpkg-query -W -f='${db:Status-Status} ${Version}' s3mountd", check=False).stdout
        step.claims += [
            ("the package is installed", known.startswith("installed ")),
            ("the daemon runs already", machine.run("systemctl is-active s3mountd", check=False).returncode == 0),
            ("with nothing to mount, all is well", empty.returncode == 0 and "No mounts" in empty.stdout),
        ]
        step.figure = known.partition(" ")[2]


def storage(show: Show, machine: Machine) -> None:
    """An S3 server that checks signatures."""
    with show.step("An S3 server", "SeaweedFS with three buckets stands in for S3. It checks signatures: a request "
                                   "without one is turned away.") as step:
        machine.start_s3()
        asked = show.command(f"curl -s -o /dev/null -w '%{{http_code}}\\n' {ENDPOINT}/bucket-one/")
        machine.write("/home/rob/.aws/credentials", config.KEYS, 0o600)
        machine.run("chown -R rob: /home/rob/.aws")
        show.command("ls -l .aws/credentials", "rob")
        step.claims.append(("403: without a signature nothing is to be had", asked.stdout.strip() == "403"))


def configure(show: Show, machine: Machine) -> None:
    """Five mounts in one file, four of them right."""
    with show.step("Five mounts in one file", "This is all that is written: which bucket on which folder. The keys "
                                              "are rob's own, found in his home.") as step:
        machine.write("/etc/s3mountd/mounts.toml", config.MOUNTS)
        show.command("cat /etc/s3mountd/mounts.toml")
        check = show.command("s3mountctl check")
        plan = show.command("s3mountctl plan")
        step.claims += [
            ("the file has no fault that can be seen without asking S3", check.returncode == 0),
            ("plan names all five mounts, and nothing has happened yet",
             all(name in plan.stdout for name in (*facts.GOOD, facts.WRONG)) and not facts.mounts(machine)),
        ]


def mount(show: Show, machine: Machine) -> None:
    """On with it."""
    with show.step("Mounted", "Enabled for every boot, and the file taken on. Four folders come; the fifth says "
                              "what is wrong with it, and the other four do not mind.") as step:
        enabled = show.command("systemctl enable --now s3mountd 2>&1 | tail -n 1")
        show.command("s3mountctl reload >/dev/null")
        facts.came(machine, facts.GOOD)
        status = show.command("s3mountctl status")
        there = [name for name in facts.GOOD if facts.fuse_mounted(machine, f"/home/rob/{name}")]
        step.claims += [
            ("the service is enabled and runs", enabled.returncode == 0
             and machine.run("systemctl is-enabled s3mountd && systemctl is-active s3mountd", check=False)
             .stdout.split() == ["enabled", "active"]),
            ("the kernel has mount-s3 on the four folders", there == list(facts.GOOD)),
            ("status ends with 2, since one mount is not there", status.returncode == 2),
        ]
        step.figure = f"{len(there)} mounted, {5 - len(there)} explained"


def use(show: Show, machine: Machine) -> None:
    """Files, by an ordinary user."""
    with show.step("Files, as an ordinary user", "What rob writes in one folder he reads in the other, as both show "
                                                 "the same bucket.") as step:
        show.command("ls -l /home/rob/data", "rob")
        write = show.command("date >data/note.txt; mkdir data/new; seq 100000 >data/new/numbers", "rob")
        read = show.command("cat safe/note.txt && tail -n 1 safe/new/numbers && ls -l safe", "rob")
        same = machine.run("cmp /home/rob/data/new/numbers /home/rob/safe/new/numbers", check=False).returncode == 0
        owner = machine.run("stat -c %U /home/rob/data/note.txt", check=False).stdout.strip()
        step.claims += [
            ("rob can write, without sudo", write.returncode == 0 and not write.stderr),
            ("the files are in the bucket, to the last byte",
             read.returncode == 0 and "100000" in read.stdout and same),
            ("they are rob's", owner == "rob"),
        ]


def part(show: Show, machine: Machine) -> None:
    """A prefix."""
    with show.step("A part of a bucket", "runs is the prefix runs/2026/ of a bucket; archive is all of that "
                                         "bucket, to look at.") as step:
        show.command("echo 42 >runs/result", "rob")
        seen = show.command("ls runs; cat archive/runs/2026/result", "rob")
        step.claims.append(("what is written in runs is in the bucket below runs/2026/",
                            seen.stdout.split() == ["result", "42"]))


def refuse(show: Show, machine: Machine) -> None:
    """What a mount may not do, it does not do."""
    with show.step("What is not allowed", "Deleting works where allow_delete says so and nowhere else; a read-only "
                                          "folder takes nothing.") as step:
        refused = show.command("rm -f safe/note.txt", "rob")
        still = machine.run("test -s /home/rob/safe/note.txt", check=False).returncode == 0
        written = show.command("touch archive/mine", "rob")
        allowed = show.command("rm data/note.txt && ls data", "rob")
        step.claims += [
            ("safe keeps its file", refused.returncode != 0 and still),
            ("archive is read-only", written.returncode != 0 and "Read-only" in written.stderr),
            ("data lets it go", allowed.returncode == 0 and "note.txt" not in allowed.stdout.split()),
        ]


EVERYDAY = (storage, configure, mount, use, part, refuse)
