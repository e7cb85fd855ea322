"""The process that gives workers their keys, and the daemon's line to it."""
