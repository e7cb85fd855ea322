"""The figures of the design, measured in a booted machine as ratios to a peer in the same run."""
