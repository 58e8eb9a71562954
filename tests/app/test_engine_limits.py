"""Accounts that ask for more than the exchanges' limits or the machine's files give are told of."""

from dataclasses import replace
from typing import Any

import pytest

from exporter.core import files
from exporter.exchanges import EXCHANGES
from exporter.exchanges.base import Exchange
from tests.app.works import account, config, engine, works
from tests.kit.accounts import configured
from tests.kit.clock import FakeClock
from tests.kit.scripted import ScriptedTransport

__all__ = ["works"]


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
