"""Gate: five signed lines, refusals by label, a mode that only one answer proves, and keys known by their looks."""

from decimal import Decimal
from typing import Any

import pytest

from exporter.core.errors import (
    AuthError,
    BadPayload,
    BadStatus,
    ClockRefused,
    ExchangeRefused,
    IpRefused,
    NotOpened,
    PermissionMissing,
    PollError,
    RateLimited,
    WrongApi,
)
from exporter.core.model import KeyInfo, Reading
from exporter.exchanges import gate
from exporter.exchanges.base import Endpoint, Request, RowMemory
from tests.exchanges.driver import amounts, converse, read, respond, sample
from tests.exchanges.gate.facts import signed

CLASSIC, UNIFIED = gate.EXCHANGE.apis["classic"], gate.EXCHANGE.apis["unified"]


@pytest.mark.parametrize(
    ("endpoint", "query", "signature"),
    [
        (
            gate.SPOT,
            (("currency", "$ALT"),),
            (
                "9b2a08ce870fdd871c4e054fa6ffe0daef0922f102008543ddcfe568c43ebb8b"
                "1c5676c932e892467c69e9137dcb60820789b02301ac92816c1219783d67a369"
            ),
        ),
        (
            gate.OVERVIEW,
            (("currency", "USD"),),
            (
                "8a88edef7134a12407420c93c0b95dacc9285e4ce91c6996a1ba8315aab7898e"
                "e2cdba1c6afda3842222492e3d59c414e728bd46485eddd3f07892fbe1cc035e"
            ),
        ),
        (
            gate.FUTURES,
            (),
            (
                "278d8611296c87e6a409190588c41875611a3380debe35a00107902c0797f635"
                "d1ff7b5772c818646fcf51852272aee4e9daa8447d17e8c870495ed953e45b23"
            ),
        ),
        (
            gate.DETAIL,
            (),
            (
                "7c6d81b3a6cc0cb7ffd79f2a534cb43e8f141819f571967031e3bf8e9f506dc9"
                "36514d59ff7445497b85ba772654fe6b82885f2490d3256b971472b227c065a3"
            ),
        ),
        (
            gate.EARN,
            (("limit", "100"), ("page", "1")),
            (
                "e449bb8a5bd6a4dc2f59ad53f70722c4e302021b822651e4d16402b52ff06a15"
                "2b47e546d072e3acb48b5adbdfd6e5551d5663250d1d60da7afa69dd4a5d8c36"
            ),
        ),
    ],
)
def test_five_lines_are_signed_the_query_as_it_is_before_it_is_encoded(
    endpoint: Endpoint, query: Any, signature: str
) -> None:
    assert signed(Request(endpoint, query)).headers["SIGN"] == signature


def test_the_time_is_in_whole_seconds() -> None:
    assert signed(Request(gate.SPOT), now_ms=1735689600999).headers["Timestamp"] == "1735689600"


def test_equity_is_the_net_of_a_unified_account_and_debt_is_borrowed() -> None:
    held = amounts(read("gate", UNIFIED, "unified").balances)
    assert held["USDT"] == ("900", "100", "50", "1050", "0")
    assert held["ETH"] == ("1", "0", "0", "0.6", "0.4")
    assert held["POINT"] == ("99.5", "0", "0", "99.5", "0")


def test_where_the_whole_debt_is_not_told_its_parts_are_added() -> None:
    assert amounts(read("gate", UNIFIED, "unified").balances)["BTC"] == ("-0.01", "0", "0.01", "-0.03", "0.03")


def unified(**more: Any) -> Reading:
    row = {"available": "1", "freeze": "0", "equity": "1", "total_liab": "0"}
    reading = converse(gate.read_unified(RowMemory()), {"balances": {"USDT": row}, **more}).result
    assert isinstance(reading, Reading)
    return reading


@pytest.mark.parametrize(
    ("needed", "equity", "ratio"),
    [
        ("20", "3000", "0.006667"),
        ("5", "10", "0.5"),
        ("5", "4", "1"),
        ("5", "0", "1"),
        ("0", "10", None),
        ("?", "1", None),
    ],
)
def test_the_margin_ratio_is_maintenance_over_margin_balance(needed: str, equity: str, ratio: str | None) -> None:
    told = unified(total_maintenance_margin=needed, total_margin_balance=equity).margin_ratio
    assert told == (None if ratio is None else Decimal(ratio))


@pytest.mark.parametrize("balances", [{"odd": [1]}, {"USDT": "1", "BTC": "2"}, [], "x", None])
def test_an_object_that_holds_no_coin_is_no_empty_account(balances: Any) -> None:
    memory = RowMemory()
    converse(gate.read_unified(memory), {"balances": {"USDT": {"available": "1", "equity": "1"}}})
    with pytest.raises(BadPayload):
        converse(gate.read_unified(memory), {"balances": balances})


@pytest.mark.parametrize("label", ["INVALID_UNIFIED_ACCOUNT", "UNIFIED_ACCOUNT_NOT_ACTIVATED"])
def test_a_classic_account_is_proven_by_a_label_where_the_unified_wallet_is_asked(label: str) -> None:
    with pytest.raises(WrongApi) as caught:
        gate.unwrap_unified(400, {"label": label, "message": "Please open the Unified Account"})
    assert caught.value.api == "classic"
    with pytest.raises(ExchangeRefused) as elsewhere:
        gate.unwrap(400, {"label": label, "message": "x"})
    assert not isinstance(elsewhere.value, WrongApi)


def test_a_classic_account_is_proven_by_its_mode_too() -> None:
    with pytest.raises(WrongApi) as caught:
        unified(mode="classic")
    assert caught.value.api == "classic"


def test_a_key_without_the_unified_right_proves_no_mode_and_is_told_both_ways_out() -> None:
    with pytest.raises(PermissionMissing) as caught:
        gate.unwrap_unified(403, {"label": "FORBIDDEN", "message": "Request API key does not have unified permission"})
    assert "Unified" in caught.value.advice
    assert "mode: classic" in caught.value.advice


def test_spot_keeps_every_digit_and_names_with_an_underscore() -> None:
    held = amounts(read("gate", CLASSIC, "spot").balances)
    assert held["USDT"][:2] == ("1200.000000000000000001", "35.5")
    assert held["GTC_HT"][0] == "4"


def test_a_pair_of_isolated_margin_is_a_wallet_and_one_without_money_is_none() -> None:
    parts = read("gate", CLASSIC, "isolated_margin").parts
    assert list(parts) == ["isolated_margin/BTCUSDT"]
    held = amounts(parts["isolated_margin/BTCUSDT"].balances)
    assert held["BTC"] == ("0.05", "0.01", "0", "0.0199", "0.0401")
    assert held["USDT"] == ("1234", "0", "0", "1234", "0")


def test_net_of_futures_is_the_total_with_the_profit() -> None:
    (row,) = read("gate", CLASSIC, "futures").balances
    assert amounts([row])["USDT"] == ("9656.59", "12.5", "3409.95", "13079.04", None)
    assert row.pnl == Decimal("3371.24")
    assert amounts(read("gate", CLASSIC, "coin_futures").balances)["BTC"] == ("0.4", "0", "0.09", "0.49", None)


def test_net_of_options_is_the_equity() -> None:
    assert amounts(read("gate", CLASSIC, "options").balances)["USDT"] == ("900", "40", "80.5", "1020.5", None)


@pytest.mark.parametrize("mode", [1, 2, 3, "1"])
def test_figures_of_a_unified_account_are_no_futures_wallet(mode: Any) -> None:
    account = sample("gate", gate.FUTURES.path) | {"margin_mode": mode, "margin_mode_name": "multi_currency"}
    with pytest.raises(ExchangeRefused, match="multi_currency") as caught:
        converse(CLASSIC.wallets["futures"].read(RowMemory()), account)
    assert "mode: unified" in caught.value.advice


@pytest.mark.parametrize("answer", [[], "x", 5, {"currency": "USDT"}, {}])
@pytest.mark.parametrize("wallet", ["futures", "coin_futures", "delivery", "options"])
def test_contracts_of_another_shape_are_no_empty_wallet(wallet: str, answer: Any) -> None:
    try:
        reading = converse(CLASSIC.wallets[wallet].read(RowMemory()), answer).result
    except BadPayload:
        return
    assert [row.name for row in reading.unreadable] == ["USDT"]


def lends(*names: str) -> list[dict[str, str]]:
    return [{"currency": name, "amount": "1"} for name in names]


def test_lending_is_read_page_by_page_until_one_is_not_full() -> None:
    first, second = lends(*(f"C{n}" for n in range(gate.PAGE))), lends("USDT")
    talk = converse(gate.read_earn(RowMemory()), first, second)
    assert len(talk.result.balances) == gate.PAGE + 1
    assert [dict(request.query)["page"] for request in talk.requests] == ["1", "2"]


def test_a_coin_on_two_pages_is_never_counted_twice() -> None:
    first = lends(*(f"C{n}" for n in range(gate.PAGE)))
    with pytest.raises(BadPayload, match="two pages"):
        converse(gate.read_earn(RowMemory()), first, lends("C99"))


def test_pages_without_end_are_no_answer() -> None:
    pages = (lends(*(f"C{page}x{n}" for n in range(gate.PAGE))) for page in range(30))
    with pytest.raises(BadPayload, match="pages"):
        respond(gate.read_earn(RowMemory()), lambda _: next(pages))


def test_the_whole_that_is_lent_counts() -> None:
    assert amounts(read("gate", CLASSIC, "earn").balances)["USDT"] == ("0", "0", "110.5", "110.5", None)


def test_the_overview_is_in_usd_by_our_names() -> None:
    values = {value.wallet: value.usd for value in read("gate", UNIFIED, "overview").values}
    assert values["spot"] == 1000
    assert values["earn"] == 3000
    assert values["futures"] == 122
    assert "bots" in values


@pytest.mark.parametrize("unit", ["USDT", None])
def test_a_value_in_another_unit_is_no_value(unit: Any) -> None:
    details = {"spot": {"amount": "1", "currency": unit}, "finance": {"amount": "2", "currency": "USD"}}
    reading = converse(CLASSIC.wallets["overview"].read(RowMemory()), {"details": details}).result
    assert [value.wallet for value in reading.values] == ["earn"]
    assert [value.name for value in reading.unreadable] == ["spot"]


def test_symbols_are_put_together_never_taken_apart() -> None:
    assert UNIFIED.symbol is not None
    assert UNIFIED.symbol("GTC_HT", "USDT") == "GTC_HT_USDT"
    assert respond(UNIFIED.prices(), lambda _: sample("gate", "/api/v4/spot/tickers")).result["GTC_HT_USDT"] == "0.7"


def key(*perms: str, **more: Any) -> dict[str, Any]:
    """A key with these rights, `+` before one that is more than reading."""
    rights = [{"name": perm.strip("+"), "read_only": not perm.startswith("+")} for perm in perms]
    return {"state": 1, "mode": 1, "perms": rights, "ip_whitelist": [], "currency_pairs": [], **more}


def key_info(*keys: Any, ips: tuple[str, ...] = ()) -> KeyInfo:
    assert CLASSIC.key_info is not None
    detail = {"ip_whitelist": list(ips), "currency_pairs": [], "key": {"mode": 1}}
    info = converse(CLASSIC.key_info(), detail, list(keys)).result
    assert isinstance(info, KeyInfo)
    return info


READ_ONLY = {"read": True, "trade": False, "transfer": False}


@pytest.mark.parametrize(
    ("perms", "rights"),
    [
        (("spot", "wallet"), READ_ONLY),
        (("+spot", "wallet"), READ_ONLY | {"trade": True}),
        (("+unified",), READ_ONLY | {"trade": True}),
        (("spot", "+wallet"), READ_ONLY | {"transfer": True}),
        (("spot", "withdrawal"), READ_ONLY | {"withdraw": False}),
        (("spot", "+withdraw"), READ_ONLY | {"withdraw": True}),
    ],
)
def test_what_is_not_for_reading_alone_is_a_right(perms: tuple[str, ...], rights: dict[str, bool]) -> None:
    info = key_info(key(*perms))
    assert (info.permissions, info.ip_restricted) == (rights, False)


def test_our_key_is_the_one_with_our_addresses_and_no_other_key_speaks_for_it() -> None:
    ours, other = key("spot", ip_whitelist=["203.0.113.7"]), key("+spot", "+wallet")
    assert key_info(ours, other, ips=("203.0.113.7",)).permissions == READ_ONLY
    assert key_info(ours, other).permissions == READ_ONLY | {"trade": True, "transfer": True}
    assert key_info(ours, other, ips=("203.0.113.9",)).permissions == {}


def test_of_keys_that_look_alike_only_what_all_of_them_may_is_told() -> None:
    assert key_info(key("spot"), key("+spot")).permissions == {"read": True, "transfer": False}
    assert key_info(key("spot"), key("+spot", state=2)).permissions == READ_ONLY


def test_a_list_of_keys_that_is_not_shown_leaves_the_addresses() -> None:
    refused = gate.unwrap_keys(
        403, {"label": "FORBIDDEN", "message": "Request API key does not have account permission"}
    )
    info = key_info(*refused, ips=("203.0.113.7",))
    assert (info.permissions, info.ip_restricted) == ({}, True)


@pytest.mark.parametrize(
    ("status", "label", "kind"),
    [
        *((401, label, AuthError) for label in ("INVALID_KEY", "INVALID_SIGNATURE", "INVALID_CREDENTIALS")),
        (400, "MISSING_REQUIRED_HEADER", AuthError),
        *((status, "REQUEST_EXPIRED", ClockRefused) for status in (401, 403)),
        (403, "IP_FORBIDDEN", IpRefused),
        (403, "FORBIDDEN", PermissionMissing),
        (429, "TOO_MANY_REQUESTS", RateLimited),
        (400, "TOO_FAST", RateLimited),
        *((500, label, ExchangeRefused) for label in ("INTERNAL", "SERVER_ERROR", "TOO_BUSY")),
        *((400, label, ExchangeRefused) for label in ("ACCOUNT_LOCKED", "INVALID_PARAM_VALUE", "USER_NOT_FOUND")),
        (404, "NOT_FOUND", ExchangeRefused),
        (200, "INVALID_KEY", AuthError),
        (500, "", BadStatus),
    ],
)
def test_labels_have_our_reasons(status: int, label: str, kind: type[PollError]) -> None:
    with pytest.raises(PollError) as caught:
        gate.unwrap(status, {"message": "words", "label": label})
    assert type(caught.value) is kind
    assert label in str(caught.value)


@pytest.mark.parametrize("words", ["message", "detail"])
def test_a_refusal_of_the_address_stands_under_the_label_of_a_missing_right(words: str) -> None:
    with pytest.raises(IpRefused) as caught:
        gate.unwrap_unified(403, {"label": "FORBIDDEN", words: "Request IP not in whitelist: 203.0.113.7"})
    assert "203.0.113.7" in caught.value.advice


@pytest.mark.parametrize("label", ["USER_NOT_FOUND", "CROSS_ACCOUNT_NOT_FOUND"])
def test_a_product_that_nothing_was_put_into_was_never_opened(label: str) -> None:
    with pytest.raises(NotOpened):
        gate.unwrap_product(400, {"label": label, "message": "please transfer funds first"})


@pytest.mark.parametrize("payload", [[], {"label": ""}, {"label": None, "x": 1}, None])
def test_an_answer_without_a_label_is_what_was_asked_for(payload: Any) -> None:
    assert gate.unwrap(200, payload) == payload
    with pytest.raises(PollError):
        gate.unwrap(400, payload)


def test_what_is_left_is_told_by_a_header() -> None:
    assert UNIFIED.remaining({"X-Gate-RateLimit-Requests-Remain": "17"}) == 17
    assert UNIFIED.remaining({}) is None
