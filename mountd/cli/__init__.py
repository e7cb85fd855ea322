"""s3mountctl: a client of the daemon, a table of commands, and the text they print."""
