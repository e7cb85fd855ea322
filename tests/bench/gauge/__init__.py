"""What measures: copied into a machine and run there as root, `python3 -m gauge.NAME`, one JSON object out.

Only the standard library, and nothing of s3mountd but its commands: the machine is seen as a person would see it.
"""
