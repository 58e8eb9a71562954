"""From a balance to an alert's page: simulated exchanges, the exporter, Prometheus, Alertmanager and a receiver.

Rules and configurations are the shipped ones. To have minutes pass in seconds, every duration in them is divided by
FACTOR; addresses are those of this machine, and a scrape may take as long as the scrape interval. Nothing else differs.
Durations of the exporter, which polls once a second at most, and plain numbers in expressions stay as they are.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import aiohttp
import yaml
from aiohttp import web

from exporter.sandbox import Sandbox
from exporter.sandbox.accounts import SandboxAccount
from exporter.sandbox.demo import Scenario, build_demo
from tests.kit import processes
from tests.kit.processes import ROOT, RULES, alertmanager, prometheus, quicker_rules, quicker_settings, replaced

T = TypeVar("T")

FACTOR = 60
PATIENCE = 100.0
"""Seconds that a slow machine gets for anything; no test is decided by them."""

ACCOUNTS: dict[str, dict[str, Any]] = {
    "exit-desk": {"thresholds": [{"currency": "DOGE", "warning": 10000, "critical": 2000, "target": 50000}]},
    "grid-bots": {
        "timeout": "1900ms",
        "stale_after": "3s",
        "labels": {"team": "grid", "bot": "grid-1"},
        "thresholds": [{"currency": "USDT", "warning": 4000, "critical": 1500}],
    },
    "arbitrage": {"timeout": "1900ms", "stale_after": "3s"},
    "market-maker": {"credentials": {"expires": "2036-12-31"}},
    "perp-desk": {"thresholds": [{"currency": "XRP", "of": "available", "warning": 1000}]},
}
"""What the accounts here have beyond those of the demo."""

RATE_SHARE = {"bingx": 0.1}
"""So little for one exchange that polls have to be skipped."""


class Point(NamedTuple):
    """A sample as Prometheus stored it: seconds since the epoch, and the value."""

    time: float
    value: float


class Page(NamedTuple):
    """One alert of a notification as the receiver got it."""

    path: str
    received: float
    alert: dict[str, Any]


class Monitoring:
    """Everything that runs.

    Attributes:
        sandbox: the exchanges; a test moves their balances and closes their ports.
        pages: alerts that arrived by webhook, in their order.
        telegrams: texts that arrived for Telegram.
    """

    def __init__(self, scenario: Scenario, session: aiohttp.ClientSession) -> None:
        self.sandbox = scenario.sandbox
        self.scenario = scenario
        self.prometheus = ""
        self.pages: list[Page] = []
        self.telegrams: list[str] = []
        self._session = session

    def account(self, name: str) -> SandboxAccount:
        """An account as its exchange knows it."""
        return self.scenario.account(name).account

    async def answer(self, expr: str) -> list[dict[str, Any]]:
        """The series that an expression has now.

        Raises:
            AssertionError: Prometheus refuses the expression.
        """
        answer = await self._get("query", query=expr)
        result: list[dict[str, Any]] = answer["result"]
        return result

    async def samples(self, selector: str, since: float) -> list[list[Point]]:
        """The stored samples of each series since a moment, with the times of their scrapes or evaluations."""
        found = await self.answer(f"{selector}[{1000 * (time.time() - since):.0f}ms]")
        return [[Point(at, float(value)) for at, value in series["values"]] for series in found]

    async def firing(self, account: str, names: Collection[str]) -> set[str]:
        """Which of these alerts on an account fire now."""
        alerts = (await self._get("alerts"))["alerts"]
        return {
            alert["labels"]["alertname"]
            for alert in alerts
            if alert["state"] == "firing"
            and alert["labels"]["alertname"] in names
            and alert["labels"].get("account") == account
        }

    async def page(self, path: str, labels: Mapping[str, str], status: str = "firing", since: float = 0.0) -> Page:
        """Wait for an alert with these labels to arrive at a path of the receiver."""

        async def arrived() -> Page | None:
            return next(
                (
                    page
                    for page in self.pages
                    if page.path == path
                    and page.received >= since
                    and page.alert["status"] == status
                    and labels.items() <= page.alert["labels"].items()
                ),
                None,
            )

        return await until(arrived, lambda: (path, status, labels, "is not among", self._arrived()))

    def _arrived(self) -> list[tuple[str, str, dict[str, str]]]:
        return [
            (page.path, page.alert["status"], page.alert["labels"])
            for page in self.pages
            if page.path != "/dead-mans-switch"
        ]

    async def receive(self, request: web.Request) -> web.Response:
        """What the webhooks of the shipped Alertmanager call."""
        body = await request.json()
        self.pages += [Page(request.path, time.time(), alert) for alert in body["alerts"]]
        return web.Response()

    async def telegram(self, request: web.Request) -> web.Response:
        """What stands in for Telegram's bot API."""
        fields = await request.json() if request.content_type == "application/json" else dict(await request.post())
        if "text" in fields:
            self.telegrams.append(str(fields["text"]))
        message = {"message_id": 1, "date": 0, "chat": {"id": -1, "type": "group"}, "id": 1, "is_bot": True}
        return web.json_response({"ok": True, "result": message})

    async def _get(self, path: str, **query: str) -> Any:
        async with self._session.get(f"{self.prometheus}/api/v1/{path}", params=query) as response:
            answer = await response.json()
        assert answer["status"] == "success", f"{answer['error']}: {query}"
        return answer["data"]


async def until(ask: Callable[[], Awaitable[T | None]], what: Callable[[], object]) -> T:
    """Ask again and again until there is an answer.

    Raises:
        AssertionError: there is none in time; says what is.
    """
    try:
        async with asyncio.timeout(PATIENCE):
            while (answer := await ask()) is None:  # noqa: ASYNC110 - what is waited for happens in other processes
                await asyncio.sleep(0.05)
            return answer
    except TimeoutError:
        raise AssertionError(f"after {PATIENCE:g} s: {what()}") from None


@asynccontextmanager
async def monitored(folder: Path) -> AsyncIterator[Monitoring]:
    """All of it running, with data of every account in Prometheus."""
    async with AsyncExitStack() as stack:
        sandbox = Sandbox()
        scenario = build_demo(sandbox, seed=1)
        session = await stack.enter_async_context(aiohttp.ClientSession())
        monitoring = Monitoring(scenario, session)
        await sandbox.start()
        stack.push_async_callback(sandbox.stop)
        receiver = await _receiver(monitoring, stack)

        config = folder / "config.yaml"
        config.touch(mode=0o600)
        config.write_text(_exporter_config(scenario), encoding="utf-8")
        exporter = await stack.enter_async_context(processes.exporter(config))

        shipped = ROOT / "deploy" / "alertmanager"
        alerting = folder / "alertmanager"
        (alerting / "templates").mkdir(parents=True)
        for template in (shipped / "templates").iterdir():
            (alerting / "templates" / template.name).write_text(template.read_text(encoding="utf-8"), encoding="utf-8")
        text = quicker_settings((shipped / "alertmanager.yml").read_text(encoding="utf-8"), FACTOR)
        text = replaced(text, {"http://127.0.0.1:9095": receiver})
        text = replaced(text, {"\nglobal:\n": f"\nglobal:\n  telegram_api_url: {receiver}/telegram\n"})
        (alerting / "alertmanager.yml").write_text(text, encoding="utf-8")
        alerts_to = stack.enter_context(alertmanager(alerting))

        scraping = folder / "prometheus"
        (scraping / "rules").mkdir(parents=True)
        for rules in RULES.glob("*.yml"):
            text = quicker_rules(rules.read_text(encoding="utf-8"), FACTOR)
            (scraping / "rules" / rules.name).write_text(text, encoding="utf-8")
        (scraping / "prometheus.yml").write_text(_prometheus_config(exporter.url, alerts_to), encoding="utf-8")
        monitoring.prometheus = stack.enter_context(prometheus(scraping, resend_delay=f"{60 // FACTOR}s"))

        async def watched() -> bool | None:
            rows = await monitoring.answer("sum(exchange_account_up)")
            return True if rows and float(rows[0]["value"][1]) == len(scenario.accounts) else None

        await until(watched, lambda: exporter.log)
        yield monitoring


async def _receiver(monitoring: Monitoring, stack: AsyncExitStack) -> str:
    app = web.Application()
    app.router.add_route("*", "/telegram/{call:.*}", monitoring.telegram)
    app.router.add_post("/{path:.*}", monitoring.receive)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    return f"http://{host}:{port}"


def _exporter_config(scenario: Scenario) -> str:
    config = yaml.safe_load(scenario.config_text(scenario.sandbox.base_urls))
    config["defaults"] = {"interval": "1s", "timeout": "5s"}
    config["rate_share"] = RATE_SHARE
    config["valuation"]["interval"] = "1s"
    for account in config["accounts"]:
        more = ACCOUNTS.get(account["name"], {})
        account |= more | {"credentials": account["credentials"] | more.get("credentials", {})}
    return yaml.safe_dump(config, sort_keys=False)


def _prometheus_config(exporter: str, alerts_to: str) -> str:
    text = quicker_settings((ROOT / "deploy" / "prometheus" / "prometheus.yml").read_text(encoding="utf-8"), FACTOR)
    text = replaced(
        text, {"localhost:10118": exporter.removeprefix("http://"), "localhost:9093": alerts_to.removeprefix("http://")}
    )
    settings = yaml.safe_load(text)["global"]
    assert settings["scrape_interval"] == settings["evaluation_interval"]
    return replaced(
        text, {f"scrape_timeout: {settings['scrape_timeout']}": f"scrape_timeout: {settings['scrape_interval']}"}
    )
