"""The desk of these tests: a running sandbox with accounts, and a client for it."""

from tests.sandbox.desk import desk

__all__ = ["desk"]
