"""From a balance to an alert's page and back, and on to the dashboards: the shipped files on real servers."""

import json
import re
from collections.abc import AsyncIterator
from itertools import count
from typing import Any

import pytest
import pytest_asyncio
import yaml

from exporter.sandbox.faults import Fault
from tests.end_to_end.monitoring import FACTOR, Monitoring, Page, Point, monitored, until
from tests.grafana.queries import queries
from tests.kit.processes import ROOT, RULES, quicker_rules, require, seconds

pytestmark = [pytest.mark.servers, pytest.mark.asyncio(loop_scope="module")]

SETTINGS: dict[str, Any] = yaml.safe_load((ROOT / "deploy" / "prometheus" / "prometheus.yml").read_text())["global"]
SCRAPE = seconds(SETTINGS["scrape_interval"]) / FACTOR
ROUTES: dict[str, Any] = yaml.safe_load((ROOT / "deploy" / "alertmanager" / "alertmanager.yml").read_text())["route"]
SLACK = 2.0
"""Seconds by which a busy machine may be late; minutes in the time of the shipped files."""

CRITICAL = {"alertname": "BalanceCritical", "severity": "critical", "of": "net"}
DRAINED = {"exchange": "bitget", "account": "market-maker", "wallet": "spot", "currency": "USDT"}
STOPPED = {"exchange": "xt", "account": "grid-bots", "wallet": "spot"}
EMPTIED = {"exchange": "bitmart", "account": "exit-desk", "wallet": "spot", "currency": "DOGE"}
HAND_OVER = {"BalanceLow", "BalanceCritical", "BalanceStale", "BalanceMissing"}


@pytest_asyncio.fixture(scope="module", loop_scope="module", name="monitoring")
async def _monitoring(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Monitoring]:
    require("prometheus")
    require("prometheus-alertmanager", "alertmanager")
    async with monitored(tmp_path_factory.mktemp("monitoring")) as monitoring:
        yield monitoring


def rule_for(alert: str) -> float:
    """Seconds that the alert has to hold here before it fires."""
    rules = [rule for path in RULES.glob("*.yml") for group in _groups(path.read_text()) for rule in group["rules"]]
    [wait] = {rule["for"] for rule in rules if rule.get("alert") == alert}
    return seconds(wait) / FACTOR


def _groups(text: str) -> list[dict[str, Any]]:
    groups: list[dict[str, Any]] = yaml.safe_load(text)["groups"]
    return groups


def selector(name: str, **labels: str) -> str:
    return name + "{" + ",".join(f"{label}={json.dumps(value)}" for label, value in labels.items()) + "}"


async def fell_and_fired(
    monitoring: Monitoring, limit: float, since: float, labels: dict[str, str]
) -> tuple[Point, Point]:
    """The last scrape that was not under the limit, and the evaluation from which on the alert fired."""
    coin = {name: labels[name] for name in ("exchange", "account", "wallet", "currency")}
    [balance] = await monitoring.samples(selector("exchange_balance_net", **coin), since)
    [firing] = await monitoring.samples(selector("ALERTS", alertstate="firing", **labels), since)
    first_low = next(index for index, point in enumerate(balance) if point.value < limit)
    return balance[first_low - 1], firing[0]


async def resolved(monitoring: Monitoring, page: Page, path: str) -> Page:
    """Wait for the end of what a page was about."""
    return await monitoring.page(path, page.alert["labels"], "resolved", page.received)


async def test_what_runs_here_differs_from_what_ships_in_durations_only() -> None:
    duration = r"(?<!\w)\d+(?:ms|[smhd])\b"
    for path in RULES.glob("*.yml"):
        shipped = yaml.safe_load(path.read_text())
        quicker = yaml.safe_load(quicker_rules(path.read_text(), FACTOR))
        before, after = (re.findall(duration, json.dumps(rules)) for rules in (shipped, quicker))
        assert [1000 * seconds(text) / FACTOR for text in before] == [float(text.removesuffix("ms")) for text in after]
        assert re.sub(duration, "", json.dumps(shipped)) == re.sub(duration, "", json.dumps(quicker))


async def test_a_balance_under_its_limits_pages_in_time_with_what_to_do_and_resolves_when_refilled(
    monitoring: Monitoring,
) -> None:
    account = monitoring.account("market-maker")
    account.set("spot", "USDT", "4200")
    low = await monitoring.page("/market-making", {"alertname": "BalanceLow"} | DRAINED)
    assert low.alert["labels"]["severity"] == "warning"

    began = low.received - 5
    account.set("spot", "USDT", "640.5", "100")
    page = await monitoring.page("/page", CRITICAL | DRAINED)
    assert page.alert["labels"] == CRITICAL | DRAINED | {"team": "market-making", "site": "main"}
    texts = page.alert["annotations"]
    assert texts["description"] == (
        "The whole holding of account market-maker on bitget in wallet spot is 740.5 USDT, "
        "under the critical limit of 1000. Add 9259.5 USDT to reach its target. "
        "Could give: 34000 from treasury on bitget (unified), 12500 from perp-desk on bingx (futures), "
        "11250.75 from grid-bots on xt (spot)."
    )
    assert texts["runbook_url"].endswith("/deploy/runbooks/BalanceCritical.md")
    assert texts["dashboard_url"].endswith("?var-exchange=bitget&var-account=market-maker")
    assert (await monitoring.page("/market-making", CRITICAL | DRAINED)).alert["status"] == "firing"

    fell, fired = await fell_and_fired(monitoring, 1000, began, CRITICAL | DRAINED)
    assert fired.time - fell.time <= 2 * SCRAPE + rule_for("BalanceCritical") + SLACK
    wait = next(seconds(route["group_wait"]) for route in ROUTES["routes"] if route["receiver"] == "page")
    assert page.received - fired.time <= wait / FACTOR + SLACK

    async def told() -> str | None:
        return next((text for text in monitoring.telegrams if "740.5 USDT" in text), None)

    assert "<b>[FIRING 1] BalanceCritical bitget (market-making)</b>" in await until(told, lambda: monitoring.telegrams)

    account.set("spot", "USDT", "12000")
    await resolved(monitoring, page, "/page")
    await resolved(monitoring, low, "/market-making")


async def test_a_coin_that_is_emptied_and_then_left_out_of_the_answer_pages_as_zero(monitoring: Monitoring) -> None:
    account = monitoring.account("exit-desk")
    holding = account.wallet("spot")["DOGE"]
    account.remove("spot", "DOGE")
    page = await monitoring.page("/page", CRITICAL | EMPTIED)
    assert " is 0 DOGE, under the critical limit of 2000. Add 50000 DOGE" in page.alert["annotations"]["description"]
    assert not await monitoring.answer(selector("ALERTS", alertname="CoinVanished"))
    account.set("spot", "DOGE", holding.available)
    await resolved(monitoring, page, "/page")
    assert not await monitoring.samples(selector("ALERTS", alertname="CoinVanished"), page.received - 30)


async def test_low_gives_way_to_stale_and_missing_without_a_gap_when_the_exchange_stops(monitoring: Monitoring) -> None:
    exchange, account = monitoring.sandbox.exchange("xt"), monitoring.account("grid-bots")
    account.set("spot", "USDT", "1200")
    low = await monitoring.page("/page", CRITICAL | STOPPED)
    firing = [await monitoring.firing("grid-bots", HAND_OVER)]

    async def only_old_and_missing() -> bool | None:
        firing.append(await monitoring.firing("grid-bots", HAND_OVER))
        return firing[-1] == {"BalanceStale", "BalanceMissing"} or None

    async def nothing() -> bool | None:
        firing.append(await monitoring.firing("grid-bots", HAND_OVER))
        return not firing[-1] or None

    await exchange.close_port()
    await until(only_old_and_missing, lambda: firing)
    assert firing[0] == {"BalanceLow", "BalanceCritical"}
    assert all(firing), firing
    fired = {name: await _fired(monitoring, name, low.received - 30) for name in HAND_OVER}
    assert max(min(fired["BalanceStale"]), min(fired["BalanceMissing"])) <= max(fired["BalanceCritical"])
    missing = await monitoring.page("/page", {"alertname": "BalanceMissing"} | STOPPED)
    assert missing.alert["labels"].items() >= {"severity": "critical", "team": "grid"}.items()
    said = missing.alert["annotations"]["description"]
    assert said.startswith("No balance of wallet spot of account grid-bots on xt is served; it was last read ")
    assert said.endswith("; reads fail: network. Currencies with limits that nobody watches now: 1.")
    await monitoring.page("/alerts", {"alertname": "ExchangeUnreachable", "exchange": "xt"})

    account.set("spot", "USDT", "15250.75", "3120")
    await exchange.open_port()
    await until(nothing, lambda: firing)
    await resolved(monitoring, missing, "/page")
    await resolved(monitoring, low, "/page")


async def _fired(monitoring: Monitoring, alert: str, since: float) -> list[float]:
    """The evaluations at which an alert on this account fired, as Prometheus keeps them."""
    which = selector("ALERTS", alertstate="firing", alertname=alert, account="grid-bots")
    return [point.time for series in await monitoring.samples(which, since) for point in series]


async def test_every_query_of_every_dashboard_has_an_answer(monitoring: Monitoring) -> None:
    """Also those that ask for trouble: an account fails and its values are withdrawn, another's polls are skipped.

    Of what moved there is an answer because something does, and goes on: at any moment a holding is worth more than an
    hour before, however late that is recorded.
    """
    moving = monitoring.account("grid-bots")
    before = moving.wallet("spot")["USDT"]
    amounts = count(25_250, 10)
    faults = monitoring.sandbox.exchange("htx").faults
    faults.append(Fault("vendor_error", situation="maintenance", account=monitoring.account("arbitrage").key))
    asked = queries(rate_interval=f"{4 * SCRAPE * FACTOR:.0f}s")
    missing = {(query[:3], query.expr) for query in asked}
    assert missing

    async def all_answered() -> bool | None:
        for name, expr in tuple(missing):
            moving.set("spot", "USDT", next(amounts))
            if await monitoring.answer(quicker_rules(expr, FACTOR)):
                missing.discard((name, expr))
        return not missing or None

    try:
        await until(all_answered, lambda: missing)
    finally:
        faults.clear()
        moving.set("spot", "USDT", before.available)
