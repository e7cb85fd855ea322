"""Processes as /proc shows them."""

import os
from pathlib import Path

import pytest

from mountd.system import processes


def test_the_memory_of_a_process_is_what_the_kernel_accounts_to_it() -> None:
    pages = int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    assert processes.resident(os.getpid()) == pytest.approx(pages, rel=0.2)


def test_a_process_that_is_gone_has_none() -> None:
    with pytest.raises(FileNotFoundError):
        processes.resident(0)
