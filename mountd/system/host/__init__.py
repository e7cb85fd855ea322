"""What the command line has to know of this machine, looked up by a child process that may be left behind."""
