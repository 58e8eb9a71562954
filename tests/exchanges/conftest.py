"""A running sandbox with accounts, for the tests of one simulated exchange."""

from tests.sandbox.desk import desk

__all__ = ["desk"]
