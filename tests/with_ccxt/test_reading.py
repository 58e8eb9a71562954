"""Every exchange of the table, read through ccxt: right numbers, by the requests of the table and no other."""

import json
from base64 import b64decode
from decimal import Decimal

import pytest

from exporter.core.errors import BadPayload
from exporter.core.model import Balance
from exporter.exchanges.ccxt.table import TABLE
from exporter.transport.conversation import Transport
from tests.kit.clock import FakeClock
from tests.with_ccxt.reading import IDS, Desk, desk
from tests.with_ccxt.samples import SAMPLES, TIME

each = pytest.mark.parametrize("name", IDS)


async def everything(it: Desk) -> None:
    """Ask for all that can be asked for."""
    for wallet in it.api.wallets:
        await it.wallet(wallet)
    await it.public(it.api.prices())
    if it.api.markets is not None:
        await it.public(it.api.markets())


@each
async def test_each_wallet_holds_what_the_answer_says(name: str, transport: Transport, clock: FakeClock) -> None:
    async with desk(name, transport, clock) as it:
        assert list(it.api.wallets) == list(SAMPLES[name].wallets)
        for wallet, held in SAMPLES[name].wallets.items():
            reading = await it.wallet(wallet)
            found: dict[str, Balance] = {}
            for row in reading.balances:  # of one name: added, as holdings does
                one = found.setdefault(row.currency, row._replace(available=Decimal(0), frozen=Decimal(0)))
                found[row.currency] = one._replace(
                    available=one.available + row.available, frozen=one.frozen + row.frozen
                )
            assert {
                each: (row.available, row.frozen, *([row.borrowed] if row.borrowed is not None else []))
                for each, row in found.items()
            } == {each: tuple(map(Decimal, amounts)) for each, amounts in held.items()}
            assert (reading.unreadable, reading.ignored) == ([], 0)


@each
async def test_prices_are_those_of_the_exchanges_own_markets(name: str, transport: Transport, clock: FakeClock) -> None:
    async with desk(name, transport, clock) as it:
        prices = await it.public(it.api.prices())
        if it.api.markets is None:
            assert prices == {}
            assert SAMPLES[name].prices == {}
            return
        markets = await it.public(it.api.markets())
        priced = {pair: prices[symbol] for pair, symbol in markets.items() if prices.get(symbol) is not None}
        assert priced == SAMPLES[name].prices


@each
async def test_nothing_is_sent_but_what_the_table_names(name: str, transport: Transport, clock: FakeClock) -> None:
    async with desk(name, transport, clock) as it:
        await everything(it)
        sent = {(each.method, each.path) for each in it.stand_in.sent}
        assert sent <= {(row.method, row.path) for row in TABLE[name].rows}


@each
async def test_every_row_of_the_table_is_asked(name: str, transport: Transport, clock: FakeClock) -> None:
    async with desk(name, transport, clock) as it:
        await everything(it)
        if name == "kucoin":  # the rows of an account of the other kind
            it.stand_in.answers["/api/ua/v1/account/mode"] = '{"code":"200000","data":{"selfAccountMode":"UNIFIED"}}'
            unified = '{"code":"200000","data":{"accountType":"UNIFIED","ts":1,"accounts":[{"currencies":[]}]}}'
            it.stand_in.answers["/api/ua/v1/unified/account/balance"] = unified
            it.stand_in.answers["/api/ua/v1/account/balance"] = unified
            await everything(it)
        sent = {(each.method, each.path) for each in it.stand_in.sent}
        assert {(row.method, row.path) for row in TABLE[name].rows} <= sent


@each
async def test_the_clock_is_read_where_there_is_a_call(name: str, transport: Transport, clock: FakeClock) -> None:
    async with desk(name, transport, clock) as it:
        if it.api.time is not None:
            assert await it.public(it.api.time()) == TIME
        else:
            assert TABLE[name].calls_for("time") == ()


async def test_a_unified_account_of_kucoin_is_read_as_one_whatever_the_other_paths_say(
    transport: Transport, clock: FakeClock
) -> None:
    """The mode is asked for in each read: nothing of one account is taken for another's."""
    async with desk("kucoin", transport, clock) as it:
        it.stand_in.answers |= {
            "/api/ua/v1/account/mode": '{"code":"200000","data":{"selfAccountMode":"UNIFIED"}}',
            "/api/ua/v1/unified/account/balance": UNIFIED,
        }
        (row,) = (await it.wallet("spot")).balances
        assert (row.currency, row.available, row.frozen, row.borrowed) == (
            "USDT",
            Decimal("96.4936711985"),
            Decimal("1.5"),
            Decimal("0.25"),
        )
        assert row.net == Decimal("97.7436711985")
        it.stand_in.answers["/api/ua/v1/account/mode"] = '{"code":"200000","data":{"selfAccountMode":"CLASSIC"}}'
        assert {row.currency for row in (await it.wallet("spot")).balances} == {"BTC", "ALT"}


NONCES = {
    "kraken": lambda sent: sent.body.decode().removeprefix("nonce="),
    "bitfinex": lambda sent: sent.headers["bfx-nonce"],
    "gemini": lambda sent: json.loads(b64decode(sent.headers["X-GEMINI-PAYLOAD"]))["nonce"],
    "whitebit": lambda sent: json.loads(sent.body)["nonce"],
}


@pytest.mark.parametrize("name", NONCES)
async def test_the_number_of_a_request_never_falls_though_the_clock_does(
    name: str, transport: Transport, clock: FakeClock
) -> None:
    async with desk(name, transport, clock) as it:
        await it.wallet("spot")
        clock.step_wall(-3600.0)
        await it.wallet("spot")
        first, second = (int(NONCES[name](sent)) for sent in it.stand_in.sent)
        assert second > first


UNIFIED = """{"code":"200000","data":{"accountType":"UNIFIED","ts":1764731696945,"accounts":[{"currencies":[
    {"currency":"USDT","equity":"97.7436711985","hold":"1.5000000000","balance":"97.9936711985",
     "available":"96.4936711985","liability":"0.2500000000"}]}]}}"""


async def test_an_account_that_holds_nothing_is_an_empty_wallet(transport: Transport, clock: FakeClock) -> None:
    empty = {
        "kraken": ("/0/private/BalanceEx", '{"error":[],"result":{}}'),
        "mexc": ("/api/v3/account", '{"balances":[]}'),
        "kucoin": ("/api/v1/accounts?type=trade", '{"code":"200000","data":[]}'),
        "bitstamp": ("/api/v2/account_balances/", "[]"),
        "coinbase": ("/api/v3/brokerage/accounts?limit=250", '{"accounts":[],"has_next":false,"cursor":""}'),
    }
    for name, (path, answer) in empty.items():
        async with desk(name, transport, clock) as it:
            it.stand_in.answers[path] = answer
            assert (await it.wallet("spot")).empty


async def test_accounts_of_one_exchange_share_nothing_but_the_class(transport: Transport, clock: FakeClock) -> None:
    async with desk("kraken", transport, clock) as one, desk("kraken", transport, clock) as other:
        other.stand_in.answers["/0/private/BalanceEx"] = (
            '{"error":[],"result":{"ZEUR":{"balance":"7","hold_trade":"0"}}}'
        )
        for _ in range(2):
            assert len((await one.wallet("spot")).balances) == 5
            assert [row.currency for row in (await other.wallet("spot")).balances] == ["EUR"]


async def test_two_rows_of_one_coin_are_unreadable_where_ccxt_would_keep_one(
    transport: Transport, clock: FakeClock
) -> None:
    async with desk("mexc", transport, clock) as it:
        held = (("MX", "1"), ("MX", "2"), ("ETH", "3"))
        rows = ",".join(f'{{"asset":"{coin}","free":"{free}","locked":"0"}}' for coin, free in held)
        it.stand_in.answers["/api/v3/account"] = f'{{"balances":[{rows}]}}'
        reading = await it.wallet("spot")
        assert [row.currency for row in reading.balances] == ["ETH"]
        assert [row.name for row in reading.unreadable] == ["MX"]


async def test_rows_that_ccxt_leaves_out_are_counted(transport: Transport, clock: FakeClock) -> None:
    async with desk("kucoin", transport, clock) as it:
        path = "/api/v1/accounts?type=trade"
        it.stand_in.answers[path] = it.stand_in.answers[path].replace('"ALT","type":"trade"', '"ALT","type":"trade_hf"')
        reading = await it.wallet("spot")
        assert ([row.currency for row in reading.balances], reading.ignored) == (["BTC"], 1)


@pytest.mark.parametrize("cursor", ["789100", ""])
async def test_pages_that_end_before_the_list_does_are_no_wallet(
    cursor: str, transport: Transport, clock: FakeClock
) -> None:
    """A cursor that repeats itself, or is missing: ccxt takes what it has for all of it."""
    async with desk("coinbase", transport, clock) as it:
        path = "/api/v3/brokerage/accounts?limit=250&cursor=789100"
        it.stand_in.answers[path] = it.stand_in.answers[path].replace(
            '"has_next":false,"cursor":""', f'"has_next":true,"cursor":"{cursor}"'
        )
        with pytest.raises(BadPayload, match="end before the list"):
            await it.wallet("spot")
