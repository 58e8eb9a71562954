"""Accounts, prices and their tasks together: start, reload, health and stop."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from decimal import Decimal
from random import Random
from typing import Any

import pytest

from exporter.app.engine import STALL_SECONDS, Engine
from exporter.app.lag import Lag
from exporter.config import Account, Config, Threshold, Valuation
from exporter.core import files
from exporter.core.credentials import Credentials, Secret
from exporter.core.errors import TimedOut
from exporter.core.model import Reading
from exporter.exchanges import EXCHANGES
from exporter.exchanges.base import Endpoint, Exchange, Limit, Reader, Request, RowMemory, WalletSource
from exporter.exposition.counters import Counters
from exporter.transport.limits import Pacer
from tests.kit.accounts import configured
from tests.kit.clock import FakeClock, settle
from tests.kit.exchange import API, changed
from tests.kit.scrape import Samples
from tests.kit.scripted import ASK, ScriptedTransport, key_info, rows, wallet

SCARCE = Endpoint("/{id}", (Limit("ip", "scarce", 10, 10.0),))


def read_prices() -> Reader[dict[str, Any]]:
    tickers: dict[str, Any] = yield Request(ASK, id="prices")
    return tickers


def read_scarce(memory: RowMemory) -> Reader[Reading]:
    return rows((yield Request(SCARCE, id="spot")))


def config(*accounts: Account, labels: tuple[str, ...] = (), **valuation: Any) -> Config:
    given = {"enabled": True, "interval": 60.0, "pegs": {"USDT": Decimal(1)}, "also": (), **valuation}
    return Config(
        accounts=accounts,
        rate_share={"tiny": 0.5},
        valuation=Valuation(**given),
        hash=len(accounts),
        warnings=(),
        label_names=labels,
    )


def account(name: str, **other: Any) -> Account:
    return configured(name, "tiny", **other)


def engine(
    first: Config, exchanges: Mapping[str, Exchange], clock: FakeClock, transport: ScriptedTransport, **other: Any
) -> Engine:
    pacer = Pacer(clock, first.rate_share, other.get("shards", 1))
    return Engine(
        first,
        clock,
        Random(1),
        exchanges=exchanges,
        transport=transport,
        pacer=pacer,
        counters=Counters(),
        **other,
    )


class Works:
    """An engine of one made-up exchange, on a clock that the test moves."""

    def __init__(self, first: Config, **other: Any) -> None:
        self.clock = FakeClock()
        self.transport = ScriptedTransport(self.clock)
        self.transport.says = {
            "spot": {"USDT": "5", "BTC": "1"},
            "prices": {"BTCUSDT": "50000"},
            "key": {"read": True},
        }
        main = WalletSource(read_scarce, (SCARCE,)) if other.pop("scarce", False) else wallet("spot")
        api = changed(API, wallets={"spot": main}, prices=read_prices, key_info=key_info)
        tiny = Exchange(name="tiny", credentials=("api_key",), apis={"": api})
        self.engine = engine(first, {"tiny": tiny}, self.clock, self.transport, **other)

    async def text(self) -> str:
        self.engine.before_scrape()
        scrape = await self.engine.exposition.scrape(openmetrics=False, gzip=False)
        assert scrape is not None
        return scrape.body.decode()

    async def value(self, family: str, /, **labels: str) -> float | None:
        """The value of the first sample of a family with these labels."""
        found = Samples(await self.text()).of(family, **labels)
        return found[0][1] if found else None

    def polls(self, name: str) -> list[float]:
        asked = self.transport.asked
        return [each.at for each in asked if (each.what, each.account) == ("spot", name)]


@pytest.fixture
def works() -> Any:
    @asynccontextmanager
    async def running(first: Config, *, advance: float = 100.0, **other: Any) -> AsyncIterator[Works]:
        made = Works(first, **other)
        made.engine.start()
        try:
            await made.clock.advance(advance)
            yield made
        finally:
            await made.engine.stop(0)
            assert asyncio.all_tasks() == {asyncio.current_task()}

    return running


async def test_all_accounts_are_polled_at_once_and_valued(works: Any) -> None:
    async with works(config(account("a"), account("b")), advance=1) as it:
        assert it.polls("a") == it.polls("b") == [1_000.0]
        assert it.engine.tried
        assert await it.value("exchange_account_usd", account="b") == 50_005.0
        assert await it.value("exchange_price_usd", currency="BTC") == 50_000.0


# -- reload


async def test_an_unchanged_account_keeps_everything(works: Any) -> None:
    async with works(config(account("a"))) as it:
        before = it.polls("a")
        poller = it.engine.pollers["a"]
        await it.engine.apply(config(account("a")))
        await it.clock.advance(60)
        assert it.engine.pollers["a"] is poller
        assert it.polls("a")[: len(before)] == before
        assert it.polls("a")[-1] - it.polls("a")[-2] == pytest.approx(30)
        assert await it.value("exchange_polls_total", account="a") == len(it.polls("a"))


async def test_a_retouched_account_keeps_data_counters_and_schedule(works: Any) -> None:
    async with works(config(account("a"))) as it:
        due, polls = it.engine.pollers["a"].due, len(it.polls("a"))
        threshold = Threshold("SOL", "main", "net", critical=Decimal(7))
        retouched = account("a", thresholds=(threshold,), labels={"team": "x"}, min_usd=Decimal(100))
        await it.engine.apply(config(retouched, labels=("team",)))
        assert await it.value("exchange_balance_available", currency="BTC") == 1.0
        assert await it.value("exchange_balance_threshold", currency="SOL", severity="critical") == 7.0
        assert await it.value("exchange_account_info", team="x") == 1
        assert await it.value("exchange_polls_total", account="a") == polls
        assert it.engine.pollers["a"].due == due


@pytest.mark.parametrize(
    "change",
    [
        {"credentials": Credentials(Secret("new-key"), Secret("new-secret"))},
        {"base_url": "https://other.example"},
        {"proxy": "http://proxy.example"},
        {"wallets": ("main",)},
        {"options": {"rate_group": "desk"}},
    ],
    ids=lambda change: next(iter(change)),
)
async def test_an_account_of_which_the_identity_changed_starts_anew(works: Any, change: dict[str, Any]) -> None:
    async with works(config(account("a"), account("b"))) as it:
        it.transport.says["spot"] = TimedOut("slow")
        await it.engine.apply(config(account("a", **change), account("b")))
        await it.clock.advance(1)
        assert await it.value("exchange_balance_available", account="a") is None
        assert await it.value("exchange_polls_total", account="a") == 1
        assert await it.value("exchange_balance_available", account="b") == 5.0


async def test_a_removed_account_is_gone_at_the_next_scrape_and_is_polled_no_more(works: Any) -> None:
    async with works(config(account("a"), account("b"))) as it:
        polls = len(it.polls("b"))
        await it.engine.apply(config(account("a")))
        assert 'account="b"' not in await it.text()
        await it.clock.advance(100)
        assert len(it.polls("b")) == polls
        assert await it.value("exchange_balance_available", account="a") == 5.0


async def test_an_account_that_is_removed_in_the_middle_of_a_poll_leaves_nothing(works: Any) -> None:
    async with works(config(account("a"), account("b"))) as it:
        it.transport.takes["spot"] = 5.0
        await it.clock.advance(30)
        await it.engine.apply(config(account("a")))
        await it.clock.advance(30)
        assert 'account="b"' not in await it.text()


async def test_a_renamed_account_has_the_very_series_of_the_old_one_under_the_new_name_only(works: Any) -> None:
    own = {"usd": {"warning": Decimal(1)}, "thresholds": (Threshold("USDT", warning=Decimal(1)),), "expires": 2e9}
    async with works(config(account("old", **own), account("kept"))) as it:

        async def names() -> dict[str, set[tuple[tuple[str, str], ...]]]:
            """The series with an account label, by account, without that label."""
            found: dict[str, set[tuple[tuple[str, str], ...]]] = {}
            for family, labels in Samples(await it.text()):
                rest = tuple(sorted(pair for pair in labels if pair[0] != "account"))
                if len(rest) < len(labels):
                    found.setdefault(dict(labels)["account"], set()).add((("", family), *rest))
            return found

        state = it.engine.accounts["old"]
        for one in (state, it.engine.accounts["kept"]):
            one.quota("/spot", 9)
        before = await names()
        families = {first[1] for first, *_ in before["old"]}
        assert {"exchange_polls_total", "exchange_poll_failures_total", "exchange_api_rate_limit_remaining"} <= families
        assert {"exchange_account_usd", "exchange_balance_threshold", "exchange_api_key_permission"} <= families
        await it.engine.apply(config(account("new", **own), account("kept")))
        assert (await names()).keys() == {"new", "kept"}
        await it.clock.advance(1)
        it.engine.accounts["new"].quota("/spot", 9)
        state.quota("/spot", 8)  # what a poll that was still ending brings
        state.polled(0.0, 0.1, None, up=True)
        assert await names() == {"new": before["old"], "kept": before["kept"]}
        assert '"old"' not in await it.text()


async def test_an_added_account_is_polled_at_once(works: Any) -> None:
    async with works(config(account("a"))) as it:
        now = it.clock.now()
        await it.engine.apply(config(account("a"), account("b")))
        await it.clock.advance(1)
        assert it.polls("b") == [now]
        assert await it.value("exchange_account_usd", account="b") == 50_005.0


async def test_a_shorter_interval_counts_at_once(works: Any) -> None:
    async with works(config(account("a", interval=3_600.0, stale_after=18_000.0))) as it:
        await it.engine.apply(config(account("a", interval=5.0)))
        await it.clock.advance(51)
        assert len(it.polls("a")) >= 11
        assert it.engine.problem() is None


async def test_a_changed_interval_during_a_poll_never_starts_a_second_one(works: Any) -> None:
    async with works(config(account("a"))) as it:
        it.transport.takes["spot"] = 20.0
        while not it.engine.pollers["a"].polling:
            await it.clock.advance(1)
        polls = len(it.polls("a"))
        await it.engine.apply(config(account("a", interval=1.0, timeout=0.5)))
        await it.clock.advance(10)
        assert len(it.polls("a")) == polls


async def test_the_key_is_read_again_on_reload(works: Any) -> None:
    async with works(config(account("a"))) as it:
        assert it.transport.count("key") == 1
        await it.engine.apply(config(account("a")))
        await it.clock.advance(31)
        assert it.transport.count("key") == 2


async def test_other_pegs_are_in_force_at_once(works: Any) -> None:
    async with works(config(account("a"))) as it:
        await it.engine.apply(config(account("a"), pegs={"USDT": Decimal("0.5")}))
        assert await it.value("exchange_balance_usd", currency="USDT") == 2.5
        assert await it.value("exchange_balance_usd", currency="BTC") == 25_000.0


async def test_without_valuation_no_value_and_no_price_is_left(works: Any) -> None:
    async with works(config(account("a"))) as it:
        await it.engine.apply(config(account("a"), enabled=False))
        text = await it.text()
        assert "exchange_price_usd{" not in text
        assert "exchange_balance_usd{" not in text
        assert "exchange_account_usd{" not in text
        assert await it.value("exchange_balance_available", currency="BTC") == 1.0
        reads = it.transport.count("prices")
        await it.clock.advance(300)
        assert it.transport.count("prices") == reads


async def test_valuation_can_be_switched_on_later(works: Any) -> None:
    async with works(config(account("a"), enabled=False)) as it:
        assert await it.value("exchange_balance_usd") is None
        await it.engine.apply(config(account("a")))
        await it.clock.advance(1)
        assert await it.value("exchange_balance_usd", currency="BTC") == 50_000.0


async def test_prices_follow_another_rhythm_at_once(works: Any) -> None:
    async with works(config(account("a"), interval=3_600.0)) as it:
        assert it.transport.count("prices") == 1
        await it.engine.apply(config(account("a"), interval=10.0))
        await it.clock.advance(61)
        assert it.transport.count("prices") == 8


async def test_one_book_serves_all_accounts_of_one_address(works: Any) -> None:
    accounts = [account(name) for name in "abc"]
    async with works(config(*accounts, account("d", base_url="https://other.example"))) as it:
        assert len(it.engine.price_readers) == 2
        assert (await it.text()).count('exchange_price_usd{exchange="tiny",currency="BTC"}') == 1


async def test_when_the_book_that_is_served_goes_another_one_of_the_exchange_takes_its_place(works: Any) -> None:
    other = account("d", base_url="https://other.example")
    async with works(config(account("a"), other)) as it:
        await it.engine.apply(config(other))
        assert await it.value("exchange_price_usd", currency="BTC") == 50_000.0
        assert len(it.engine.price_readers) == 1


async def test_credentials_that_were_renewed_in_place_do_not_start_the_account_anew_on_reload(works: Any) -> None:
    fresh = Credentials(Secret("new-key"), Secret("new-secret"))
    async with works(config(account("a"))) as it:
        poller = it.engine.pollers["a"]
        poller.account_poll.renew(fresh)
        await it.engine.apply(config(replace(account("a"), credentials=fresh)))
        assert it.engine.pollers["a"] is poller


# -- shards


async def test_shards_divide_the_accounts_without_overlap(works: Any) -> None:
    everything = config(*(account(f"desk-{number}") for number in range(40)))
    found: list[str] = []
    for shard in range(3):
        async with works(everything, shard=shard, shards=3, advance=1) as it:
            found += it.engine.pollers
            assert await it.value("exchange_account_info", shard=str(shard)) == 1
    assert sorted(found) == sorted(each.name for each in everything.accounts)


# -- what it is handed


async def test_what_an_exchange_says_is_left_and_how_its_clock_runs_is_served(works: Any) -> None:
    async with works(config(account("a"), account("b"))) as it:
        it.engine.pollers["a"].account_poll.caller.quota("/balance", 7)
        it.transport.offsets = {"tiny": -1.5}
        left = "exchange_api_rate_limit_remaining"
        assert await it.value(left, account="a", endpoint="/balance") == 7
        assert await it.value(left, account="b") is None
        assert await it.value("exchange_api_clock_offset_seconds", exchange="tiny") == -1.5


class Loaded(Mapping[str, Exchange]):
    """Exchanges that note which of them were wanted."""

    def __init__(self) -> None:
        self.wanted: set[str] = set()

    def __getitem__(self, name: str) -> Exchange:
        self.wanted.add(name)
        return EXCHANGES[name]

    def __iter__(self) -> Iterator[str]:
        return iter(EXCHANGES)

    def __len__(self) -> int:
        return len(EXCHANGES)


async def test_only_the_exchanges_of_configured_accounts_are_looked_up() -> None:
    exchanges, clock = Loaded(), FakeClock()
    it = engine(config(configured("a", "htx"), configured("b", "xt")), exchanges, clock, ScriptedTransport(clock))
    assert it.oversubscribed() == []
    assert exchanges.wanted == {"htx", "xt"}


# -- limits


async def test_more_than_the_limits_give_is_told_once_for_each_limit(works: Any) -> None:
    many = config(*(account(f"desk-{number}") for number in range(30)))
    async with works(many, scarce=True) as it:
        [sentence] = it.engine.oversubscribed()
        assert "'scarce'" in sentence
        assert "ask for 1/s" in sentence
        await it.engine.apply(config(*many.accounts[:5]))
        assert it.engine.oversubscribed() == []


async def test_more_accounts_than_files_is_told(works: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "limit", lambda: 12)
    many = config(*(account(f"desk-{number}") for number in range(7)))
    async with works(many) as it:
        [sentence] = it.engine.short_of_files()
        assert "8 connections" in sentence, "the prices have one too"
        assert "12 open files, 7 of them" in sentence
        assert "LimitNOFILE" in sentence
        await it.engine.apply(config(*many.accounts[:5]))
        assert it.engine.short_of_files() == []


EVERY_API = [
    pytest.param(exchange, api, id=f"{exchange.name}-{api}".rstrip("-"))
    for exchange in EXCHANGES.values()
    for api in exchange.apis
]


def limits_asked_too_often(exchange: Exchange, api: str, share: float, count: int = 1, **other: Any) -> dict[str, str]:
    """Limit to sentence, for accounts of one user that are polled each second and have not been polled yet."""
    options = {"rate_group": "desk", exchange.option: api} if exchange.option else {"rate_group": "desk"}
    accounts = [
        configured(f"desk-{number}", exchange.name, interval=1.0, options=options, **other) for number in range(count)
    ]
    asked = replace(config(*accounts), rate_share={exchange.name: share})
    clock = FakeClock()
    sentences = engine(asked, EXCHANGES, clock, ScriptedTransport(clock)).oversubscribed()
    return {sentence.split("'")[1]: sentence for sentence in sentences}


@pytest.mark.parametrize(("exchange", "api"), EVERY_API)
def test_the_main_wallet_counts_before_anything_was_read(exchange: Exchange, api: str) -> None:
    chosen = exchange.apis[api]
    own = {endpoint for endpoint in chosen.wallets[chosen.main].endpoints if endpoint not in chosen.list_endpoints}
    found = limits_asked_too_often(exchange, api, 0.0001, wallets=("main",))
    assert set(found) == {limit.name for endpoint in own for limit in endpoint.limits}


@pytest.mark.parametrize(("exchange", "api"), EVERY_API)
def test_accounts_of_one_user_are_added_up_and_those_that_fit_are_not_told_of(exchange: Exchange, api: str) -> None:
    main = exchange.apis[api].wallets[exchange.apis[api].main].endpoints[-1]
    by_user = [limit for limit in main.limits if limit.scope == "uid"]
    for limit in by_user:
        fit = int(limit.requests / limit.seconds / 2)
        assert limit.name not in limits_asked_too_often(exchange, api, 0.5, fit, wallets=("main",))
        assert limit.name in limits_asked_too_often(exchange, api, 0.5, fit + 1, wallets=("main",))
    assert by_user or {limit.scope for limit in main.limits} <= {"key", "ip"}


def test_three_hundred_accounts_of_one_htx_user_are_too_many_for_a_second() -> None:
    [sentence] = limits_asked_too_often(EXCHANGES["htx"], "", 0.5, 300).values()
    assert sentence.startswith("htx: the accounts ask for 300/s of the limit")
    assert "their share gives 25/s" in sentence


def test_an_overview_counts_at_its_own_rhythm_with_each_of_its_requests() -> None:
    path = "/v2/account/asset-valuation"
    assert path in limits_asked_too_often(EXCHANGES["htx"], "", 3.9 / 300 / 50, wallets=("main", "overview"))
    assert path not in limits_asked_too_often(EXCHANGES["htx"], "", 4.1 / 300 / 50, wallets=("main", "overview"))


def test_the_list_of_wallets_counts_once_an_hour() -> None:
    path = "/v1/account/accounts"
    assert path in limits_asked_too_often(EXCHANGES["htx"], "", 0.9 / 3600 / 50)
    assert path not in limits_asked_too_often(EXCHANGES["htx"], "", 1.1 / 3600 / 50)


# -- health


async def test_a_dead_task_is_a_problem(works: Any) -> None:
    async with works(config(account("a"))) as it:
        assert it.engine.problem() is None
        it.engine._tasks["a"].cancel()
        await settle()
        assert "account a" in it.engine.problem()


async def test_a_scheduler_that_stands_still_is_a_problem(works: Any) -> None:
    async with works(config(account("a"))) as it:
        it.clock.time += 30 + STALL_SECONDS + 1
        assert "account a" in it.engine.problem()
        await it.clock.advance(0)
        assert it.engine.problem() is None


async def test_a_read_that_never_ends_is_a_problem(works: Any) -> None:
    async with works(config(account("a"))) as it:
        it.transport.takes["spot"] = 1e9
        await it.clock.advance(600)
        assert "account a" in it.engine.problem()


async def test_an_account_that_waits_long_after_a_refusal_is_none(works: Any) -> None:
    async with works(config(account("a"))) as it:
        it.transport.says["spot"] = TimedOut("slow")
        for _ in range(100):
            await it.clock.advance(37)
            assert it.engine.problem() is None


async def test_before_the_start_and_after_the_stop_there_is_no_problem() -> None:
    it = Works(config(account("a")))
    it.clock.time += 1_000
    assert it.engine.problem() is None
    it.engine.start()
    await it.clock.advance(1)
    await it.engine.stop(0)
    it.clock.time += 1_000
    assert it.engine.problem() is None


def test_lag_is_the_worst_of_the_last_minute() -> None:
    clock = FakeClock()
    lag = Lag(clock)
    lag(0.5)
    clock.time += 20
    lag(0.1)
    assert lag.worst() == 0.5
    clock.time += 20
    assert lag.worst() == 0.5
    clock.time += 45
    assert lag.worst() == 0.0


# -- stop


async def test_stopping_lets_a_running_poll_end_and_starts_no_other() -> None:
    it = Works(config(account("a"), account("b")))
    it.engine.start()
    await it.clock.advance(1)
    it.transport.takes["spot"] = 2.0
    it.transport.says["spot"] = {"USDT": "6", "BTC": "1"}
    while not it.engine.pollers["a"].polling:
        await it.clock.advance(0.5)
    polls = len(it.transport.asked)
    stopping = asyncio.ensure_future(it.engine.stop(5))
    await it.clock.advance(60)
    await stopping
    assert await it.value("exchange_balance_available", account="a") == 6.0
    assert len(it.transport.asked) == polls
    assert it.transport.closed
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_what_does_not_end_in_time_is_cut_off() -> None:
    it = Works(config(account("a")))
    it.transport.takes["spot"] = 1e9
    it.engine.start()
    await it.clock.advance(1)
    await it.engine.stop(0.01)
    assert asyncio.all_tasks() == {asyncio.current_task()}
