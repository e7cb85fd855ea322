"""Text that others made, for people to read."""


def visible(text: str) -> str:
    """Control characters, half characters and turns of direction in a readable form: they shall do nothing."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)
