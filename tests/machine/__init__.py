"""Booted Debian machines for tests, demo and trying by hand."""

from tests.machine.inside import CommandFailed, Result
from tests.machine.machine import Machine

__all__ = ["CommandFailed", "Machine", "Result"]
