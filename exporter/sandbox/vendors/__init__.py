"""The simulated exchanges, one file or folder each; each checks signatures by code of its own."""

from collections.abc import Mapping
from typing import Final

from exporter.sandbox.vendors.base import Vendor
from exporter.sandbox.vendors.bingx import BingX
from exporter.sandbox.vendors.bitget import Bitget
from exporter.sandbox.vendors.bitmart import BitMart
from exporter.sandbox.vendors.gate import Gate
from exporter.sandbox.vendors.htx import Htx
from exporter.sandbox.vendors.okx import Okx
from exporter.sandbox.vendors.xt import Xt

VENDORS: Final[Mapping[str, type[Vendor]]] = {
    "bitmart": BitMart,
    "xt": Xt,
    "bingx": BingX,
    "htx": Htx,
    "bitget": Bitget,
    "okx": Okx,
    "gate": Gate,
}
"""By their names in a configuration. No other file of the sandbox has to know one of them."""
