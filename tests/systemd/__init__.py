"""The shipped systemd units on a Debian that boots: `make systemd-test`."""
