"""What the shared tests must know of Bitget, for classic and unified accounts."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from exporter.core.model import Reading
from exporter.exchanges import bitget
from exporter.exchanges.base import Endpoint, Reader, Request, RowMemory
from tests.exchanges.driver import credentials
from tests.exchanges.facts import ApiFacts, Facts, Sent, Shape

OURS = credentials(
    "bg_00112233445566778899aabbccddeeff",
    "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0",
    "MadeUpPass1",
)
HOST = "api.bitget.com"
NEW_YEAR = 1735689600000

MODES = {"contradicting_modes": "exchange", "unproven_mode": "http"}


def first_alone(read: Callable[[RowMemory], Reader[Reading]], memory: RowMemory) -> Reader[Reading]:
    """A reader whose first request alone is answered with rows; the others are told an empty list."""
    reader = read(memory)
    answer = yield next(reader)
    while True:
        try:
            wish = reader.send(answer)
        except StopIteration as end:
            reading: Reading = end.value
            return reading
        answer = [] if isinstance(wish, Request) else (yield wish)


def one_pair(memory: RowMemory) -> Reader[Reading]:
    """What isolated margin tells of the pair that its row below is of."""
    reading = yield from bitget.CLASSIC.wallets["isolated_margin"].read(memory)
    return reading.parts.get("isolated_margin/BTCUSDT", Reading())


MARGIN = Shape(
    keys=("data",),
    row={"coin": "X", "available": "5", "frozen": "2", "borrow": "3", "interest": "0.5", "net": "3.5"},
    currency="coin",
    required=("net", "available", "frozen"),
    optional=("borrow", "interest"),
    net="net",
    mapped=("5", "2", "0", "3.5", "3.5"),
)
FUTURES = Shape(
    keys=("data",),
    row={
        "marginCoin": "X",
        "locked": "2",
        "available": "6.9",
        "crossedMaxAvailable": "1",
        "accountEquity": "7",
        "usdtEquity": "7",
        "crossedRiskRate": "0.25",
        "unrealizedPL": "0.1",
        "assetMode": "single",
    },
    currency="marginCoin",
    required=("accountEquity", "crossedMaxAvailable"),
    optional=("locked", "usdtEquity", "unrealizedPL"),
    absent=("usdtEquity", "unrealizedPL"),
    negative=("accountEquity", "crossedMaxAvailable", "unrealizedPL"),
    net="accountEquity",
    mapped=("1", "2", "4", "7", None),
)
EARN = Shape(
    keys=("data",),
    row={"coin": "X", "amount": "4"},
    currency="coin",
    required=("amount",),
    mapped=("0", "0", "4", "4", None),
)

CLASSIC = ApiFacts(
    path="/api/v2/spot/account/assets",
    wallets={
        "spot": Shape(
            keys=("data",),
            row={"coin": "X", "available": "1", "frozen": "2", "locked": "4"},
            currency="coin",
            required=("available", "frozen", "locked"),
            mapped=("1", "2", "4", "7", None),
        ),
        "funding": Shape(
            keys=("data",),
            row={"coin": "X", "available": "1", "frozen": "2", "usdtValue": "9"},
            currency="coin",
            required=("available",),
            optional=("frozen", "usdtValue"),
            absent=("usdtValue",),
            mapped=("1", "2", "0", "3", None),
        ),
        "futures": replace(FUTURES, read=partial(first_alone, bitget.CLASSIC.wallets["futures"].read)),
        "coin_futures": FUTURES,
        "margin": MARGIN,
        "isolated_margin": replace(MARGIN, row={"symbol": "BTCUSDT", **MARGIN.row}, read=one_pair),
        "bots": Shape(
            keys=("data",),
            row={"coin": "X", "available": "1", "frozen": "2", "equity": "7", "usdtValue": "9"},
            currency="coin",
            required=("available",),
            optional=("frozen", "equity", "usdtValue"),
            absent=("equity", "usdtValue"),
            net="equity",
            mapped=("1", "2", "4", "7", None),
        ),
        "earn": EARN,
    },
    sent=(
        Sent(
            name="assets",
            signed=bitget.sign(Request(bitget.ASSETS), OURS, HOST, NEW_YEAR),
            line="/api/v2/spot/account/assets",
            headers={
                "ACCESS-SIGN": "wQU1l5ZU1Ja4XIFmF6UoM2nckcnAaJNvwIxhJM1rCQI=",
                "ACCESS-TIMESTAMP": "1735689600000",
                "ACCESS-PASSPHRASE": "MadeUpPass1",
            },
        ),
        Sent(
            name="with a dollar",
            signed=bitget.sign(Request(bitget.ASSETS, (("coin", "$ALT"),)), OURS, HOST, NEW_YEAR),
            line="/api/v2/spot/account/assets?coin=%24ALT",
        ),
        Sent(
            name="with a name outside ASCII",
            signed=bitget.sign(
                Request(Endpoint("/api/v2/spot/account/assets", ()), (("coin", "MØTH 1"),)), OURS, HOST, NEW_YEAR
            ),
            line="/api/v2/spot/account/assets?coin=M%C3%98TH%201",
        ),
    ),
    signature="ACCESS-SIGN",
    refusal={"code": "429", "msg": "{}", "requestTime": 1767225600123, "data": None},
    price="lastPr",
    side=("overview", "/api/v2/account/all-account-balance"),
    named={
        "funding": "/api/v2/account/funding-assets",
        "futures": "/api/v2/mix/account/accounts",
        "coin_futures": "/api/v2/mix/account/accounts",
        "margin": "/api/v2/margin/crossed/account/assets",
        "isolated_margin": "/api/v2/margin/isolated/account/assets",
        "bots": "/api/v2/account/bot-assets",
        "earn": "/api/v2/earn/account/assets",
    },
    reasons=MODES,
    minus_ones={"locked": -1.0},
)

UNIFIED = ApiFacts(
    path="/api/v3/account/assets",
    wallets={
        "unified": Shape(
            keys=("data", "assets"),
            row={"coin": "X", "equity": "10", "usdValue": "9", "available": "1", "debt": "5", "locked": "2"},
            currency="coin",
            required=("equity", "available"),
            optional=("debt", "locked", "usdValue"),
            negative=("equity", "available", "locked", "usdValue"),
            net="equity",
            mapped=("1", "2", "12", "10", "5"),
            null_is_empty=True,
        ),
        "funding": Shape(
            keys=("data",),
            row={"coin": "X", "available": "1", "frozen": "2"},
            currency="coin",
            required=("available",),
            optional=("frozen",),
            mapped=("1", "2", "0", "3", None),
            null_is_empty=True,
        ),
        "earn": EARN,
    },
    sent=(
        Sent(
            name="assets",
            signed=bitget.sign(Request(bitget.UNIFIED_ASSETS), OURS, HOST, NEW_YEAR),
            line="/api/v3/account/assets",
        ),
    ),
    signature="ACCESS-SIGN",
    refusal={"code": "429", "msg": "{}", "requestTime": 1767225600123, "data": None},
    price="lastPr",
    values_itself=True,
    side=("funding", "/api/v3/account/funding-assets"),
    reasons={**MODES, "null_instead_of_a_list": None},  # v3 writes null for an empty list
)

FACTS = Facts(ban_scope="ip", ban_seconds=300.0, apis={"classic": CLASSIC, "unified": UNIFIED})
