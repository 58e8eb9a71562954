"""What the shared tests must know of BitMart."""

from exporter.exchanges import bitmart
from exporter.exchanges.base import Request
from tests.exchanges.driver import NOW, credentials
from tests.exchanges.facts import ApiFacts, Facts, Sent, Shape

FACTS = Facts(
    ban_scope="key",
    ban_seconds=300.0,
    ban=(418, '{"code": 30017, "message": "Your account is blocked for exceeding the limits", "trace": "1"}'),
    apis={
        "": ApiFacts(
            path="/account/v1/wallet",
            wallets={
                "spot": Shape(
                    keys=("data", "wallet"),
                    row={"currency": "X", "available": "1", "frozen": "2", "unAvailable": "5"},
                    currency="currency",
                    required=("available", "frozen"),
                    optional=("unAvailable", "available_usd_valuation"),
                    absent=("unAvailable", "available_usd_valuation"),
                    mapped=("1", "2", "3", "6", None),
                )
            },
            sent=(
                Sent(
                    name="wallet",
                    signed=bitmart.sign(
                        Request(bitmart.WALLET, (("needUsdValuation", "true"),)), credentials("key"), "", NOW
                    ),
                    line="/account/v1/wallet?needUsdValuation=true",
                    headers={"X-BM-KEY": "key"},
                ),
            ),
            values_itself=True,
            refusal={"code": 30013, "message": "{}", "trace": "1767225699999", "data": {}},
        )
    },
)
