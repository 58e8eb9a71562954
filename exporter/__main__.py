"""Lets `python -m exporter` do what the command does."""

import sys

from exporter.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
