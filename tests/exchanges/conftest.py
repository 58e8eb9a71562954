"""What the tests of the exchanges share: a running sandbox with accounts. The files of the walk are no tests."""

from tests.sandbox.filled import filled

__all__ = ["filled"]

collect_ignore = ["adding"]
