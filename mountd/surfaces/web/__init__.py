"""The status over HTTP: a process of its own, fed over D-Bus, so that a daemon that hangs is seen from outside."""
