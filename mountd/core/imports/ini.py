"""Files of sections with ``key = value``, as rclone and s3cmd write them."""

import configparser
from collections.abc import Mapping


def sections(text: str) -> dict[str, Mapping[str, str]]:
    """All sections, empty values left out. Raises ValueError for what is no such file."""
    parser = configparser.RawConfigParser(strict=False, default_section="")
    try:
        parser.read_string(text)
    except configparser.Error as error:
        # What the parser repeats of the text might be a secret.
        raise ValueError(type(error).__name__) from None
    return {name: {key: value.strip() for key, value in parser.items(name) if value.strip()}
            for name in parser.sections()}
