"""The front: haproxy between the workers of an endpoint and the store, so that no rename reaches the store. Pure.

It answers 501 to ``PUT …?renameObject``, which mount-s3 takes for "not implemented", and passes everything else with
its Host header and so with its signature intact (tried with haproxy 2.6 and mount-s3 1.24 on RGW 18.2.7). It speaks TLS
to the store; its workers speak plain HTTP to it in a network namespace of their own, in which there is nothing else and
the endpoint's host name is the loopback's.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from mountd.core.diagnosis import is_address
from mountd.words.model import Mount

LOOPBACK = "127.0.0.1"
_NAMESERVER = re.compile(r"^nameserver\s+(\S+)", re.MULTILINE)
_NAMES = re.compile(r"[A-Za-z0-9._-]+")


@dataclass(frozen=True)
class Front:
    """One endpoint as its workers meet it. ``ca_bundle`` is the CA file that the configuration names, or nothing."""

    endpoint_url: str
    ca_bundle: str = ""
    owner: str = ""
    """Whose mounts go by it: what a user does at a front is not to be felt by others."""

    @classmethod
    def of(cls, mount: Mount) -> "Front":
        """That of a mount's endpoint."""
        return cls(str(mount.options.get("endpoint_url", "")).rstrip("/"), str(mount.options.get("ca_bundle", "")),
                   mount.owner)

    @property
    def name(self) -> str:
        """What its units are called by."""
        parts = [self.endpoint_url, self.ca_bundle, *filter(None, [self.owner])]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]

    @property
    def host(self) -> str:
        """The store's."""
        return urlsplit(self.endpoint_url).hostname or ""

    @property
    def tls(self) -> bool:
        """Does the store speak TLS?"""
        return urlsplit(self.endpoint_url).scheme == "https"

    @property
    def port(self) -> int:
        """The store's."""
        return urlsplit(self.endpoint_url).port or (443 if self.tls else 80)

    @property
    def inner_port(self) -> int:
        """Where its workers find it: the port that is written, so that their Host header is what it would be."""
        return urlsplit(self.endpoint_url).port or 80

    @property
    def inner_url(self) -> str:
        """The endpoint as its workers are told of it."""
        parts = urlsplit(self.endpoint_url)
        host = LOOPBACK if is_address(self.host) else self.host
        return f"http://{host}:{parts.port}" if parts.port else f"http://{host}"

    @property
    def obstacle(self) -> str:
        """Why it cannot be had, "" when it can.

        "verifyhost" is compared with the names of a certificate and not with its addresses (tried with haproxy 2.6 and
        3.0: an IP entry of subjectAltName does not count, the same text as a DNS entry or as common name does).
        """
        if self.tls and is_address(self.host):
            return "haproxy compares no certificate with an address"
        return "" if _NAMES.fullmatch(self.host) else f"haproxy is told of no host such as {self.host}"


def hosts(front: Front, buckets: Sequence[str]) -> str:
    """/etc/hosts of its workers; a bucket's own name counts where that is how it is asked for."""
    names = [] if is_address(front.host) else [front.host, *(f"{one}.{front.host}" for one in sorted(set(buckets)))]
    return f"{LOOPBACK} {' '.join(['localhost', *names])}\n"


def nameservers(resolv_conf: str) -> tuple[str, ...]:
    """The servers that resolv.conf(5) names, without zones of links, which haproxy does not know."""
    return tuple(one for one in _NAMESERVER.findall(resolv_conf) if is_address(one) and "%" not in one)


_TEXT = """\
global
    maxconn 1500
    # With the default of 16 KiB a read had 0.75 of its speed without a front.
    tune.bufsize 131072
    # A GiB of plain HTTP by way of it takes 0.4 s of CPU more than without, with splice-auto 0.65 s (2.6, which then
    # rarely splices). All pipes together are within what a user may have by default (pipe(7), pipe-user-pages-soft).
    tune.pipesize 1048576
    maxpipes 60
    stats socket {control} mode 600 level user
defaults
    mode http
    option http-no-delay
    option splice-request
    option splice-response
    # An upload may take its time; mount-s3 has its own idea of what takes too long.
    timeout connect 10s
    timeout client 1h
    timeout server 1h
    # mount-s3 tries again by itself, and shall see what it would see without a front: no answer.
    retries 0
    errorfile 500 /dev/null
    errorfile 502 /dev/null
    errorfile 503 /dev/null
    errorfile 504 /dev/null
{resolvers}frontend workers
    bind fd@3
    acl rename query -m beg renameObject
    acl rename query -m sub &renameObject
    http-request return status 501 content-type application/xml string "{answer}" if METH_PUT rename
    default_backend store
backend store
    server store {host}:{port} init-addr last,libc,none{tls}{resolve}
"""
# A name that DNS does not know may stand in /etc/hosts: what was found once holds until there is something better.
_RESOLVERS = """\
resolvers system
{servers}    resolve_retries 3
    timeout resolve 1s
    timeout retry 1s
    accepted_payload_size 4096
    hold valid 10s
    hold nx 24d
    hold obsolete 24d
    hold other 24d
    hold refused 24d
    hold timeout 24d
"""
_ANSWER = "<Error><Code>NotImplemented</Code><Message>this store cannot rename</Message></Error>"


def config(front: Front, control: str, ca_file: str, servers: Sequence[str]) -> str:
    """haproxy.cfg. ``control`` is the path of its socket for questions, ``ca_file`` that of the CAs it trusts."""
    named = not is_address(front.host) and bool(servers)
    listed = "".join(f"    nameserver ns{number} {_bracketed(one)}:53\n" for number, one in enumerate(servers))
    tls = f" ssl verify required ca-file {ca_file} sni str({front.host}) verifyhost {front.host}" if front.tls else ""
    return _TEXT.format(
        control=control, answer=_ANSWER, host=front.host, port=front.port, tls=tls,
        resolvers=_RESOLVERS.format(servers=listed) if named else "", resolve=" resolvers system" if named else "")


def _bracketed(address: str) -> str:
    return f"[{address}]" if ":" in address else address
