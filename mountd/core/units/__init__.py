"""Units of systemd as values: what s3mountd starts, and what that may not do. Nothing here speaks to systemd."""
