"""A running sandbox with accounts, for the tests of one simulated exchange."""

from tests.sandbox.filled import filled

__all__ = ["filled"]
