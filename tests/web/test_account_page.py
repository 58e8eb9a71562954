"""The page of one account tells its limits, its wallets, its key and its last failures."""

import re
from decimal import Decimal
from typing import Any

import pytest

from exporter.config import Threshold
from exporter.core.errors import AuthError, BadPayload
from exporter.core.model import KeyInfo, Reading
from exporter.holdings.account import AccountState
from exporter.web import account_page
from exporter.web.frame import STYLE
from tests.kit.accounts import (
    NOW,
    STALE_AFTER,
    WALL,
    balance,
    book,
    failing,
    polled,
    read,
    readable,
    refuse,
    up,
    waiting,
)
from tests.kit.pages import Reader, page


def words(account: AccountState, *others: AccountState, now: float = NOW, **other: Any) -> str:
    text = page([account, *others], now, WALL + now - NOW, of=account.account.name, **other)
    return Reader(text).words


def test_limits_are_told_with_their_distance() -> None:
    limits = (
        Threshold("USDT", warning=Decimal(5), critical=Decimal(1), target=Decimal(100)),
        Threshold("BTC", of="available", warning=Decimal("1.75")),
        Threshold("ETH", wallet="futures", critical=Decimal(1)),
        Threshold("XRP", target=Decimal(0)),
    )
    said = words(up(thresholds=limits, usd={"warning": Decimal(100)}))
    fine = (
        "✔ USDT in spot: 10 USDT, 5 USDT above warning, 90 USDT missing to the target (warning 5 USDT, critical 1 USDT"
    )
    assert fine in said
    assert (
        "▲ available BTC in spot is low 1.50 BTC left, below warning 1.75 BTC 0.25 BTC missing to the warning limit"
        in said
    )
    assert "… ETH in futures: not known, so neither low nor fine (critical 1 ETH)" in said
    assert "✔ Value in USD: 210.00 USD, 110.00 USD above warning (warning 100.00 USD)" in said
    assert "▲ 1 balance low; up" in said


def test_an_account_without_limits_has_no_section_for_them() -> None:
    assert "Limits" not in words(up())


def test_balances_are_sorted_by_worth_with_their_share() -> None:
    account = waiting(priced=book({"BTC": "100", "ETH": "10", "DOGE": "1"}), expect=("DOGE",))
    read(account, balance("ODD", "7"), balance("ETH", "10"), balance("BTC", "9"))
    text = page([polled(account)], NOW, WALL, of="desk")
    assert re.findall(r'<th scope="row" role="rowheader">([A-Z]+)</th>', text) == ["BTC", "ETH", "ODD", "DOGE"]
    said = Reader(text).words
    assert "BTC 9 0 0 900.00 90.0%" in said
    assert "ODD 7 0 0 – DOGE" in said
    assert 'width="90.0"' in text


def test_what_is_not_served_has_no_share() -> None:
    account = waiting(priced=book({}))
    read(account, balance("USDT", "30"), wallet="funding", at=NOW - STALE_AFTER - 1)
    read(account, balance("USDT", "10"))
    assert "spot ✔ fresh · 0 s ago · 10.00 USD 100.0%" in words(polled(account))


def test_a_large_wallet_is_cut_after_what_is_worth_most() -> None:
    account = waiting(priced=book({}))
    read(account, balance("USDT", "5"), *(balance(f"A{number}", "1") for number in range(300)))
    text = page([polled(account)], NOW, WALL, of="desk")
    assert text.count('<th scope="row"') == account_page.ROWS_UP_TO == 200
    assert "USDT" in text
    assert "and 101 currencies more, each worth less" in Reader(text).words


def test_of_many_wallets_those_that_are_worth_most_are_shown_and_those_that_fail() -> None:
    account = up()
    group = account.wallet("isolated_margin", readable(many=True))
    parts = {f"isolated_margin/C{number}USDT": Reading([balance("USDT", str(number + 1))]) for number in range(60)}
    account.accepted(group, Reading(parts=parts), NOW, WALL)
    refuse(account, AuthError("no"), wallet="bots")
    said = words(account)
    assert "isolated_margin/C59USDT" in said
    assert "isolated_margin/C0USDT" not in said
    assert "bots optional ✖ failing, nothing is served" in said
    assert re.search(r"and 1\d wallets more, each worth less", said)


def test_what_the_key_may_do_is_told() -> None:
    account = up()
    account.key_read(KeyInfo({"read": True, "trade": True, "withdraw": False}, True, WALL + 86_400 * 30))
    said = words(account)
    assert "✔ may read ⚠ may trade ✖ may not withdraw works from listed addresses only expires in 30 d" in said
    assert "⚠ The key can trade" in said
    assert "The exchange does not tell what the key may do." in words(up())


def test_the_last_failures_are_told_the_latest_first() -> None:
    account = failing(AuthError("bad key the-api-key"))
    for number in range(3):
        refuse(account, BadPayload("<b>odd</b>"), at=NOW + 60 + number)
    said = words(account, now=NOW + 90, masked=lambda text: text.replace("the-api-key", "<secret>"))
    past = said.partition("Last failures")[2]
    assert re.match(
        r" 2026-01-01T00:01:02.000Z \(28 s ago, 3 times since 2026-01-01T00:01:00.000Z\) spot: payload : <b>odd</b> "
        r"2026-01-01T00:00:00.000Z \(1 min 30 s ago\) spot: auth : bad key <secret>",
        past,
    ), past
    assert "the-api-key" not in said
    assert "Last failures None since the exporter started." in words(up())


def test_a_stale_account_shows_no_amount() -> None:
    said = words(up(), now=NOW + STALE_AFTER + 1)
    assert "✖ Stale: no balances are served" in said
    assert "1.50" not in said
    assert "210" not in said


@pytest.mark.parametrize("name", ["ü &desk", "a?b#c", "100%", '"><script>'])
def test_names_are_encoded_in_links(name: str) -> None:
    reader = Reader(page([up(name)], NOW, WALL))
    [href] = [each["href"] or "" for each in reader.all("a") if "account" in (each["href"] or "")]
    assert re.fullmatch(r"account/[A-Za-z0-9%._~-]+", href)
    assert name in Reader(page([up(name)], NOW, WALL, of=name)).words


def test_the_style_sheet_is_in_the_page_as_its_hash_has_it() -> None:
    for of in (None, "desk"):
        assert f"<style>{STYLE}</style>" in page([up()], NOW, WALL, of=of)
        assert "style=" not in page([up()], NOW, WALL, of=of)
