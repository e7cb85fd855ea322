"""`make demo`: s3mountd from the package to a rebooted machine, each step shown and judged."""
