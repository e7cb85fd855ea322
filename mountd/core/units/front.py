"""The units of a front: a socket in a network namespace of its own, and haproxy, which answers on it from this one.

"If enabled on a socket unit, the sockets will be created in the private network namespace" (systemd.exec(5),
PrivateNetwork=). Values only. Property names and types are those of org.freedesktop.systemd1(5).
"""

from mountd.core.front import LOOPBACK, Front
from mountd.core.units.sandbox import Property, narrowed
from mountd.words import paths

_MIB = 1024 * 1024
SYSTEM_CA = "/etc/ssl/certs/ca-certificates.crt"
"""What Debian's ca-certificates makes."""
CONFIG, CA = "haproxy.cfg", "ca.pem"


def pair(name: str) -> tuple[str, str]:
    """Socket and service of the front of that name."""
    return f"{paths.FRONT_PREFIX}{name}.socket", f"{paths.FRONT_PREFIX}{name}.service"


def service(front: Front) -> str:
    """The unit of its haproxy."""
    return pair(front.name)[1]


def socket(front: Front) -> str:
    """The unit of its socket, to whose namespace its workers belong."""
    return pair(front.name)[0]


def runtime(front: Front) -> str:
    """Its own folder in /run."""
    return f"{paths.FRONT_PREFIX}{front.name}"


def control(front: Front) -> str:
    """Where it answers questions."""
    return f"/run/{runtime(front)}/control"


def ca_file(front: Front) -> str:
    """The CAs that it trusts, as it sees them."""
    return f"/run/credentials/{service(front)}/{CA}" if front.ca_bundle else SYSTEM_CA


def socket_properties(front: Front) -> list[Property]:
    """Of the socket. One that is asked for by a connection starts the service, whatever has become of it."""
    return [
        Property("Description", "s", f"S3 front for {front.endpoint_url}"),
        Property("Listen", "a(ss)", [("Stream", f"{LOOPBACK}:{front.inner_port}")]),
        Property("PrivateNetwork", "b", True),
        # Who joins a namespace shares /tmp as well, where both have one of their own.
        Property("PrivateTmp", "b", True),
        Property("Backlog", "u", 1024),
        Property("TriggerLimitBurst", "u", 0),
        Property("StartLimitIntervalUSec", "t", 0),
        Property("CollectMode", "s", "inactive-or-failed"),
    ]


def service_properties(front: Front, folder: str) -> list[Property]:
    """Of haproxy; ``folder`` has its files on the host."""
    unit = service(front)
    loaded = [(CONFIG, f"{folder}/{CONFIG}")] + ([(CA, f"{folder}/{CA}")] if front.ca_bundle else [])
    argv = [str(paths.HAPROXY), "-db", "-f", f"/run/credentials/{unit}/{CONFIG}"]
    return [
        Property("Description", "s", f"S3 front for {front.endpoint_url}: no rename passes it"),
        Property("Type", "s", "exec"),
        Property("ExecStart", "a(sasb)", [(argv[0], argv, False)]),
        # Its socket is kept by systemd meanwhile, so that nobody is refused.
        Property("Restart", "s", "always"),
        Property("RestartUSec", "t", 100_000),
        Property("StartLimitIntervalUSec", "t", 0),
        # systemd: "could not run the program"; no restart helps (systemd.exec(5)).
        Property("RestartPreventExitStatus", "(aiai)", ([203], [])),
        Property("TimeoutStopUSec", "t", 5_000_000),
        # At a shutdown what stands after another one goes before it: workers, front, network.
        Property("After", "as", ["network.target", "nss-lookup.target"]),
        Property("StandardOutput", "s", "journal"),
        Property("StandardError", "s", "journal"),
        Property("SyslogIdentifier", "s", unit.removesuffix(".service")),
        Property("LoadCredential", "a(ss)", loaded),
        Property("RuntimeDirectory", "as", [runtime(front)]),
        Property("RuntimeDirectoryMode", "u", 0o700),
        # Two buffers of 128 KiB for each connection.
        Property("MemoryMax", "t", 512 * _MIB),
        Property("OOMScoreAdjust", "i", 50),
        Property("TasksMax", "t", 64),
        Property("LimitNOFILE", "t", 16384),
        Property("LimitCORE", "t", 0),
        Property("WorkingDirectory", "s", "/"),
        *narrowed([Property("ProcSubset", "s", "pid")]),
        # A second filter takes away from the first (systemd.exec(5), SystemCallFilter=).
        Property("SystemCallFilter", "(bas)", (False, ["@privileged"])),
        Property("SystemCallErrorNumber", "i", 1),
    ]


def joined(front: Front) -> list[Property]:
    """No network but that of the front's namespace."""
    return [Property("PrivateNetwork", "b", True), Property("JoinsNamespaceOf", "as", [socket(front)])]


def worker_properties(front: Front, folder: str) -> list[Property]:
    """What a worker gets that goes by the front: no network but its namespace, and the host name that leads there."""
    return [
        *joined(front),
        # They drain by it at a shutdown. Neither pulls up the other: the daemon does, in the right order.
        Property("After", "as", [socket(front), service(front)]),
        Property("BindReadOnlyPaths", "a(ssbt)", [(f"{folder}/hosts", "/etc/hosts", False, 0)]),
    ]
