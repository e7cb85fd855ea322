"""One ``[[mount]]``: defaults and presets merged in, every rule applied, turned into a ``Mount``."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from types import MappingProxyType
from typing import cast

from mountd.core.config import rules
from mountd.core.config.facts import Facts, Findings
from mountd.core.config.tables import MOUNT_TABLE, Field, Spot, read_fields
from mountd.core.config.values import WrongValueError, show, suggestion
from mountd.words.keys import OWN_PLACE
from mountd.words.model import Credentials, Mount, OptionValue, Place
from mountd.words.options import OPTIONS, Kind
from mountd.words.providers import DEFAULT, PROVIDERS, Preset, guessed


@dataclass
class Draft:
    """A mount while it is being read.

    ``written`` has all keys, those of faulty values too: what only follows from a fault is not said. ``folder`` is
    free of symbolic links, empty when it could not be read.
    """

    spot: Spot
    fields: dict[str, Field]
    written: frozenset[str]
    facts: Facts
    findings: Findings
    name: str = ""
    folder: str = ""
    options: dict[str, OptionValue] = field(default_factory=dict)

    def text(self, key: str) -> str:
        """A text value, empty when unset."""
        found = self.fields.get(key)
        return str(found.value) if found else ""

    def place(self, key: str) -> Place:
        """Where a key was written, else the mount."""
        found = self.fields.get(key)
        return found.place if found else self.spot.place()

    def problem(self, key: str, text: str, hint: str = "") -> None:
        """Note a fault of a key; one that stands in ``[defaults]`` is said once for all mounts."""
        self.findings.problem(self.place(key), self.label(key), text, hint)

    def label(self, key: str) -> str:
        """What messages call a key."""
        return f"defaults.{key}" if key in self.fields and self.fields[key].inherited else self.spot.label + key

    def faulty(self, key: str) -> bool:
        """Written, but not readable."""
        return key in self.written and key not in self.fields

    @property
    def preset(self) -> Preset:
        """The provider's row: the one written, else the one whose endpoints look like this one's."""
        return PROVIDERS[self.text("provider") or self.guess or DEFAULT]

    @property
    def guess(self) -> str:
        """The provider that the endpoint alone betrays, empty when one is written or none is."""
        return "" if "provider" in self.written or self.faulty("endpoint_url") else guessed(self.text("endpoint_url"))

    @property
    def credentials(self) -> Credentials:
        """Whose keys."""
        found = self.fields.get("credentials")
        return found.value if found and isinstance(found.value, Credentials) else Credentials()


@dataclass(frozen=True)
class Defaults:
    """``[defaults]``: what is right of it, and all keys that are written."""

    fields: Mapping[str, Field] = field(default_factory=dict)
    written: frozenset[str] = frozenset()


def read_draft(spot: Spot, table: Mapping[str, object], defaults: Defaults, facts: Facts, findings: Findings) -> Draft:
    """Read one mount, noting every fault of it that can be seen without the others."""
    own = read_fields(spot, table, MOUNT_TABLE, _home(table, facts), findings)
    inherited = {key: item for key, item in defaults.fields.items() if key not in table}
    draft = Draft(spot, {**inherited, **own}, defaults.written | frozenset(table), facts, findings)
    for key in ("bucket", "folder"):
        if key not in table:
            draft.problem(key, "is missing", f'write: {key} = "..."')
    draft.options = _options(draft)
    for check in _CHECKS:
        check(draft)
    return draft


def label(table: Mapping[str, object], number: int) -> str:
    """How a mount is called in messages: its name, else the one that its folder gives, else its number."""
    for key in ("name", "folder"):
        value = table.get(key)
        if isinstance(value, str) and (found := rules.derived_name(value)):
            return f'mount "{found}": '
    return f"mount {number}: "


def _home(table: Mapping[str, object], facts: Facts) -> str:
    credentials = table.get("credentials")
    users = [table.get("user"), credentials.get("user") if isinstance(credentials, dict) else None]
    homes = [facts.home_of(user) for user in users if isinstance(user, str)]
    return next((home for home in homes if home), "")


def _options(draft: Draft) -> dict[str, OptionValue]:
    given = {key: cast(OptionValue, item.value) for key, item in draft.fields.items() if key in OPTIONS}
    region = draft.preset.region(draft.text("endpoint_url"))
    return {**draft.preset.options, **({"region": region} if region else {}), **given}


def _rule(draft: Draft, key: str, rule: Callable[[str], object]) -> None:
    """Apply a rule to a text value when it is set."""
    if key not in draft.fields:
        return
    try:
        rule(draft.text(key))
    except WrongValueError as wrong:
        draft.problem(key, wrong.text, wrong.hint)


def _check_bucket(draft: Draft) -> None:
    # Buckets made in us-east-1 before 2018 may break the rules; they are reached by path style only.
    strict = not draft.faulty("provider") and draft.preset.name == "aws" and not draft.options.get("force_path_style")
    _rule(draft, "bucket", lambda text: rules.bucket(text, strict))
    _rule(draft, "prefix", rules.prefix)


def _check_store(draft: Draft) -> None:
    if draft.faulty("provider"):
        return
    if draft.guess:
        draft.findings.note(draft.place("endpoint_url"), draft.label("endpoint_url"),
                            f"this is {draft.preset.title}; the mount is read as if it had provider = "
                            f"{show(draft.guess)}")
    if not draft.faulty("endpoint_url"):
        try:
            rules.endpoint(draft.preset, draft.text("endpoint_url"))
        except WrongValueError as wrong:
            draft.problem("endpoint_url", wrong.text, wrong.hint)
    if draft.preset.name == "aws":
        _rule(draft, "region", lambda text: _check_region(draft, text))
        _rule(draft, "expected_bucket_owner", rules.account)


def _check_region(draft: Draft, text: str) -> None:
    remark = rules.region(text, draft.facts.regions)
    if remark:
        draft.findings.note(draft.place("region"), draft.label("region"), remark)


def _check_folder(draft: Draft) -> None:
    written = draft.text("folder")
    if not written:
        return
    draft.folder = draft.facts.resolve_folder(written)
    _rule(draft, "folder", lambda _text: rules.folder(draft.folder))
    if draft.folder != written:
        draft.findings.note(draft.place("folder"), f"{draft.spot.label}folder",
                            f"{show(written)} leads to {show(draft.folder)}; the bucket is mounted there")


def _check_name(draft: Draft) -> None:
    if "name" in draft.fields:
        _rule(draft, "name", rules.name)
        draft.name = draft.text("name")
    elif draft.folder and not draft.faulty("name"):
        draft.name = rules.derived_name(draft.text("folder"))
        if not draft.name:
            draft.problem("name", "cannot be derived from the folder", 'write: name = "..."')


def _check_people(draft: Draft) -> None:
    facts = draft.facts
    for key, exists, known in (("user", facts.user_exists, facts.users), ("group", facts.group_exists, facts.groups)):
        text = draft.text(key)
        if text and not text.isdecimal() and not exists(text):
            draft.problem(key, f"there is no {key} {show(text)} on this machine", suggestion(text, known))
    user = draft.credentials.user
    if user and not facts.user_exists(user):
        draft.findings.problem(draft.place("credentials"), f"{draft.label('credentials')}.user",
                               f"there is no user {show(user)} on this machine", suggestion(user, facts.users))


def _is_set(draft: Draft, key: str) -> bool:
    """Written, and not a flag that is off."""
    return key in draft.fields and draft.fields[key].value is not False


def _check_combinations(draft: Draft) -> None:
    for key in sorted(draft.fields):
        option = MOUNT_TABLE[key]
        if not _is_set(draft, key):
            continue
        for other in option.conflicts:
            if _is_set(draft, other):
                _conflict(draft, key, other)
        if option.requires and option.requires not in draft.written:
            draft.problem(key, f"has no effect without {option.requires}", f"set {option.requires}, or remove {key}")


def _conflict(draft: Draft, key: str, other: str) -> None:
    """Said at the key that stands in the mount itself, since the other may be right for all other mounts."""
    if draft.fields[other].inherited:
        key, other = other, key
    draft.problem(other, f"cannot be set beside {key} ({draft.place(key)})", _way_out(draft, key, other))


def _way_out(draft: Draft, key: str, other: str) -> str:
    for name in (key, other):
        if draft.fields[name].inherited and MOUNT_TABLE[name].kind is Kind.FLAG:
            return f"write {name} = false in this mount"
    return "remove one of the two"


def _check_waiting(draft: Draft) -> None:
    """A limit in ``[defaults]`` is for those mounts that wait."""
    limit = draft.fields.get("wait_limit")
    if limit is None or limit.inherited or draft.faulty("when_away") or draft.text("when_away") == "wait":
        return
    draft.findings.note(limit.place, draft.label("wait_limit"), 'has no effect without when_away = "wait"')


def _check_special(draft: Draft) -> None:
    _rule(draft, "sse_kms_key_id", rules.kms_key)
    _rule(draft, "cache_xz", rules.directory_bucket)
    if draft.text("sse") == "AES256" and "sse_kms_key_id" in draft.fields:
        draft.problem("sse_kms_key_id", 'cannot be set beside sse = "AES256"', 'write sse = "aws:kms", or remove it')
    express = draft.text("bucket").endswith(("--x-s3", "-xa-s3")) or draft.text("bucket_type") == "directory"
    if _is_set(draft, "incremental_upload") and "bucket" in draft.fields and not (
            express or draft.text("bucket").startswith("arn:")):
        draft.problem("incremental_upload", "works only on S3 Express directory buckets", "remove the key")


_MEMORY = ("memory_target", "memory_high", "memory_max")


def _check_memory(draft: Draft) -> None:
    """What the worker plans with, what it is held at, what it may not exceed: in this order."""
    found = [(key, draft.fields[key].value) for key in _MEMORY if key in draft.fields]
    given = [(key, value) for key, value in found if isinstance(value, int)]
    for (low, less), (high, more) in pairwise(given):
        if less > more:
            draft.problem(low, f"must not be above {high}, which is {more} ({draft.place(high)})",
                          f"write {low} = {more} or less")


_CHECKS: tuple[Callable[[Draft], None], ...] = (
    _check_bucket, _check_store, _check_folder, _check_name, _check_people, _check_combinations, _check_waiting,
    _check_special, _check_memory,
)


def finish(draft: Draft) -> Mount:
    """The mount of a draft without problems."""
    own = {key: item.value for key, item in draft.fields.items()
           if key not in OPTIONS and key not in OWN_PLACE and key not in {"credentials", "provider"}}
    return Mount(
        name=draft.name, bucket=draft.text("bucket"), folder=draft.folder, place=draft.spot.place(),
        provider=draft.preset.name,
        prefix=draft.text("prefix"), options=MappingProxyType(dict(sorted(draft.options.items()))),
        credentials=draft.credentials, **cast(dict[str, str], own),  # type: ignore[arg-type]
    )
