"""How Grafana's units read, for the pictures: a number becomes the text that a panel would show."""

import math

_PREFIXES = ((1e12, " T"), (1e9, " B"), (1e6, " M"), (1e3, " K"))
_SPANS = ((86400.0, "d"), (3600.0, "h"), (60.0, "min"))
_SUFFIXES = {"cpm": " /min", "reqps": " /s", "none": "", "short": ""}


def text(value: float, unit: str, decimals: int | None = None) -> str:
    """The value in its unit; `decimals` as the panel sets them."""
    if math.isnan(value):
        return "–"
    if unit == "currencyUSD":
        return f"{'-' if value < 0 else ''}${_scaled(abs(value), decimals)}"
    if unit == "percentunit":
        return f"{_rounded(value * 100, 1 if decimals is None else decimals)}%"
    if unit == "s":
        return _duration(value, decimals)
    if unit == "bytes":
        return _bytes(value)
    if unit == "none":
        return _rounded(value, decimals)
    return _scaled(value, decimals) + _SUFFIXES[unit]


def _scaled(value: float, decimals: int | None) -> str:
    for size, suffix in _PREFIXES:
        if abs(value) >= size:
            return _rounded(value / size, 2 if decimals is None else decimals) + suffix
    return _rounded(value, decimals)


def _rounded(value: float, decimals: int | None) -> str:
    if decimals is not None:
        return f"{value:.{decimals}f}"
    if value == int(value):
        return f"{value:.0f}"
    return f"{value:.3g}" if abs(value) < 100 else f"{value:.1f}"


def _duration(seconds: float, decimals: int | None) -> str:
    for size, name in _SPANS:
        if abs(seconds) >= size:
            return f"{_rounded(seconds / size, 1)} {name}"
    if seconds and abs(seconds) < 1 and not decimals:
        return f"{_rounded(seconds * 1000, 0 if abs(seconds) >= 0.01 else 1)} ms"
    return f"{_rounded(seconds, decimals)} s"


def _bytes(value: float) -> str:
    for size, name in ((2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB")):
        if value >= size:
            return f"{value / size:.1f} {name}"
    return f"{value:.0f} B"
