"""What keys look like in a text. Pure, and never a part of what is found.

Forms: AWS, IAM User Guide, "Understanding unique ID prefixes" (access key IDs), and the settings of the AWS CLI, s3cmd,
s3fs and rclone.
"""

import re

ACCESS = re.compile(r"(?<![A-Za-z0-9])(?:AKIA|ASIA)[A-Z2-7]{16}(?![A-Za-z0-9])")
"""The number of an AWS key: permanent or temporary."""
SETTING = r"(?:aws_secret_access_key|aws_session_token|secret_?access_?key|session_?token|secret_?key)"
"""What the settings are called that have a secret; case does not count."""
_SETTING = re.compile(rf"(?i)\b{SETTING}\b[\"']?\s*[=:]\s*[\"']?[^\s\"'#$<]{{8,}}")
"""A secret with its name before it; not one that is taken from a variable or left out."""
_PASSWD = re.compile(r"(?m)^[A-Za-z0-9]{16,}:[A-Za-z0-9/+=]{20,}$")
"""A line of s3fs's passwd file."""
PATTERNS = (ACCESS, _SETTING, _PASSWD)


def lines_with_keys(text: str) -> list[int]:
    """Numbers of the lines that look like keys, from 1; comments are lines like any other."""
    return [number for number, line in enumerate(text.splitlines(), 1)
            if any(pattern.search(line) for pattern in PATTERNS)]
