"""What is last known, through random histories: the sum served and what wallets that cannot be read said last.

One history drives both sides. The exporter's store and exposition go through it with a clock of their own, and what
they say at each scrape becomes the series of a rule test; a model as plain as the promise says what has to come out.
"""

from __future__ import annotations

import random
import subprocess
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from exporter.core.errors import Unreachable
from exporter.core.model import Reading
from exporter.holdings.account import AccountState
from tests.deploy.conftest import DEPLOY
from tests.deploy.rule_cases.table import series
from tests.kit.accounts import Desk, balance, book, readable
from tests.kit.processes import require
from tests.kit.scrape import Samples

MINUTES = 70
PRICES = {"BTC": "100", "ETH": "10"}
COINS = ("BTC", "ETH", "USDT")
FAMILIES = (
    "exchange_balance_net",
    "exchange_balance_usd",
    "exchange_wallet_fresh",
    "exchange_wallet_last_success_timestamp_seconds",
)
WALLET = ("exchange", "account", "wallet")
Place = tuple[str, ...]


def freshness(samples: Samples) -> dict[Place, float]:
    """Whether each wallet that is named is fresh."""
    found = samples.of("exchange_wallet_fresh")
    return {tuple(labels[name] for name in WALLET): value for labels, value in found}


class Exporter:
    """The product's store and exposition, told by a history what happened; minutes are its only clock."""

    def __init__(self, names: list[str]) -> None:
        self._desk = Desk()
        self._states: dict[str, AccountState] = {}
        for name in names:
            self.add(name)

    def add(self, name: str) -> None:
        """Name an account that was not read yet; its prices are known."""
        self._states[name] = self._desk.account(name, prices=book(PRICES), stale_after=180.0)

    def remove(self, name: str) -> None:
        """Name it no more, as after a reload."""
        self._states.pop(name)
        self._desk.accounts.remove(name)

    def read(self, name: str, minute: int, amounts: dict[str, int], wallet: str = "spot") -> None:
        """Let a wallet answer well."""
        state = self._states[name]
        reading = Reading([balance(coin, str(amount)) for coin, amount in amounts.items()])
        state.accepted(state.wallet(wallet, readable()), reading, minute * 60.0, minute * 60.0 + 1, trusted=True)

    def fail(self, name: str, minute: int, wallet: str = "spot") -> None:
        """Let a wallet not answer."""
        state = self._states[name]
        state.refused(state.wallet(wallet, readable()), Unreachable("refused"), minute * 60.0, minute * 60.0 + 1)

    def switch(self, name: str, wallet: str) -> None:
        """Make the account one of another mode, with another main wallet."""
        self._states[name].switch_api(wallet)
        self._states[name].wallet(wallet, readable())

    def scrape(self, minute: int) -> Samples:
        """What it says."""
        return Samples(self._desk.text(minute * 60.0))


@dataclass
class Model:
    """What was last said of each wallet that there is, in USD and in each coin; which of them are served."""

    said: dict[Place, dict[str, float]] = field(default_factory=dict)
    served: set[Place] = field(default_factory=set)

    def scraped(self, samples: Samples) -> None:
        """Take over what a good scrape says; a wallet that it does not name is gone."""
        fresh = freshness(samples)
        now: dict[Place, dict[str, float]] = defaultdict(dict)
        for labels, usd in samples.of("exchange_balance_usd"):
            now[tuple(labels[name] for name in WALLET)][labels["currency"]] = usd
        self.served = {place for place, value in fresh.items() if value == 1.0}
        self.said = {place: now[place] if place in self.served else self.said.get(place, {}) for place in fresh}

    def usd(self, *, served: bool) -> float | None:
        """The sum over what is served, or over all; None where there is nothing to add up."""
        found = [
            usd for place, coins in self.said.items() if place in self.served or not served for usd in coins.values()
        ]
        return sum(found) if found else None


def history(seed: int) -> Iterator[tuple[int, Samples | None]]:
    """What is scraped in each minute of a random life of a few accounts; None: the scrape fails."""
    dice = random.Random(seed)
    mode = {f"desk-{number}": "spot" for number in range(3)}
    exporter = Exporter(list(mode))
    failing: dict[str, int] = {}
    whole: dict[
        str, int
    ] = {}  # until when no coin is left out: it is not known as zero, and seen for three minutes more
    down_until = -1
    number = len(mode)
    for minute in range(MINUTES):
        event = dice.random() if minute > 3 else 1.0
        name = dice.choice(list(mode))
        if event < 0.06:  # renamed
            exporter.remove(name)
            mode[new := f"desk-{number}"] = mode.pop(name)
            number += 1
            exporter.add(new)
            if mode[new] != "spot":
                exporter.switch(new, mode[new])
        elif event < 0.10 and len(mode) > 1:  # taken out
            exporter.remove(name)
            del mode[name]
        elif event < 0.14 and mode[name] == "spot":  # of another mode, for good
            mode[name] = "unified"
            exporter.switch(name, "unified")
        elif event < 0.30:  # fails for a while
            failing[name] = minute + dice.randint(1, 14)
        elif event < 0.36:  # scrapes fail for a while, and perhaps because it starts anew
            down_until = minute + dice.randint(0, 7)
            if dice.random() < 0.5:
                exporter = Exporter(list(mode))
                for each, wallet in mode.items():
                    if wallet != "spot":
                        exporter.switch(each, wallet)
                    whole[each] = down_until + 6
        for each, wallet in mode.items():
            if minute <= failing.get(each, -1):
                exporter.fail(each, minute, wallet)
            elif minute > down_until:
                left = "" if minute <= whole.get(each, -1) or dice.random() < 0.7 else dice.choice(COINS)
                amounts = {coin: dice.randint(1, 1000) for coin in COINS if coin != left}
                exporter.read(each, minute, amounts, wallet)
        yield minute, None if minute <= down_until else exporter.scrape(minute)


def written(seed: int) -> dict[str, Any]:
    """The rule test of one history."""
    model = Model()
    values: dict[str, list[str]] = {}
    checks: list[dict[str, Any]] = []
    own = {series("exchange_exporter_shards"): "1", series("exchange_exporter_shard_ordinal"): "0"}
    for minute, samples in history(seed):
        said = {}
        if samples is not None:
            model.scraped(samples)
            said = dict(own)
            for family in FAMILIES:
                for labels, value in samples.of(family):
                    said[series(family, **labels)] = repr(value)
        for name in values.keys() | said.keys():
            before = values.setdefault(name, ["_"] * minute)
            gone = "stale" if before and before[-1] not in ("_", "stale") else "_"
            before.append(said.get(name, gone))
        checks.append(_check("all:exchange_balance_usd:last_known", minute, model.usd(served=False)))
        if samples is not None:
            checks.append(_check("all:exchange_balance_usd:fresh", minute, model.usd(served=True)))
    return {
        "interval": "1m",
        "input_series": [{"series": name, "values": " ".join(each)} for name, each in values.items()],
        "promql_expr_test": checks,
    }


def _check(record: str, minute: int, value: float | None) -> dict[str, Any]:
    samples = [] if value is None else [{"labels": record, "value": value}]
    return {"expr": record, "eval_time": f"{minute}m", "exp_samples": samples}


@pytest.mark.servers
@pytest.mark.parametrize("seed", range(4))
def test_last_known_is_what_is_served_and_what_failing_wallets_said_last(tmp_path: Path, seed: int) -> None:
    promtool = require("promtool")
    rules = DEPLOY / "prometheus" / "rules" / "recording.yml"
    groups = [group["name"] for group in yaml.safe_load(rules.read_text())["groups"]]
    test = {
        "rule_files": [str(rules)],
        "evaluation_interval": "1m",
        "group_eval_order": groups,
        "tests": [written(seed)],
    }
    path = tmp_path / "test.yml"
    path.write_text(yaml.safe_dump(test))
    ran = subprocess.run([promtool, "test", "rules", str(path)], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_the_histories_hold_what_they_are_about() -> None:
    told = [list(history(seed)) for seed in range(4)]
    for steps in told:
        states = [freshness(samples) for _, samples in steps if samples is not None]
        assert len({account for state in states for _, account, _ in state}) > 3, "nobody was renamed"
        assert {wallet for state in states for _, _, wallet in state} == {"spot", "unified"}
        assert any(0.0 in state.values() for state in states)
        assert len(states) < len(steps), "no scrape failed"
