"""The pages in a real Chromium: on a desk and on a telephone, in light and dark, by keyboard, and for axe."""

import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import pytest
from aiohttp import ClientSession, web

from exporter.config import Threshold
from exporter.core.errors import AuthError, BadPayload
from exporter.core.model import KeyInfo
from exporter.holdings.account import AccountState
from exporter.holdings.totals import Part
from exporter.web.server import Asked
from tests.kit.accounts import NOW, WALL, balance, book, broken, failing, over, polled, read, refuse, up, waiting
from tests.kit.browser import browsing
from tests.kit.pages import page
from tests.kit.web import serving

pytestmark = pytest.mark.servers

AXE: Final = Path(__file__).parents[2] / ".venv" / "axe" / "node_modules" / "axe-core" / "axe.min.js"
LOOKS: Final = [(width, dark) for width in (1280, 390) for dark in (False, True)]
PAGES: Final = ("/", "/?state=low", "/?exchange=none&refresh=off", "/account/grid-bot-1", "/account/dead")
HOSTILE: Final = (
    "<img src=x onerror=alert(1)>",
    "</style></title><script>window.hacked=1</script>",
    '"><svg onload=window.hacked=1>',
    "javascript:window.hacked=1",
)


def scene() -> list[AccountState]:
    """Accounts of every kind, with the longest names and numbers that come."""
    limits = (
        Threshold("USDT", warning=Decimal(5000), critical=Decimal(1000), target=Decimal(10000)),
        Threshold("BTC", of="available", warning=Decimal("0.1")),
        Threshold("ETH", wallet="futures", warning=Decimal(5)),
    )
    bot = waiting("grid-bot-1", "bitget", book({"BTC": "97000"}), thresholds=limits, labels={"team": "grid"})
    amounts = {"USDT": "812.5", "BTC": "0.25", "SHIB": "123456789123.123456789012345678", "A" * 60: "1"}
    read(bot, *(balance(currency, amount) for currency, amount in amounts.items()), *map(odd, HOSTILE))
    read(bot, *map(odd, HOSTILE), at=NOW)
    read(bot, balance("USDT", "0", net=Decimal("-25.5"), pnl=Decimal(-30)), wallet="futures", ratio="0.625")
    bot.key_read(KeyInfo({"read": True, "trade": True, "withdraw": False}, ip_restricted=False, expires=WALL + 777_777))
    refuse(bot, BadPayload("x" * 400), wallet="funding")
    rich = waiting("treasury", "bitget", book({}))
    read(rich, balance("USDT", "250000.75"))
    return [
        polled(bot),
        polled(rich),
        failing(AuthError("code 40006: " + "invalid-key-" * 20), "arb-2", "xt", labels={"team": "arb"}),
        broken(AuthError("code 401"), "dead", "htx"),
        up("an-account-with-a-name-that-does-not-end-" + "x" * 60, "xt", usd={"warning": Decimal(500)}),
        waiting("fresh", "bingx"),
    ]


def odd(name: str) -> Any:
    return balance(name, "1")


@asynccontextmanager
async def shown() -> AsyncIterator[str]:
    """The scene behind a server, and behind a proxy with a path; the address of the pages there."""
    accounts = scene()
    totals = [Part(over("x", warning="100000"), Decimal(150_000)), Part(over("x", name="low", warning="9"), Decimal(4))]

    async def written(asked: Asked) -> str | None:
        if asked.account is not None and asked.account not in {each.account.name for each in accounts}:
            return None
        return page(
            accounts, NOW + 12, WALL + 12, of=asked.account, totals=totals, links=asked.links, chosen=asked.chosen
        )

    async with serving(page=written) as served, ClientSession() as client:
        host, port = served.host_and_port

        async def passed_on(request: web.BaseRequest) -> web.Response:
            path = request.path_qs.removeprefix("/balances")
            async with client.get(f"http://{host}:{port}{path}") as answer:
                kept = {name: answer.headers[name] for name in ("Content-Type", "Content-Security-Policy")}
                return web.Response(status=answer.status, body=await answer.read(), headers=kept)

        runner = web.ServerRunner(web.Server(passed_on))
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        try:
            yield f"http://127.0.0.1:{runner.addresses[0][1]}/balances"
        finally:
            await runner.cleanup()


async def test_nothing_runs_off_a_screen_of_any_size_or_scheme() -> None:
    async with browsing() as browser, shown() as url:
        for width, dark in [*LOOKS, (320, False)]:
            await browser.look(width, dark=dark)
            for path in PAGES:
                await browser.open(url + path)
                wide = await browser.tells("document.documentElement.scrollWidth")
                assert wide <= width, (path, width)
                off = await browser.tells(
                    "[...document.querySelectorAll('main *, header *, footer *')].filter(each => "
                    "!each.closest('.unseen, thead') && each.getBoundingClientRect().right > innerWidth + 1)"
                    ".map(each => each.outerHTML.slice(0, 200))"
                )
                assert off == [], (path, width)


async def test_no_heading_of_a_table_and_no_usual_value_is_broken_on_a_desk() -> None:
    async with browsing() as browser, shown() as url:
        await browser.look(1280)
        await browser.open(url + "/account/grid-bot-1")
        broken = await browser.tells(
            "[...document.querySelectorAll('.balances thead th, .balances [data-name=USD], .balances .share')]"
            ".filter(each => { const range = document.createRange(); range.selectNodeContents(each);"
            "return range.getBoundingClientRect().height > 30; })"
            ".map(each => each.textContent)"
        )
        assert broken == []


async def test_the_style_sheet_is_let_in_and_no_script_is() -> None:
    async with browsing() as browser, shown() as url:
        for dark, back in ((False, "rgb(255, 255, 255)"), (True, "rgb(18, 18, 18)")):
            await browser.look(1280, dark=dark)
            await browser.open(url + "/")
            assert await browser.tells("getComputedStyle(document.querySelector('.overall')).borderLeftWidth") == "6px"
            assert await browser.tells("getComputedStyle(document.body).backgroundColor") == back
        assert browser.said == []
        script = "const it = document.createElement('script'); it.text = 'window.hacked = 1'; document.body.append(it);"
        assert await browser.tells(f"{script} window.hacked === undefined")
        assert any("Content Security Policy" in each for each in browser.said)


async def test_a_hostile_name_of_a_currency_runs_no_script_and_is_shown() -> None:
    async with browsing() as browser, shown() as url:
        for path in PAGES:
            await browser.open(url + path)
            assert await browser.tells("window.hacked === undefined && document.scripts.length === 0")
            assert await browser.tells("document.querySelectorAll('img, svg[onload], [onerror]').length") == 0
        assert browser.said == []
        await browser.open(url + "/account/grid-bot-1")
        names = await browser.tells("[...document.querySelectorAll('.balances th')].map(each => each.textContent)")
        assert {name.upper() for name in HOSTILE} <= set(names)


async def test_links_and_form_work_behind_a_sub_path() -> None:
    async with browsing() as browser, shown() as url:
        await browser.open(url + "/")
        await browser.does("document.querySelector('.lows a').click()")
        assert await browser.tells("location.href") == f"{url}/account/grid-bot-1"
        assert (await browser.tells("document.querySelector('h1').textContent")).startswith("grid-bot-1")
        await browser.does("document.querySelector('nav a').click()")
        assert await browser.tells("location.href") == f"{url}/"
        await browser.does(
            "document.querySelector('select[name=exchange]').value = 'xt'; document.querySelector('button').click()"
        )
        assert await browser.tells("location.href") == f"{url}/?exchange=xt&state=&label=&account="
        rows = await browser.tells("[...document.querySelectorAll('.account th a')].map(each => each.textContent)")
        assert len(rows) == 2
        await browser.does("document.querySelector('footer a').click()")
        assert await browser.tells("location.href") == f"{url}/?exchange=xt&refresh=off"


async def test_the_keyboard_reaches_everything_and_one_sees_where_it_is() -> None:
    async with browsing() as browser, shown() as url:
        await browser.look(390)
        await browser.open(url + "/?refresh=off")
        wanted = await browser.tells(
            "[...document.querySelectorAll('a, select, input:not([type=hidden]), button')].length"
        )
        seen = []
        for _ in range(wanted):
            await browser.press("Tab")
            seen.append(
                await browser.tells(
                    "(() => { const it = document.activeElement, box = it.getBoundingClientRect(), "
                    "style = getComputedStyle(it); return [it.outerHTML, box.left >= 0 && box.width > 0, "
                    "style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2]; })()"
                )
            )
        assert len({html for html, *_ in seen}) == len({html for html, *_ in seen if "<body" not in html})
        assert [html for html, visible, _ in seen if not visible] == []
        assert [html for html, _, outlined in seen if not outlined] == []
        assert "Skip to the content" in seen[0][0]
        await browser.open(url + "/?refresh=off")
        await browser.press("Tab")
        await browser.press("Enter")
        assert await browser.tells("location.hash") == "#main"


async def test_axe_finds_nothing() -> None:
    if not AXE.exists():
        if os.environ.get("REQUIRE_SERVERS") == "1":
            pytest.fail("axe-core is not installed; `make axe` does it")
        pytest.skip("axe-core is not installed; `make axe` does it")
    source = AXE.read_text("utf-8")
    # A page that loads itself again takes a reader's place away; the page can be told not to, which is checked too.
    rules = {"meta-refresh": {"enabled": False}}
    async with browsing() as browser, shown() as url:
        for width, dark in LOOKS:
            await browser.look(width, dark=dark)
            for path in PAGES:
                await browser.open(url + path)
                await browser.tells(f"{source};0")
                options = json.dumps({} if "refresh=off" in path else {"rules": rules})
                found = await browser.tells(
                    f"axe.run(document, {options}).then(it => JSON.stringify([it.passes.length, it.violations.map("
                    "each => [each.id, each.help, each.nodes.map(node => [node.html, node.failureSummary])])]))"
                )
                passed, violations = json.loads(found)
                assert violations == [], (path, width, dark)
                assert passed > 20
