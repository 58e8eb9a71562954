"""An account tells a publisher what happens to it, in an order that a publisher can rely on."""

from decimal import Decimal
from typing import Any

from exporter.config import Threshold
from exporter.core.errors import Unreachable
from exporter.core.model import Reading
from exporter.holdings.account import AccountState
from exporter.holdings.accounts import Accounts
from tests.kit.accounts import NOW, WALL, balance, configured, read, readable, refuse


class Told:
    """A publisher that keeps which verbs it heard."""

    def __init__(self) -> None:
        self.verbs: list[str] = []

    def __getattr__(self, verb: str) -> Any:
        def hear(*_: Any, **__: Any) -> tuple[()]:
            self.verbs.append(verb)
            return ()  # what has slices has none here

        return hear

    def since(self) -> list[str]:
        """What was heard since the last look."""
        heard, self.verbs = self.verbs, []
        return heard


def account(told: Told, **other: Any) -> AccountState:
    publisher: Any = told
    return AccountState(configured(**other), "spot", publisher, None, shard=0, label_names=())


def test_the_configuration_is_told_before_anything_else() -> None:
    told = Told()
    account(told)
    assert told.since() == ["configured", "thresholds", "key"]


def test_a_good_read_tells_the_balances_before_the_state_says_that_they_are_fresh() -> None:
    told = Told()
    state = account(told)
    told.since()
    read(state, balance("BTC", "1"))
    assert told.since() == ["state", "balances", "total", "state"]


def test_a_limit_on_a_group_is_told_once_for_each_answer_however_many_wallets_it_tells_of() -> None:
    told = Told()
    limit = Threshold("USDT", "isolated_margin", warning=Decimal(5))
    state = account(told, thresholds=(limit,), wallets=("main", "isolated_margin"))
    group = state.wallet("isolated_margin", readable(many=True))
    told.since()
    parts = {f"isolated_margin/{number}": Reading([balance("USDT", "1")]) for number in range(50)}
    state.accepted(group, Reading(parts=parts), NOW, WALL)
    assert told.since().count("thresholds") == 1
    assert len(state.limits) == 50


def test_a_failed_read_that_ends_the_balances_tells_that_they_are_withdrawn() -> None:
    told = Told()
    state = account(told, stale_after=0.0)
    read(state, balance("BTC", "1"))
    told.since()
    refuse(state, Unreachable("connection refused"))
    assert told.since() == ["state", "withdraw", "state", "total"]


def test_a_failed_poll_is_told_with_its_reason_and_a_good_one_without() -> None:
    told = Told()
    state = account(told)
    told.since()
    state.polled(WALL, 0.1, Unreachable("connection refused"), up=False)
    assert told.since() == ["failed", "polled"]
    state.polled(WALL, 0.1, None, up=True)
    assert told.since() == ["polled"]


def test_an_account_that_is_removed_tells_that_it_is_gone() -> None:
    told, accounts = Told(), Accounts()
    accounts.add(account(told))
    accounts["desk"].wallet("spot", readable())
    told.since()
    accounts.remove("desk")
    accounts.expire(NOW)
    assert told.since() == ["drop"]
