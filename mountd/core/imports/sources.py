"""The names of what can be imported, for those who do not need the parsers."""

SOURCES = ("fstab", "s3cfg", "s3fs", "rclone", "mount-s3")
