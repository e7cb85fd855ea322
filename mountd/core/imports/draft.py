"""A mount on its way from another tool's words to ours: keys as they are found, and remarks on what has no key here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from mountd.core.config.tables import MOUNT_TABLE
from mountd.words.options import Kind


@dataclass(frozen=True)
class Remark:
    """Something that is not as it was; ``where`` is what the source calls the place."""

    where: str
    text: str

    def __str__(self) -> str:
        return f"{self.where}: {self.text}"


@dataclass(frozen=True)
class Proposal:
    """A mount as ``mounts.toml`` would have it; ``bucket`` and ``folder`` are missing where the source names none."""

    where: str
    label: str
    """What chooses it: a folder, the name of a remote or a section, "" for nothing."""
    keys: Mapping[str, object]

    @property
    def missing(self) -> list[str]:
        """The keys that no mount can be without."""
        return [key for key in ("bucket", "folder") if key not in self.keys]


@dataclass(frozen=True)
class Imported:
    """Everything that was found in one source."""

    proposals: tuple[Proposal, ...] = ()
    remarks: tuple[Remark, ...] = ()

    def __add__(self, other: "Imported") -> "Imported":
        return Imported(self.proposals + other.proposals, self.remarks + other.remarks)


@dataclass(frozen=True)
class Word:
    """What one option of another tool means here.

    It sets ``key`` to ``fixed``, or to its own value read by ``read``; without a key nothing is lost, unless ``lost``
    says what is.
    """

    key: str = ""
    fixed: object = None
    read: Callable[[str], object] | None = None
    lost: str = ""


QUIET = Word()
Words = Mapping[str, Word]


def _nowhere(_file: str) -> str:
    return ""


@dataclass(frozen=True)
class Source:
    """A text to import. ``look`` gives the text of another file that it refers to, "" when it cannot be read."""

    text: str
    file: str
    look: Callable[[str], str] = _nowhere


def lost(text: str) -> Word:
    """An option that cannot be taken over, and why."""
    return Word(lost=text)


@dataclass(frozen=True)
class Line:
    """A line of fstab: what is mounted where; ``options`` as they stand there, ``look`` as in a source."""

    source: str
    folder: str
    options: str
    look: Callable[[str], str] = _nowhere

    @property
    def words(self) -> list[str]:
        """The options, for programs that know no escapes."""
        return [word for word in self.options.split(",") if word]

    def value(self, name: str) -> str:
        """The value of an option, "" when there is none."""
        return dict(word.partition("=")[::2] for word in self.words).get(name, "")


@dataclass
class Draft:
    """Collects one mount."""

    where: str
    label: str = ""
    keys: dict[str, object] = field(default_factory=dict)
    credentials: dict[str, object] = field(default_factory=dict)
    remarks: list[Remark] = field(default_factory=list)

    def remark(self, text: str) -> None:
        """Say something of it."""
        self.remarks.append(Remark(self.where, text))

    def take(self, words: Words, name: str, value: str) -> None:
        """One option of the other tool; "" for a value that is not there."""
        word = words.get(name)
        if word is None:
            self.remark(f"{name} was not taken over: it is not known here")
        elif word.lost:
            self.remark(f"{name} was not taken over: {word.lost}")
        elif word.key:
            try:
                self.set(word.key, word.fixed if word.fixed is not None else (word.read or str)(value))
            except ValueError:
                self.remark(f"{name} was not taken over: its value is not understood")

    def set(self, key: str, value: object) -> None:
        """A key of ours; ``credentials.`` begins one of that table. Raises ValueError for text that is no value."""
        if key.startswith("credentials."):
            self.credentials[key.removeprefix("credentials.")] = value
        elif isinstance(value, str):
            self.keys[key] = _typed(key, value, self.keys.get(key))
        else:
            self.keys[key] = value

    def place(self, bucket: str, prefix: str, folder: str) -> None:
        """Where it comes from and where it goes; "" for what is not known."""
        self.keys |= {"bucket": bucket} if bucket else {}
        self.keys |= {"prefix": prefix.strip("/") + "/"} if prefix.strip("/") else {}
        self.keys |= {"folder": folder.rstrip("/") or "/"} if folder else {}
        self.label = self.label or folder.rstrip("/")

    def done(self) -> Imported:
        """The proposal with its remarks."""
        keys = {**self.keys, **({"credentials": dict(self.credentials)} if self.credentials else {})}
        return Imported((Proposal(self.where, self.label, keys),), tuple(self.remarks))

    def refused(self, text: str) -> Imported:
        """No proposal, but the reason."""
        return Imported((), (Remark(self.where, text),))


def url_of(host: str, https: bool = True) -> str:
    """A URL from what may be only a host."""
    text = host.strip().rstrip("/")
    return text if "://" in text or not text else f"http{'s' if https else ''}://{text}"


def secret_keys(draft: Draft, file: str, profile: str) -> None:
    """Keys that lie in another tool's file are named by a profile, never copied."""
    draft.credentials["profile"] = profile
    draft.remark(f"its keys lie in {file} and are not copied: put them as [{profile}] with aws_access_key_id and "
                 "aws_secret_access_key into ~/.aws/credentials of the folder's owner (aws configure --profile "
                 f"{profile})")


def _typed(key: str, text: str, before: object) -> object:
    kind = MOUNT_TABLE[key].kind
    if kind is Kind.INT or (kind is Kind.TTL and text not in MOUNT_TABLE[key].choices):
        return int(text)
    if kind is Kind.MODE:
        return f"{int(text, 8):04o}"
    if kind is Kind.FLAG:
        return _boolean(text)
    if kind is Kind.LIST:
        return [*before, text] if isinstance(before, list) else [text]
    return text


def _boolean(text: str) -> bool:
    if text.lower() in {"", "1", "true", "yes", "on"}:
        return True
    if text.lower() in {"0", "false", "no", "off"}:
        return False
    raise ValueError(text)
