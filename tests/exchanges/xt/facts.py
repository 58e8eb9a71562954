"""What the shared tests must know of XT, in both of its APIs."""

from exporter.exchanges import xt
from exporter.exchanges.base import Request
from exporter.exchanges.xt import futures, legacy, v4
from tests.exchanges.driver import NOW, credentials
from tests.exchanges.facts import ApiFacts, Facts, Sent, Shape

OURS = credentials("demo-xt-appkey-001", "demo-xt-secret-002")

FUTURES = Shape(
    keys=("result",),
    row={
        "coin": "X",
        "walletBalance": "20",
        "openOrderMarginFrozen": "1",
        "openOrderFeeFrozen": "0",
        "isolatedMargin": "2",
        "crossedMargin": "3",
        "notProfit": "0",
    },
    currency="coin",
    required=("openOrderMarginFrozen", "walletBalance", "isolatedMargin", "crossedMargin"),
    optional=("openOrderFeeFrozen", "notProfit"),
    absent=("openOrderFeeFrozen", "notProfit"),
    net="walletBalance",  # and the profit that is not in it
    mapped=("13.5", "1.5", "5", "19.25", None),
    mapped_rows=({"openOrderFeeFrozen": "0.5", "notProfit": "-0.75"},),
)

V4 = ApiFacts(
    path="/v4/balances",
    wallets={
        "spot": Shape(
            keys=("result", "assets"),
            row={"currency": "X", "availableAmount": "1", "frozenAmount": "2", "totalAmount": "10"},
            currency="currency",
            required=("availableAmount", "frozenAmount", "totalAmount"),
            optional=("convertUsdtAmount",),
            absent=("convertUsdtAmount",),
            net="totalAmount",
            mapped=("1", "2", "7", "10", None),
        ),
        "futures": FUTURES,
        "coin_futures": FUTURES,
    },
    sent=(
        Sent(
            name="balances",
            signed=xt.sign(Request(v4.BALANCES), OURS, "sapi.xt.com", NOW),
            line="/v4/balances",
            headers={"validate-signature": "135ffec56ee858933df188de7b86e3d8198c2a32e8775d142ce6bf23f0bf17c5"},
        ),
        Sent(
            name="with a comma",
            signed=xt.sign(Request(v4.BALANCES, (("currencies", "usdt,btc"),)), OURS, "sapi.xt.com", NOW),
            line="/v4/balances?currencies=usdt%2Cbtc",
        ),
        *(
            Sent(
                name=name,
                signed=xt.sign(Request(endpoint), OURS, endpoint.host.removeprefix("https://"), NOW),
                line="/future/user/v1/compat/balance/list",
                headers={"validate-signature": "7b2db731719a9a382c015c48d68f6f5378629d026ce039cefb7c8658abf9319a"},
            )
            for name, endpoint in (("futures", futures.USDT_M), ("coin futures", futures.COIN_M))
        ),
    ),
    signature="validate-signature",
    refusal={"rc": 1, "mc": "GATEWAY_0001", "ma": ["{}"], "result": None},
    price="p",
    named=dict.fromkeys(("futures", "coin_futures"), "/future/user/v1/compat/balance/list"),
    values_itself=True,
    # One code for a key that is frozen, banned or not yet approved; no word for maintenance, only for being busy.
    reasons={"vendor_frozen": "auth", "vendor_maintenance": "exchange"},
    minus_ones={"locked": 1.0},  # -1 - (-1) - (-1)
)

LEGACY = ApiFacts(
    path="/trade/api/v1/getBalance",
    wallets={
        "spot": Shape(
            keys=("data",),
            row={"available": "1", "freeze": "2"},
            currency="",
            required=("available", "freeze"),
            mapped=("1", "2", "0", "3", None),
        )
    },
    sent=(
        Sent(
            name="balance",
            signed=legacy.sign(Request(legacy.BALANCE), OURS, "api.xt.com", NOW),
            line="/trade/api/v1/getBalance?accesskey=demo-xt-appkey-001&nonce=1767225600123"
            "&signature=330455fde99a5fb4f4b5cf659432f2e36b2f138ac8c447fe33c1ee9619602cb5",
        ),
    ),
    signature="signature",
    refusal={"code": 429, "info": "{}", "data": None},
    price="price",
    reasons={
        **dict.fromkeys(("empty_list", "a_missing_coin"), "payload"),  # zeros are listed
        "vendor_maintenance": "http",
        "shape_of_a_row": None,  # its name stands outside
        # One code for everything that is not the key or the signature.
        **dict.fromkeys(("vendor_ip", "vendor_permission", "forbidden_wallet"), "exchange"),
    },
)

FACTS = Facts(ban_scope="ip", ban_seconds=600.0, apis={"v4": V4, "legacy": LEGACY})
