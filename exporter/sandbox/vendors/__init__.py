"""The simulated exchanges, one file or folder each; each checks signatures by code of its own."""

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Final

from exporter.sandbox.vendors.base import Vendor

NAMES: Final = (
    "bitmart",
    "xt",
    "bingx",
    "htx",
    "bitget",
    "okx",
    "gate",
    "binance",
    "bybit",
)
"""By their names in a configuration, which those of their files are. No other file of the sandbox has to know one."""


class _Vendors(Mapping[str, type[Vendor]]):
    """The `VENDOR` of each file, loaded when it is first asked for."""

    def __getitem__(self, name: str) -> type[Vendor]:
        if name not in NAMES:
            raise KeyError(name)
        vendor: type[Vendor] = import_module(f"{__name__}.{name}").VENDOR
        return vendor

    def __contains__(self, name: object) -> bool:
        return name in NAMES

    def __iter__(self) -> Iterator[str]:
        return iter(NAMES)

    def __len__(self) -> int:
        return len(NAMES)


VENDORS: Final[Mapping[str, type[Vendor]]] = _Vendors()
