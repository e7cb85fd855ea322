"""How well a mount is, as an exit status: ``core.verdict``, under the name that the commands know it by."""

from mountd.core.verdict import Document, Exit, is_ready, needs_person, of_document, of_mount, of_mounts

__all__ = ["Document", "Exit", "is_ready", "needs_person", "of_document", "of_mount", "of_mounts"]
