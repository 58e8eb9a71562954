"""What the shared tests must know of Gate, for unified and classic accounts."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial

from exporter.exchanges import gate
from exporter.exchanges.base import Request
from tests.exchanges.driver import credentials
from tests.exchanges.facts import ApiFacts, Facts, Sent, Shape
from tests.exchanges.gate.shapes import one_pair, several

OURS = credentials(
    "0f1e2d3c4b5a69788796a5b4c3d2e1f0", "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
)
NEW_YEAR = 1735689600000

signed = partial(gate.sign, credentials=OURS, host="api.gateio.ws", now_ms=NEW_YEAR)

REASONS: Mapping[str, str | None] = {"vendor_maintenance": "exchange"}
"""No label says that Gate is being worked on: its server is out of order, which is called temporary."""

FUTURES = Shape(
    keys=(),
    enveloped=False,
    row={"currency": "X", "total": "7", "unrealised_pnl": "0", "available": "1", "order_margin": "2"},
    currency="currency",
    required=("total", "available", "unrealised_pnl"),
    optional=("order_margin",),
    absent=("order_margin",),
    negative=("total", "unrealised_pnl"),
    net="total",
    mapped=("1", "2", "4", "7", None),
    mapped_rows=({"total": "8", "unrealised_pnl": "-1"},),
)
EARN = Shape(
    keys=(),
    enveloped=False,
    row={"currency": "X", "amount": "4"},
    currency="currency",
    required=("amount",),
    mapped=("0", "0", "4", "4", None),
)

UNIFIED = ApiFacts(
    path="/api/v4/unified/accounts",
    wallets={
        "unified": Shape(
            keys=("balances",),
            enveloped=False,
            row={"equity": "10", "available": "1", "freeze": "2", "total_liab": "5"},
            currency="",
            required=("equity", "available"),
            optional=("freeze", "total_liab"),
            absent=("freeze", "total_liab"),
            negative=("equity", "available"),
            net="equity",
            mapped=("1", "2", "12", "10", "5"),
        ),
        "earn": EARN,
    },
    sent=(
        Sent(
            name="unified",
            signed=signed(Request(gate.UNIFIED)),
            line="/api/v4/unified/accounts",
            headers={
                "SIGN": "74bdc8de53fe61ced077e41ddb65cf6df96cc398493e528831d22bc82aa3f383"
                "babde0a49cb567574e09cf1cf302668c8d287542f5236b2a896ff90afc139820",
            },
        ),
    ),
    signature="SIGN",
    refusal={"label": "TOO_MANY_REQUESTS", "message": "{}"},
    price="last",
    side=("overview", "/api/v4/wallet/total_balance"),
    named={"earn": "/api/v4/earn/uni/lends"},
    reasons={**REASONS, "shape_of_a_row": None},  # its name stands outside
)

CLASSIC = ApiFacts(
    path="/api/v4/spot/accounts",
    wallets={
        "spot": Shape(
            keys=(),
            enveloped=False,
            row={"currency": "X", "available": "1", "locked": "2"},
            currency="currency",
            required=("available", "locked"),
            mapped=("1", "2", "0", "3", None),
        ),
        "isolated_margin": Shape(
            keys=(),
            enveloped=False,
            row={"currency": "X", "available": "5", "locked": "2", "borrowed": "0", "interest": "0"},
            currency="currency",
            required=("available", "locked"),
            optional=("borrowed", "interest"),
            mapped=("5", "2", "0", "3.5", "3.5"),
            mapped_rows=({"borrowed": "3", "interest": "0.5"},),
            read=one_pair,
        ),
        "futures": replace(FUTURES, read=several(gate.FUTURES, gate.futures_of)),
        "coin_futures": replace(FUTURES, read=several(gate.COIN_FUTURES, gate.futures_of)),
        "delivery": replace(FUTURES, read=several(gate.DELIVERY, gate.futures_of)),
        "options": Shape(
            keys=(),
            enveloped=False,
            row={"currency": "X", "equity": "7", "available": "1", "order_margin": "2", "unrealised_pnl": "-1"},
            currency="currency",
            required=("equity", "available"),
            optional=("order_margin", "unrealised_pnl"),
            absent=("order_margin", "unrealised_pnl"),
            negative=("equity", "unrealised_pnl"),
            net="equity",
            mapped=("1", "2", "4", "7", None),
            read=several(gate.OPTIONS, gate.options_of),
        ),
        "earn": EARN,
    },
    sent=(
        Sent(
            name="spot",
            signed=signed(Request(gate.SPOT)),
            line="/api/v4/spot/accounts",
            headers={
                "KEY": "0f1e2d3c4b5a69788796a5b4c3d2e1f0",
                "Timestamp": "1735689600",
                "SIGN": "f83cb7f60cde65d012bbd035fbca959bb1ae60fa20f62504f85389cc7fe5cbba"
                "fbfe7176344590dafa2cb21a126f8be0d93bcea4dc624e4e93cb118f94f8aa25",
            },
        ),
        Sent(
            name="with a dollar",
            signed=signed(Request(gate.SPOT, (("currency", "$ALT"),))),
            line="/api/v4/spot/accounts?currency=%24ALT",
            headers={
                "SIGN": "9b2a08ce870fdd871c4e054fa6ffe0daef0922f102008543ddcfe568c43ebb8b"
                "1c5676c932e892467c69e9137dcb60820789b02301ac92816c1219783d67a369",
            },
        ),
    ),
    signature="SIGN",
    refusal={"label": "TOO_MANY_REQUESTS", "message": "{}"},
    price="last",
    side=("overview", "/api/v4/wallet/total_balance"),
    named={
        "isolated_margin": "/api/v4/margin/accounts",
        "futures": "/api/v4/futures/usdt/accounts",
        "delivery": "/api/v4/delivery/usdt/accounts",
        "options": "/api/v4/options/accounts",
        "earn": "/api/v4/earn/uni/lends",
    },
    empty_unopened=("isolated_margin",),
    reasons=REASONS,
)

FACTS = Facts(ban_scope="ip", ban_seconds=300.0, apis={"unified": UNIFIED, "classic": CLASSIC})
