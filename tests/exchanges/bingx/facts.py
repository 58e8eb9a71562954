"""What the shared tests must know of BingX."""

from exporter.exchanges import bingx
from exporter.exchanges.base import Request
from tests.exchanges.driver import NOW, credentials
from tests.exchanges.facts import ApiFacts, Facts, Sent, Shape

OURS = credentials("demo-bingx-key-001", "demo-bingx-secret-002")

SPOT = Shape(
    keys=("data", "balances"),
    row={"asset": "X", "free": "1", "locked": "2"},
    currency="asset",
    required=("free", "locked"),
    mapped=("1", "2", "0", "3", None),
)
FUNDING = Shape(
    keys=("data", "assets"),
    row={"asset": "X", "free": "1", "locked": "2"},
    currency="asset",
    required=("free", "locked"),
    mapped=("1", "2", "0", "3", None),
)
_PERPETUAL = Shape(
    keys=("data",),
    row={
        "asset": "X",
        "equity": "10",
        "availableMargin": "4",
        "usedMargin": "2",
        "freezedMargin": "1",
        "unrealizedProfit": "3",
    },
    currency="asset",
    required=("equity", "availableMargin", "usedMargin", "freezedMargin"),
    optional=("unrealizedProfit",),
    absent=("unrealizedProfit",),
    negative=("equity", "availableMargin", "unrealizedProfit"),
    net="equity",
    mapped=("4", "1", "2", "10", None),
)
_STANDARD = Shape(
    keys=("data",),
    row={"asset": "X", "balance": "5", "availableBalance": "2"},
    currency="asset",
    required=("balance", "availableBalance"),
    negative=("balance", "availableBalance"),
    net="balance",
    mapped=("2", "0", "3", "5", None),
)

FACTS = Facts(
    ban_scope="ip",
    ban_seconds=300.0,
    ban=(418, '{"code": 100410, "msg": "rate limited", "timestamp": 1767225600123}'),
    apis={
        "": ApiFacts(
            path="/openApi/spot/v1/account/balance",
            wallets={
                "spot": SPOT,
                "funding": FUNDING,
                "futures": _PERPETUAL,
                "coin_futures": _PERPETUAL,
                "standard_futures": _STANDARD,
            },
            sent=(
                Sent(
                    name="overview",
                    signed=bingx.sign(Request(bingx.OVERVIEW), OURS, "open-api.bingx.com", NOW),
                    line="/openApi/account/v1/allAccountBalance?recvWindow=5000&timestamp=1767225600123"
                    "&signature=1e5e069b5fc7dd2a155034044fcabb685a9957c1f8f645cb0eb7a8911a57d6f3",
                    headers={"X-BX-APIKEY": "demo-bingx-key-001"},
                ),
                Sent(
                    name="futures",
                    signed=bingx.sign(Request(bingx.FUTURES), OURS, "open-api.bingx.com", NOW),
                    line="/openApi/swap/v3/user/balance?recvWindow=5000&timestamp=1767225600123"
                    "&signature=1e5e069b5fc7dd2a155034044fcabb685a9957c1f8f645cb0eb7a8911a57d6f3",
                    headers={"X-BX-APIKEY": "demo-bingx-key-001"},
                ),
                Sent(
                    name="public",
                    signed=bingx.public(Request(bingx.TICKERS), NOW),
                    line="/openApi/spot/v1/ticker/24hr?timestamp=1767225600123",
                ),
            ),
            signature="signature",
            refusal={"code": 100410, "msg": "{}", "timestamp": 1767225600123},
            price="lastPrice",
            side=("funding", "/openApi/fund/v1/account/balance"),
            named={
                "futures": "/openApi/swap/v3/user/balance",
                "coin_futures": "/openApi/cswap/v1/user/balance",
                "standard_futures": "/openApi/contract/v1/balance",
            },
            reasons={"vendor_maintenance": "exchange"},  # it has no word for maintenance, only for being busy
        )
    },
)
