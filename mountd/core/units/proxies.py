"""The proxy of a worker: that of its mount or none, whatever the environment of others says. Values only."""

_TAKEN = ("HTTPS_PROXY", "HTTP_PROXY")
_NEAR = "127.0.0.1,169.254.169.254"
"""Where keys come from, straight: the broker, and the machine's own metadata."""
_EVERY = (*_TAKEN, "NO_PROXY", "ALL_PROXY", "https_proxy", "http_proxy", "no_proxy", "all_proxy")
"""What mount-s3 (since 1.20) would take from the environment."""


def environment(proxy: str) -> list[str]:
    """Variables for a worker whose mount has that proxy ("": none)."""
    return [*(f"{name}={proxy}" for name in _TAKEN), f"NO_PROXY={_NEAR}"] if proxy else []


def unset(proxy: str) -> list[str]:
    """Variables that it must not inherit: it goes the way its mount says, and is asked about by that way."""
    given = {pair.partition("=")[0] for pair in environment(proxy)}
    return [name for name in _EVERY if name not in given]
