"""The seven ways in which the five exchanges are read, and where in their answers the rows stand."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from exporter.sandbox import SandboxAccount


@dataclass(frozen=True)
class Variant:
    """One API of one exchange.

    Attributes:
        path: of the main wallet's answer, or how it begins.
        rows: the keys that lead from the payload to its rows.
        amount: a field of a row that holds an amount.
        currency: the field that holds the currency; empty where the rows are an object's members.
        mode: of the simulated account.
        main: the name of its main wallet.
        options: of the configuration; Bitget finds out by itself.
        secrets: what its requests need.
        numbered: whether the path ends in the number of the account.
    """

    name: str
    exchange: str
    path: str
    rows: tuple[str, ...]
    amount: str
    currency: str
    mode: str = ""
    main: str = "spot"
    options: Mapping[str, str] = field(default_factory=dict)
    secrets: tuple[str, ...] = ("api_key", "secret")
    numbered: bool = False

    def side_wallet(self, account: SandboxAccount) -> tuple[str, str]:
        """A wallet beside the main one and its path; the main one where there is no other."""
        match self.name:
            case "bingx":
                return "funding", "/openApi/fund/v1/account/balance"
            case "bitget":
                return "overview", "/api/v2/account/all-account-balance"
            case "bitget-unified":
                return "funding", "/api/v3/account/funding-assets"
            case "htx":
                return "margin", f"/v1/account/accounts/{account.number('margin')}/balance"
        return self.main, self.path

    def found(self, payload: Any, depth: int) -> Any:
        """What stands that many keys below the payload."""
        for key in self.rows[:depth]:
            payload = payload[key]
        return payload


VARIANTS: Final = {
    variant.name: variant
    for variant in (
        Variant(
            "bitmart",
            "bitmart",
            "/account/v1/wallet",
            ("data", "wallet"),
            "available",
            "currency",
            secrets=("api_key",),
        ),
        Variant(
            "xt", "xt", "/v4/balances", ("result", "assets"), "availableAmount", "currency", "v4", options={"api": "v4"}
        ),
        Variant(
            "xt-legacy",
            "xt",
            "/trade/api/v1/getBalance",
            ("data",),
            "available",
            "",
            "legacy",
            options={"api": "legacy"},
        ),
        Variant("bingx", "bingx", "/openApi/spot/v1/account/balance", ("data", "balances"), "free", "asset"),
        Variant("htx", "htx", "/v1/account/accounts/", ("data", "list"), "balance", "currency", numbered=True),
        Variant(
            "bitget",
            "bitget",
            "/api/v2/spot/account/assets",
            ("data",),
            "available",
            "coin",
            "classic",
            secrets=("api_key", "secret", "passphrase"),
        ),
        Variant(
            "bitget-unified",
            "bitget",
            "/api/v3/account/assets",
            ("data", "assets"),
            "equity",
            "coin",
            "unified",
            main="unified",
            secrets=("api_key", "secret", "passphrase"),
        ),
    )
}
