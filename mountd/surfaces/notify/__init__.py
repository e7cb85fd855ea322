"""s3mountd-notify: what the daemon says, as notifications on somebody's desktop. A process of that user's own."""
