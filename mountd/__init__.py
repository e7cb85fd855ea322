"""s3mountd keeps S3 buckets mounted as folders: a daemon, its words, and the command line that talks to it."""

__version__ = "0.1.0"
