"""Root file systems of Debian 12 and 13 for test machines, made by mmdebstrap and cached as directories.

A machine never writes to one: it is the lower layer of that machine's overlay.
"""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from tests.machine.cache import digest, made_once, say

SUITES = {"12": "bookworm", "13": "trixie"}

PACKAGES = (
    "systemd systemd-sysv dbus polkitd adduser sudo procps psmisc less man-db bash-completion "
    "python3 python3-gi python3-pydbus python3-boto3 python3-tenacity python3-structlog python3-tomli "
    "python3-tomlkit python3-yaml python3-prometheus-client python3-systemd gir1.2-glib-2.0 gir1.2-soup-3.0 "
    "fuse3 ca-certificates iproute2 nftables rsync curl strace haproxy vim-tiny"
).split()

# What AWS's own build of mount-s3 is linked with; the package has another name in each release.
OWN_PACKAGES = {"bookworm": ["libfuse2"], "trixie": ["libfuse2t64"]}

# Timers and consoles that only add noise, load or a boot delay to a short-lived machine.
MASKED = (
    "apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer e2scrub_reap.service "
    "man-db.timer fstrim.timer console-getty.service getty@tty1.service systemd-update-utmp.service "
    "systemd-update-utmp-runlevel.service dev-hugepages.mount "
    "haproxy.service"
).split()

FILES = {
    "etc/default/locale": "LANG=C.UTF-8\n",
    "etc/locale.conf": "LANG=C.UTF-8\n",
    "etc/hosts": "127.0.0.1 localhost\n::1 localhost\n",
    "etc/systemd/journald.conf.d/machine.conf": "[Journal]\nStorage=persistent\n",
    # These disks live for minutes: nothing is lost when a package's files are not synced one by one.
    "etc/dpkg/dpkg.cfg.d/fast": "force-unsafe-io\n",
}

RECIPE = "1"  # raise when `_finish` changes in a way that its tables do not show


def rootfs(release: str, more: Sequence[str] = ()) -> Path:
    """The cached root file system of that Debian release ("12" or "13"); made if need be (1 to 2 min).

    With ``more`` packages it is a tree of its own. Raises CalledProcessError, after mmdebstrap's own words on stderr,
    when no mirror serves it.
    """
    suite = SUITES[release]
    packages = [*PACKAGES, *OWN_PACKAGES[suite], *more]
    key = digest(suite, RECIPE, *packages, *MASKED, *FILES, *FILES.values())
    return made_once(f"rootfs-{suite}", key, lambda draft: _make(suite, draft, packages))


def _make(suite: str, draft: Path, packages: Sequence[str]) -> None:
    say(f"making the root file system of Debian {suite} (one to two minutes, once)")
    began = time.monotonic()
    debootstrap(suite, draft, "minbase", packages)
    _finish(draft)
    say(f"Debian {suite} made in {time.monotonic() - began:.0f} s")


def debootstrap(suite: str, draft: Path, variant: str, packages: Sequence[str]) -> None:
    """A tree of that Debian suite, from the first mirror that serves it; raises CalledProcessError without one."""
    mirrors = [*_host_mirrors(), None]
    for mirror in mirrors:
        try:
            _debootstrap(suite, draft, variant, packages, mirror)
            return
        except subprocess.CalledProcessError:
            shutil.rmtree(draft, ignore_errors=True)
            if mirror is mirrors[-1]:
                raise


def _debootstrap(suite: str, draft: Path, variant: str, packages: Sequence[str], mirror: str | None) -> None:
    command = ["mmdebstrap", f"--variant={variant}", f"--include={','.join(packages)}", *_apt_proxy()]
    subprocess.run(
        [*command, suite, str(draft), *([mirror] if mirror else [])], check=True, stdin=subprocess.DEVNULL
    )


def _host_mirrors() -> list[str]:
    """Where this host itself gets Debian from, best guess first; empty where apt knows no lists."""
    listing = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(REPO_URI) $(RELEASE) $(ORIGIN)", "Created-By: Packages"],
        check=False,
        capture_output=True,
        text=True,
    ).stdout
    rows = [line.split() for line in listing.splitlines()]
    found = [row[0] for row in rows if len(row) == 3 and row[1] in SUITES.values() and row[2] == "Debian"]
    return list(dict.fromkeys(found))


def _apt_proxy() -> list[str]:
    """mmdebstrap starts from an empty apt configuration: hand on the proxy of the host's."""
    dump = subprocess.run(
        ["apt-config", "dump", "--format", "%f %v%n", "Acquire"], check=False, capture_output=True, text=True
    ).stdout
    rows = (line.partition(" ") for line in dump.splitlines())
    return [f'--aptopt={name} "{value}"' for name, _, value in rows if name.endswith("::Proxy") and value]


def _finish(root: Path) -> None:
    for name, text in FILES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    for unit in MASKED:
        (root / "etc/systemd/system" / unit).symlink_to("/dev/null")
    (root / "var/log/journal").mkdir(exist_ok=True)
    # Rebuilding the index of all man pages after each installation costs seconds and proves nothing.
    (root / "var/lib/man-db/auto-update").unlink(missing_ok=True)
    for name in ("etc/resolv.conf", "etc/machine-id", "var/lib/dbus/machine-id"):
        (root / name).unlink(missing_ok=True)
    user = ["useradd", "--create-home", "--uid=1000", "--shell=/bin/bash", "rob"]
    subprocess.run(["chroot", str(root), *user], check=True)
