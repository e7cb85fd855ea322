"""What to do, decided from values alone: no files, no bus, no clock."""
