"""The configuration as the rest of the program sees it: frozen values. `config.load` makes them of YAML."""

from exporter.config.model import ALL, Account, Config, Of, Selection, Threshold, Total, Valuation

__all__ = ["ALL", "Account", "Config", "Of", "Selection", "Threshold", "Total", "Valuation"]
