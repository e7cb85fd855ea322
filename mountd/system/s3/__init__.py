"""What asks S3 apart from the workers: a process of its own, with network and without files."""
