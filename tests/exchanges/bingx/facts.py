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

FACTS = Facts(
    ban_scope="ip",
    ban_seconds=300.0,
    ban=(418, '{"code": 100410, "msg": "rate limited", "timestamp": 1767225600123}'),
    apis={
        "": ApiFacts(
            path="/openApi/spot/v1/account/balance",
            wallets={"spot": SPOT, "funding": FUNDING},
            sent=(
                Sent(
                    name="overview",
                    signed=bingx.sign(Request(bingx.OVERVIEW), OURS, "open-api.bingx.com", NOW),
                    line="/openApi/account/v1/allAccountBalance?recvWindow=5000&timestamp=1767225600123"
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
            reasons={"vendor_maintenance": "exchange"},  # it has no word for maintenance, only for being busy
        )
    },
)
