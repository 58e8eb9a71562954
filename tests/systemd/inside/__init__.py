"""What runs on the booted machine, with the exporter and nothing else installed."""
