"""Puts the rooms together and keeps the process: start, reload, stop, logs."""
