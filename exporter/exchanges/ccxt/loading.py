"""Loads one exchange of ccxt alone, made so that it can ask for requests and do nothing else by itself.

`import ccxt` loads 104 exchanges twice: 0.7 s and 80 MB. With two empty modules in the place of the packages, whose
`__init__` does that, one exchange takes a seventh of the time and a third of the memory. This rests on how ccxt is
built inside, so it is done for the versions of which it was seen to work, and given up for the ordinary import where
any step fails.

What is made here is a subclass of ccxt's own class. Each request of ccxt ends in `request`, which here hands the wish
to whoever drives the coroutine (`driving`). Everything below it, by which ccxt would sign, wait, or open a connection
by itself, is refused.
"""

import contextlib
import importlib
import sys
from collections.abc import Generator, Mapping
from copy import copy, deepcopy
from functools import cache
from importlib.util import find_spec
from threading import Lock
from types import ModuleType
from typing import Any, Final, NamedTuple

from exporter.core.errors import InternalError

TESTED: Final = "4.5.90"
"""The version from which the table of requests was taken; `pyproject.toml` allows this one."""

INSTALL: Final = "pip install 'exchange-balance-exporter[ccxt]'"

_loading: Final = Lock()


class Wish(NamedTuple):
    """A request that ccxt wants to have sent, in its own words.

    Attributes:
        method: of HTTP.
        api: which of the exchange's interfaces, such as `private` or `v3 private`.
        path: the template by which ccxt knows it.
        params: by name.
    """

    method: str
    api: str
    path: str
    params: Mapping[str, Any]


class _Asked:
    """Awaiting one of these is how a coroutine of ccxt gets an answer."""

    __slots__ = ("_wish",)

    def __init__(self, wish: Wish) -> None:
        self._wish = wish

    def __await__(self) -> Generator[Wish, Any, Any]:
        answer = yield self._wish
        return answer


class _InTurn:
    """Stands for `asyncio` in the modules of exchanges: what they ask side by side is asked in turn."""

    @staticmethod
    async def gather(*wishes: Any) -> list[Any]:
        return [await wish for wish in wishes]


class _Guarded:
    """What ccxt may not do by itself, in front of its own class; see the module."""

    async def request(
        self, path: str, api: Any = "public", method: str = "GET", params: Any = None, config: Any = None
    ) -> Any:
        del config
        name = api if isinstance(api, str) else " ".join(api)
        return await _Asked(Wish(method, name, path, params or {}))

    async def load_markets(self, reload: bool = False, params: Any = None) -> dict[str, Any]:
        """Nothing: it would ask private calls that a key for reading balances may not be allowed."""
        del reload, params
        return {}

    def safe_currency_code(self, currency_id: Any, currency: Any = None) -> Any:
        """The exchange's own name, whatever ccxt calls the coin."""
        return currency_id if currency_id is not None else (currency or {}).get("code")

    def safe_market(self, market_id: Any = None, market: Any = None, *_: Any) -> Any:
        """A market under the exchange's own symbol: what its base and quote are, the list of markets says."""
        if market_id is None and market is not None:
            return market
        return {**_NO_MARKET, "id": market_id, "symbol": market_id}

    def __del__(self) -> None:
        """Nothing was opened."""

    async def fetch(self, *_: Any, **__: Any) -> Any:
        raise InternalError("ccxt wanted to send a request by itself: nothing was sent")

    fetch2 = throttle = sleep = fetch

    def open(self, *_: Any, **__: Any) -> None:
        raise InternalError("ccxt wanted to open a connection by itself: nothing was opened")


_NO_MARKET: Final[Mapping[str, Any]] = {
    **dict.fromkeys(("base", "quote", "settle", "baseId", "quoteId", "settleId", "expiry", "strike")),
    **dict.fromkeys(("contract", "swap", "future", "option", "margin", "linear", "inverse"), False),
    "type": "spot",
    "spot": True,
    "active": True,
    "contractSize": None,
    "optionType": None,
    "precision": {"amount": None, "price": None},
    "limits": {},
    "info": {},
}


def installed() -> str | None:
    """The version of ccxt that is there, without importing it; None where there is none."""
    if find_spec("ccxt") is None:
        return None
    from importlib.metadata import version  # 17 ms, and of use to nobody else

    return version("ccxt")


def exchange_class(name: str) -> Any:
    """Ccxt's class of this id.

    Raises:
        InternalError: it is not installed, or has no such exchange.
    """
    with _loading:
        module = f"ccxt.async_support.{name}"
        if "ccxt" not in sys.modules and installed() == TESTED:
            try:
                _stand_in()
                found = importlib.import_module(module)
            except Exception:  # another inside than was seen: the ordinary way is slower and larger, and as good
                for each in [each for each in sys.modules if each.partition(".")[0] == "ccxt"]:
                    del sys.modules[each]
        try:
            found = importlib.import_module(module)
        except ImportError as error:
            raise InternalError(f"ccxt cannot be loaded ({error}): {INSTALL}") from None
        finally:
            with contextlib.suppress(Exception):  # it changes how aiohttp unpacks in the whole process
                importlib.import_module("aiohttp_fast_zlib").disable()
        return getattr(found, name)


def _stand_in() -> None:
    """Put empty modules in the place of ccxt's packages, with what its exchanges take from there."""
    spec = find_spec("ccxt")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    (folder,) = spec.submodule_search_locations
    package = ModuleType("ccxt")
    package.__path__ = [folder]
    package.__spec__ = spec
    sys.modules["ccxt"] = package
    errors = importlib.import_module("ccxt.base.errors")
    for each, value in vars(errors).items():
        if isinstance(value, type):
            setattr(package, each, value)
    vars(package)["Precise"] = vars(importlib.import_module("ccxt.base.precise"))["Precise"]
    vars(package)["Exchange"] = vars(importlib.import_module("ccxt.base.exchange"))["Exchange"]
    inner = ModuleType("ccxt.async_support")
    inner.__path__ = [f"{folder}/async_support"]
    sys.modules["ccxt.async_support"] = inner
    vars(package)["async_support"] = inner


@cache
def _prototype(name: str) -> Any:
    """One instance of an exchange without a key; it is copied for every use, and never used itself."""
    found = exchange_class(name)
    for each in found.__mro__:
        module = sys.modules.get(each.__module__)
        if module is not None and each.__module__.startswith("ccxt.async_support.") and ".base." not in each.__module__:
            vars(module)["asyncio"] = _InTurn
    guarded = type(name, (_Guarded, found), {})
    made = guarded({"enableRateLimit": False, "substituteCommonCurrencyCodes": False})
    made.number = str  # else every amount would become a float
    made.session = None
    for each in ("markets", "markets_by_id", "currencies", "currencies_by_id"):
        setattr(made, each, {})
    made.symbols, made.ids = [], []
    return made


def copied(name: str, options: Mapping[str, Any] = {}) -> Any:
    """A fresh instance without a key: what one use leaves on it, no other one sees."""
    made = copy(_prototype(name))
    made.options = deepcopy(made.options) | dict(options)
    return made
