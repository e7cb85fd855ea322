"""Which file a mount-s3 is: another one under the same name is another program. Pure."""


def program(path: str, *numbers: int) -> str:
    """Of a file's path and what tells it from another one there."""
    return f"{path}:{'-'.join(map(str, numbers))}"


def is_replaced(old: str, new: str) -> bool:
    """Has the file of that name been replaced? False for who does not say, and for a program in another place: that one
    is for workers to come."""
    return bool(old) and old != new and old.partition(":")[0] == new.partition(":")[0]
