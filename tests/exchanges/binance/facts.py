"""What the shared tests must know of Binance."""

from dataclasses import replace
from functools import partial

from exporter.exchanges import binance
from exporter.exchanges.base import Request
from tests.exchanges.binance.shapes import one_pair, positions
from tests.exchanges.driver import credentials
from tests.exchanges.facts import ApiFacts, Facts, Sent, Shape

OURS = credentials(
    "mAdEupBinanceKey0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKL",
    "mAdEupBinanceSecret0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHI",
)
NEW_YEAR = 1735689600000

signed = partial(binance.sign, credentials=OURS, host="api.binance.com", now_ms=NEW_YEAR)

MARGIN = Shape(
    keys=("userAssets",),
    enveloped=False,
    row={"asset": "X", "free": "5", "locked": "2", "borrowed": "0", "interest": "0", "netAsset": "7"},
    currency="asset",
    required=("free", "locked", "netAsset"),
    optional=("borrowed", "interest"),
    negative=("netAsset",),
    net="netAsset",
    mapped=("5", "2", "0", "3.5", "3.5"),
    mapped_rows=({"borrowed": "3", "interest": "0.5", "netAsset": "3.5"},),
)
FUTURES = Shape(
    keys=("assets",),
    enveloped=False,
    row={
        "asset": "X",
        "marginBalance": "7",
        "availableBalance": "1",
        "openOrderInitialMargin": "2",
        "unrealizedProfit": "-1",
    },
    currency="asset",
    required=("marginBalance", "availableBalance", "openOrderInitialMargin", "unrealizedProfit"),
    negative=("marginBalance", "unrealizedProfit"),
    net="marginBalance",
    mapped=("1", "2", "4", "7", None),
)

API = ApiFacts(
    path="/api/v3/account",
    wallets={
        "spot": Shape(
            keys=("balances",),
            enveloped=False,
            row={"asset": "X", "free": "1", "locked": "2"},
            currency="asset",
            required=("free", "locked"),
            mapped=("1", "2", "0", "3", None),
        ),
        "margin": MARGIN,
        "isolated_margin": replace(MARGIN, keys=("assets",), read=one_pair),
        "futures": FUTURES,
        "coin_futures": FUTURES,
        "earn": Shape(
            keys=("rows",),
            enveloped=False,
            row={"asset": "X", "amount": "4"},
            currency="asset",
            required=("amount",),
            mapped=("0", "0", "4", "4", None),
            read=positions,
        ),
    },
    sent=(
        Sent(
            name="spot",
            signed=signed(Request(binance.SPOT, (("omitZeroBalances", "true"),))),
            line="/api/v3/account?omitZeroBalances=true&recvWindow=5000&timestamp=1735689600000"
            "&signature=32dd4f07a25f6d1305d1434b861d318f6b0328ca3339ccbc1d4503ae8a4ca9e0",
            headers={"X-MBX-APIKEY": "mAdEupBinanceKey0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKL"},
        ),
        Sent(
            name="with a dollar",
            signed=signed(
                Request(binance.FLEXIBLE, (("asset", "$ALT"), ("current", "1"), ("size", "100"))),
            ),
            line="/sapi/v1/simple-earn/flexible/position?asset=%24ALT&current=1&size=100&recvWindow=5000"
            "&timestamp=1735689600000&signature=f1263cf73d76ebbed5849cda90152d88bdee0472ae159e4a3574dc785714d3fe",
        ),
    ),
    signature="signature",
    refusal={"code": -1003, "msg": "{}"},
    rests=True,
    price="price",
    side=("overview", "/sapi/v1/asset/wallet/balance"),
    named={
        "margin": "/sapi/v1/margin/account",
        "isolated_margin": "/sapi/v1/margin/isolated/account",
        "futures": "/fapi/v3/account",
        "coin_futures": "/dapi/v1/account",
    },
    reasons={
        "vendor_ip": "auth",
        "vendor_permission": "auth",
        "vendor_frozen": "auth",
        "shape_of_the_code": None,
        "refusal_with_secrets": "payload",
    },
    named_reasons={"vendor_ip": "permission", "vendor_permission": "permission"},
)

FACTS = Facts(ban_scope="ip", ban_seconds=300.0, apis={"": API})
