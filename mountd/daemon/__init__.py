"""The shell that observes, asks core what to do, and does it."""
