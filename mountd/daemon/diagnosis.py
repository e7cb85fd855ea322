"""What S3 itself says of a mount, asked apart from its worker; those who would hear the same share one question."""

import os
from collections.abc import Callable
from dataclasses import dataclass

from mountd.core.diagnosis import Finding, target
from mountd.core.messages import Cause
from mountd.core.s3_question import place
from mountd.daemon.vault import Vault
from mountd.system import keys
from mountd.system.asking import Answer, Callback, fail_soon
from mountd.system.s3.link import Stores
from mountd.words.errors import MountdError
from mountd.words.model import Mount

DEADLINE = 8.0
"""Seconds for all steps together."""

Told = Callable[[Finding | None], None]


@dataclass(frozen=True)
class _Waiting:
    mount: Mount
    told: Told


class Diagnoses:
    """Asks of a mount at most one question at a time, and while an endpoint's is open nobody else asks the endpoint.

    What is wrong with the network or the endpoint is then told to all of them; who needs to know of his own bucket and
    keys asks after that.
    """

    def __init__(self, stores: Stores, vault: Vault) -> None:
        self._stores, self._vault = stores, vault
        self.heard: Callable[[Mount, str], None] = lambda _mount, _server: None
        """Called with what the store of a mount says of itself, whenever it is found to be well."""
        self._following: dict[object, list[_Waiting]] = {}

    def ask(self, mount: Mount, told: Told) -> None:
        """Find out what is wrong. ``told`` gets what was found, or None when it could not be found out."""
        one, key = _Waiting(mount, told), way(mount)
        if key in self._following:
            self._following[key].append(one)
            return
        self._following[key] = []
        self._question(one, lambda finding: self._led(key, one, finding))

    def _led(self, key: object, leader: _Waiting, finding: Finding | None) -> None:
        following = self._following.pop(key)
        leader.told(finding)
        for one in following:
            if finding is None or finding.shared:
                one.told(finding)
            else:
                self._question(one, one.told)

    def _question(self, one: _Waiting, told: Told) -> None:
        def answered(answer: Answer | MountdError) -> None:
            finding = _finding(answer)
            if finding is not None and finding.cause is None and finding.server:
                self.heard(one.mount, finding.server)
            told(finding)

        ask_with_keys(self._stores, self._vault, "diagnose", one.mount, answered)

    def ask_about(self, task: str, mount: Mount, answered: Callback, **fields: object) -> None:
        """Ask something else of a mount's bucket; ``answered`` is called in any case, and not from within."""
        ask_with_keys(self._stores, self._vault, task, mount, answered, **fields)


def ask_with_keys(stores: Stores, vault: Vault, task: str, mount: Mount, answered: Callback, **fields: object) -> None:
    """Put a question about a mount, with the means to answer it as its worker would."""
    broker, token = vault.door(mount.name)
    try:
        files = keys.opened(mount.name)
        files |= {"token": os.open(token, os.O_RDONLY | os.O_CLOEXEC)} if token else {}
    except OSError as error:
        fail_soon(answered, f"the keys: {error.strerror}")
        return
    try:
        if "ca_bundle" in mount.options and keys.CA not in files:
            # Without it the answer would be that the CA is not trusted, which is not so.
            fail_soon(answered, "the CA bundle has not been read yet")
            return
        stores.ask(
            task, answered, descriptors=list(files.values()), files=list(files), **place(mount),
            elsewhere=mount.name in vault.accounts, broker=broker, **{"deadline": DEADLINE, **fields})
    finally:
        for number in files.values():
            os.close(number)


def way(mount: Mount) -> object:
    """What two mounts have to have in common for the network to be the same to them."""
    options = mount.options
    path_style = bool(options.get("force_path_style"))
    place = target(str(options.get("endpoint_url", "")), str(options.get("region", "")), mount.bucket,
                   path_style=path_style)
    return place, options.get("ca_bundle"), mount.proxy, mount.owner


def _finding(answer: Answer | MountdError) -> Finding | None:
    if isinstance(answer, MountdError):
        return None
    cause = Cause(answer["code"], answer["detail"]) if answer["code"] else None
    return Finding(cause, bool(answer["shared"]), float(answer["seconds"]), answer["skew"],
                   str(answer["server"]))
