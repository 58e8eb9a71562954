"""A running sandbox with accounts, and a client for it."""

from tests.sandbox.filled import filled

__all__ = ["filled"]
