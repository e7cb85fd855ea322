"""How much memory each worker plans with, so that all of them together leave room for the people of the machine.

Left to itself each mount-s3 plans with 95 % of the machine's memory, or of its control group's limit (research note of
its source: ``m/cli.rs``, ``fs/memory/limiter.rs``). It is told less by ``--memory-target``, which 1.24 brought.
"""

LEAST = 512
"""MiB; mount-s3 refuses less."""
_OF_THE_LIMIT = 0.8
"""What is planned with is not all that is used: buffers of the network and of the process come on top."""


def share(total: int, mounts: int, high: int = 0, top: int = 0) -> int:
    """MiB for each of so many mounts on a machine of ``total`` MiB; ``high`` and ``top`` are limits of its own or 0.

    Half of the memory, divided by the number of mounts made a power of two: one more mount mostly changes nothing for
    the others. A worker learns its share when it starts and keeps it.
    """
    groups = 1 << max(0, mounts - 1).bit_length()
    fair = total // 2 // groups
    limits = [int(limit * _OF_THE_LIMIT) for limit in (high, top) if limit]
    return max(LEAST, min([fair, *limits]))
