"""A cause with its sentence and hint filled in for one mount."""

import re
from collections import defaultdict

from mountd.core.messages import Cause
from mountd.words.errors import FAULTS
from mountd.words.model import Mount, Reason

FIELDS = ("name", "bucket", "folder", "endpoint", "region", "place", "credentials", "detail")
"""What the templates in ``words.errors`` may name."""
_DETAIL = re.compile(r"(?:(?: \([a-z ]*| by| for)?[ :(]*\{detail\}\)?$)|\{detail\} ")
"""The detail with the words that lead to it, for a sentence that has to do without."""


def reason(cause: Cause, mount: Mount | None = None, credentials: str = "") -> Reason:
    """The reason a person reads; a field that is not known is left empty."""
    fault = FAULTS[cause.code]
    fields: defaultdict[str, str] = defaultdict(str, detail=cause.detail, credentials=credentials)
    if mount is not None:
        fields.update(
            name=mount.name, bucket=mount.bucket, folder=mount.folder, endpoint=mount.endpoint,
            region=str(mount.options.get("region", "")), place=_place(mount),
        )
    sentence = fault.sentence if cause.detail else _DETAIL.sub("", fault.sentence) or cause.code
    return Reason(cause.code, sentence.format_map(fields), cause.hint or fault.hint.format_map(fields))


def _place(mount: Mount) -> str:
    """Where to mend what is written of it; a list of users only the daemon writes (ADR 21)."""
    return f"the mount (s3mountctl remove {mount.name}, then add it anew)" if mount.owner else str(mount.place)
