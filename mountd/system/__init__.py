"""The world, one adapter for each part of it: systemd, FUSE, the mount table, helper processes."""
