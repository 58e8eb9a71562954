"""The configuration: from YAML to frozen values, with every mistake in one report."""

from exporter.config.load import load
from exporter.config.model import Account, Config, Of, Threshold, Valuation
from exporter.config.show import show

__all__ = ["Account", "Config", "Of", "Threshold", "Valuation", "load", "show"]
