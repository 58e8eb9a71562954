"""`check --online` asks once for what the configuration does not, and for nothing else."""

from dataclasses import replace
from typing import Any

import pytest

from exporter.cli.unread import Unread, probe
from exporter.core.errors import Banned, NotOpened, PermissionMissing, PollError
from exporter.core.model import Reading
from exporter.exchanges.base import Endpoint
from exporter.polling.poller import Poller
from tests.kit.accounts import configured
from tests.kit.scripted import PAUSED, RATE, ScriptedAccount, listing, rows, wallet


class Probed(ScriptedAccount):
    """An account of spot, futures, margin and a group of pairs, polled once and then asked for the rest."""

    def __init__(self, *named: str, **more: Any) -> None:
        sources = {name: wallet(name) for name in ("spot", "futures", "margin")} | {"pairs": wallet("pairs", many=True)}
        super().__init__(sources, account=configured(exchange="tiny", wallets=named or None), **more)
        self.transport.says = {name: {"USDT": "5"} for name in ("spot", "futures", "margin")}
        self.transport.says["pairs"] = Reading(parts={"pairs/AB": rows({"USDT": "5"}), "pairs/CD": rows({"BTC": "1"})})

    async def found(self) -> dict[str, Unread]:
        poller = Poller(self.state, self.caller, self.context)
        give_up_at = self.clock.now() + 30
        await self.clock.run(poller.account_poll.poll(self.clock.now(), give_up_at))
        found = await self.clock.run(probe(poller, self.transport, self.clock, give_up_at))
        return {each.name: each for each in found}


def holds(unread: Unread) -> dict[str, float]:
    assert unread.wallet is not None
    unread.wallet.revalue(None, 1_000.0)
    return {row.label: float(row.balance.net) for row in unread.wallet.rows}


async def test_every_wallet_that_is_not_read_is_asked_for_once() -> None:
    it = Probed("main", "margin")
    found = await it.found()
    assert {name: holds(each) for name, each in found.items()} == {
        "futures": {"USDT": 5},
        "pairs/AB": {"USDT": 5},
        "pairs/CD": {"BTC": 1},
    }
    assert {name: it.transport.count(name) for name in it.transport.says} == dict.fromkeys(it.transport.says, 1)
    assert set(it.state.wallets) == {"spot", "margin"}


async def test_of_a_group_of_which_some_are_read_the_others_are_told() -> None:
    found = await Probed("main", "pairs/AB").found()
    assert set(found) == {"futures", "margin", "pairs/CD"}


async def test_a_group_that_holds_nothing_is_told_as_itself() -> None:
    it = Probed()
    it.transport.says["pairs"] = Reading()
    found = await it.found()
    assert holds(found["pairs"]) == {}


async def test_with_all_wallets_there_is_nothing_left_to_ask() -> None:
    it = Probed("all")
    assert await it.found() == {}


async def test_a_refusal_is_told_by_its_wallet() -> None:
    it = Probed()
    it.transport.says |= {"futures": PermissionMissing("no"), "margin": NotOpened("never"), "pairs": RATE}
    errors: dict[str, PollError | None] = {name: each.error for name, each in (await it.found()).items()}
    assert isinstance(errors["futures"], PermissionMissing)
    assert isinstance(errors["margin"], NotOpened)
    assert errors["pairs"] is not None
    assert errors["pairs"].reason == "rate_limited"


async def test_a_bug_costs_its_own_wallet_only() -> None:
    it = Probed()
    it.transport.says["futures"] = KeyError("x")
    found = await it.found()
    assert found["futures"].error is not None
    assert found["futures"].error.reason == "internal"
    assert holds(found["margin"]) == {"USDT": 5}


async def test_a_pause_is_kept() -> None:
    it = Probed()
    it.transport.says |= {"futures": Banned("too much"), "margin": PAUSED, "pairs": PAUSED}
    found = await it.found()
    assert found["margin"].error is not None
    assert [each.give_up_at for each in it.transport.asked] == [1_030.0] * 4


@pytest.mark.parametrize(
    ("base_url", "asked"), [("http://127.0.0.1:9", {"margin"}), (None, {"futures", "coins", "margin"})]
)
async def test_hosts_that_base_url_makes_one_are_not_asked_for_each_other(base_url: Any, asked: set[str]) -> None:
    it = Probed()
    futures, coins = (Endpoint("/balances", (), host=f"https://{name}.example") for name in ("f", "c"))
    sources = {"spot": wallet("spot"), "margin": wallet("margin")}
    sources |= {"futures": replace(wallet("futures"), endpoints=(futures,))}
    sources |= {"coins": replace(wallet("coins"), endpoints=(coins,))}
    api = replace(it.caller.api, wallets=sources, endpoints=(*it.caller.api.endpoints, futures, coins))
    it.transport.says["coins"] = {"BTC": "1"}
    it.caller = replace(it.caller, api=api, base_url=base_url)
    found = await it.found()
    assert {name for name, each in found.items() if each.wallet is not None} == asked
    assert set(found) == {"futures", "coins", "margin"}
    assert not [each for each in found.values() if each.error is not None]


async def test_a_name_that_holds_a_secret_is_not_shown() -> None:
    it = Probed(masked=lambda name: name.replace("CD", "<secret>"))
    assert {"pairs/AB", "pairs/<secret>"} <= set(await it.found())


async def test_what_the_exchange_lists_and_nobody_reads_is_asked_for_too() -> None:
    it = Probed("main", discover=listing)
    it.transport.says["list"] = lambda: {name: wallet(name, default=True) for name in ("spot", "earn")}
    it.transport.says["earn"] = {"BTC": "2"}
    assert holds((await it.found())["earn"]) == {"BTC": 2}
