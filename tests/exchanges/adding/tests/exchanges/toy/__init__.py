"""All that tests know of one exchange: its facts for the shared tests, its answers, and its own tests."""
