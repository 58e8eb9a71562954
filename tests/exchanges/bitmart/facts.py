"""What the shared tests must know of BitMart."""

from exporter.core.model import Reading
from exporter.exchanges import bitmart
from exporter.exchanges.base import Reader, Request, RowMemory, field
from exporter.exchanges.readers import grouped, unused
from tests.exchanges.driver import NOW, credentials
from tests.exchanges.facts import ApiFacts, Facts, Sent, Shape


def one_pair(memory: RowMemory) -> Reader[Reading]:
    """Rows as they stand in a pair of isolated margin, all of one pair; how pairs are nested has tests of its own."""
    answer = yield Request(bitmart.ISOLATED)
    rows = unused(field(answer, "symbols"), memory)
    of_a_pair = bitmart.pair_fields, bitmart.pair_balance, memory
    reading = yield from grouped(rows, bitmart.pair_wallet, lambda row: ("BTC_USDT", (row,)), *of_a_pair)
    return reading.parts.get("isolated_margin/BTCUSDT", Reading())


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
                ),
                "futures": Shape(
                    keys=("data",),
                    row={
                        "currency": "X",
                        "available_balance": "1",
                        "frozen_balance": "2",
                        "position_deposit": "4",
                        "equity": "6.5",
                        "unrealized": "-0.5",
                    },
                    currency="currency",
                    required=("frozen_balance", "available_balance", "position_deposit", "equity"),
                    optional=("unrealized",),
                    absent=("unrealized",),
                    net="equity",
                    mapped=("1", "2", "4", "6.5", None),
                ),
                "isolated_margin": Shape(
                    keys=("data", "symbols"),
                    row={
                        "currency": "X",
                        "available": "5",
                        "frozen": "2",
                        "borrow_unpaid": "0",
                        "interest_unpaid": "0",
                    },
                    currency="currency",
                    required=("available", "frozen", "borrow_unpaid", "interest_unpaid"),
                    mapped=("5", "2", "0", "3.5", "3.5"),
                    mapped_rows=({"borrow_unpaid": "3", "interest_unpaid": "0.5"},),
                    read=one_pair,
                ),
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
                Sent(
                    name="futures",
                    signed=bitmart.sign(Request(bitmart.FUTURES), credentials("key"), "", NOW),
                    line="/contract/private/assets-detail",
                    headers={"X-BM-KEY": "key"},
                ),
                Sent(
                    name="isolated margin",
                    signed=bitmart.sign(Request(bitmart.ISOLATED), credentials("key"), "", NOW),
                    line="/spot/v1/margin/isolated/account",
                    headers={"X-BM-KEY": "key"},
                ),
            ),
            values_itself=True,
            named={
                "futures": "/contract/private/assets-detail",
                "isolated_margin": "/spot/v1/margin/isolated/account",
            },
            refusal={"code": 30013, "message": "{}", "trace": "1767225699999", "data": {}},
        )
    },
)
