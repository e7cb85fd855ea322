"""The daemon's snapshot as others see it: D-Bus, HTTP."""
