"""Prometheus exporter for the balances of crypto-exchange accounts."""

__version__ = "0.1.0"
