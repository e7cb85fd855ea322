"""Run inside a machine: a detached FUSE mount, its descriptor in a fully sandboxed transient unit, the swap.

The unit only holds the descriptor: this shows what kernel, container and systemd allow, without any worker.
"""

import ctypes
import os
import subprocess
import time

from gi.repository import Gio, GLib

FSOPEN, FSCONFIG, FSMOUNT, MOVE_MOUNT = 430, 431, 432, 429  # the same on every architecture
SET_FLAG, SET_STRING, CREATE = 0, 1, 6
libc = ctypes.CDLL(None, use_errno=True)
V = GLib.Variant
YES = (
    "NoNewPrivileges",
    "PrivateTmp",
    "PrivateDevices",
    "PrivateUsers",
    "ProtectKernelTunables",
    "DynamicUser",
    "ProtectKernelModules",
    "ProtectKernelLogs",
    "ProtectControlGroups",
    "ProtectClock",
    "ProtectHostname",
    "RestrictRealtime",
    "RestrictSUIDSGID",
    "LockPersonality",
    "MemoryDenyWriteExecute",
    "RemoveIPC",
)
WORDS = {
    "Type": "exec",
    "CollectMode": "inactive-or-failed",
    "ProtectSystem": "strict",
    "ProtectHome": "yes",
    "ProtectProc": "invisible",
    "DevicePolicy": "closed",
    "KeyringMode": "private",
}


def call(number: int, *args: object) -> int:
    result = int(libc.syscall(number, *args))
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), str(number))
    return result


def detached() -> tuple[int, int]:
    device = os.open("/dev/fuse", os.O_RDWR | os.O_CLOEXEC)
    context = call(FSOPEN, b"fuse", 1)
    words = {"source": "s3://none", "fd": str(device), "rootmode": "40000", "user_id": "0", "group_id": "0"}
    for key, value in words.items():
        call(FSCONFIG, context, SET_STRING, key.encode(), value.encode(), 0)
    call(FSCONFIG, context, SET_FLAG, b"allow_other", None, 0)
    call(FSCONFIG, context, CREATE, None, None, 0)
    return device, call(FSMOUNT, context, 1, 2 | 4)


def attach(mount: int, beneath: bool = False) -> None:
    call(MOVE_MOUNT, mount, b"", -100, b"/mnt/try", 0x4 | (0x200 if beneath else 0))


def start(name: str, device: int) -> None:
    files = Gio.UnixFDList.new()
    properties = [
        *((one, V("b", True)) for one in YES),
        *((key, V("s", value)) for key, value in WORDS.items()),
        ("RestrictNamespaces", V("t", 0)),
        ("CapabilityBoundingSet", V("t", 0)),
        ("SystemCallArchitectures", V("as", ["native"])),
        ("UMask", V("u", 0o077)),
        ("SystemCallFilter", V("(bas)", (True, ["@system-service"]))),
        ("RestrictAddressFamilies", V("(bas)", (True, ["AF_INET", "AF_INET6", "AF_UNIX"]))),
        ("ExecStart", V("a(sasb)", [("/bin/sleep", ["sleep", "1000"], False)])),
        ("StandardInputFileDescriptor", V("h", files.append(device))),
    ]
    Gio.bus_get_sync(Gio.BusType.SYSTEM).call_with_unix_fd_list_sync(
        "org.freedesktop.systemd1",
        "/org/freedesktop/systemd1",
        "org.freedesktop.systemd1.Manager",
        "StartTransientUnit",
        V("(ssa(sv)a(sa(sv)))", (name, "fail", properties, [])),
        None,
        Gio.DBusCallFlags.NONE,
        10000,
        files,
        None,
    )
    os.close(device)


def output(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def wait_for_active(name: str) -> None:
    for _ in range(100):
        if output("systemctl", "show", "-P", "ActiveState", name) == "active":
            return
        time.sleep(0.05)
    raise SystemExit(f"{name} did not start")


def mounts() -> int:
    with open("/proc/self/mountinfo") as table:
        return sum(" /mnt/try " in line for line in table)


def connection() -> str:
    """The minor number of the mount is the name of its directory in fusectl."""
    with open("/proc/self/mountinfo") as table:
        return next(line.split()[2].split(":")[1] for line in table if " /mnt/try " in line)


# --- the proof
os.makedirs("/mnt/try")
device, mount = detached()
print("detached")
start("try-one.service", device)
wait_for_active("try-one.service")
pid = output("systemctl", "show", "-P", "MainPID", "try-one.service")
assert os.readlink(f"/proc/{pid}/fd/0") == "/dev/fuse", os.readlink(f"/proc/{pid}/fd/0")
assert os.stat(f"/proc/{pid}").st_uid >= 61184, "systemd's range of dynamic users"
print("unit runs as a dynamic user")
attach(mount)
assert mounts() == 1
print("mounted")
os.makedirs("/run/connections")
output("mount", "-t", "fusectl", "none", "/run/connections")
assert os.path.exists(f"/run/connections/{connection()}/waiting")
print("fusectl")
second, other = detached()
attach(other, beneath=True)
assert mounts() == 2
assert libc.umount2(b"/mnt/try", 2) == 0
assert mounts() == 1
print("swapped beneath")
os.close(second)
try:
    os.listdir("/mnt/try")
    raise SystemExit("a mount without a server answered")
except OSError as error:
    assert error.errno == 107, error
assert libc.umount2(b"/mnt/try", 2) == 0
output("systemctl", "stop", "try-one.service")
print("gone")
