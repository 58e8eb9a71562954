"""The status page tells a person which account is in trouble, why, and what to do."""

import re
from decimal import Decimal
from urllib.parse import urljoin

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.core.errors import AuthError, BadPayload, PermissionMissing, PollError
from exporter.core.model import KeyInfo, Reading, WalletValue
from exporter.holdings.account import AccountState
from exporter.holdings.keys import key_warnings
from exporter.holdings.totals import Part
from exporter.web.view import FAILING, PARTLY, STALE, UP, WAITING, State, state_of
from tests.kit.accounts import (
    NOW,
    STALE_AFTER,
    WALL,
    balance,
    book,
    broken,
    failing,
    over,
    polled,
    read,
    readable,
    refuse,
    up,
    valued,
    waiting,
)
from tests.kit.pages import Reader, page

HOSTILE = '<script>alert("1")</script>\'&\x1b[2J\n'


def read_page(*accounts: AccountState, now: float = NOW, **other: object) -> Reader:
    return Reader(page(accounts, now, WALL + now - NOW, **other))  # type: ignore[arg-type]


def listed(*accounts: AccountState, **other: object) -> list[str]:
    """The accounts of the list, from the top."""
    text = page(accounts, NOW, WALL, **other)  # type: ignore[arg-type]
    return re.findall(r'<th scope="row" role="rowheader"><a href="[^"]*">([^<]+)</a>', text)


def in_words(*accounts: AccountState, **other: object) -> str:
    return read_page(*accounts, **other).words  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("account", "state"),
    [
        (waiting(), WAITING),
        (up(), UP),
        (failing(AuthError("no")), FAILING),
        (broken(AuthError("no")), STALE),
    ],
)
def test_an_account_has_one_state(account: AccountState, state: State) -> None:
    assert state_of(account, NOW) is state
    assert f"{state.sign} {state.words}" in in_words(account)


def test_an_account_whose_optional_wallet_fails_is_up_with_a_remark() -> None:
    account = up()
    refuse(account, PermissionMissing("no right"), wallet="funding")
    assert state_of(account, NOW) is PARTLY
    words = in_words(account)
    assert "1 up" in words
    assert "✖ funding (optional) not read yet" not in words
    assert "✖ funding (optional) nothing is served" in words
    assert "no right" in words


def test_an_account_is_stale_by_the_clock_alone() -> None:
    account = up()
    later = NOW + STALE_AFTER + 1
    assert state_of(account, later) is STALE
    words = in_words(account, now=later)
    assert "spot nothing is served" in words
    assert "210.00" not in words
    assert "✖ too old, nothing is served" in in_words(account, now=later, of="desk")
    assert "1.50" not in in_words(account, now=later, of="desk")


def test_a_failure_has_reason_message_start_and_advice() -> None:
    account = failing(AuthError("code 40006: invalid key"))
    words = in_words(account, now=NOW + 200)
    assert "auth : code 40006: invalid key since 2026-01-01T00:00:00.000Z (3 min 20 s)" in words
    assert f"What to do: {AuthError.advice}" in words.replace("  ", " ")


def test_wallets_that_fail_alike_are_named_together_and_others_by_themselves() -> None:
    account = failing(AuthError("no"))
    for name in ("margin", "futures"):
        refuse(account, AuthError("no"), wallet=name)
    refuse(account, PermissionMissing("no right"), wallet="funding")
    words = in_words(account)
    assert words.count("spot, margin, futures: auth : no since") == words.count("funding: permission : no right") == 1
    assert words.count(AuthError.advice) == 1
    for number in range(9):
        refuse(account, AuthError("no"), wallet=f"earn-{number}")
    assert "earn-3, earn-4 and 4 more: auth" in in_words(account)


def test_repeated_failures_are_counted() -> None:
    account = failing(AuthError("no"))
    refuse(account, AuthError("no"), at=NOW + 30)
    polled(account, AuthError("no"))
    assert "2 polls in a row" in in_words(account, now=NOW + 60)


def test_trouble_stands_on_top_and_equals_are_sorted_by_exchange_and_name() -> None:
    accounts = [
        up("b"),
        up("a", "xt"),
        up("z", "bitget"),
        waiting("w"),
        failing(AuthError("no"), "f"),
        broken(AuthError("no"), "s"),
    ]
    assert listed(*accounts) == ["s", "f", "w", "z", "a", "b"]


def test_the_summary_counts_states_and_adds_what_is_known() -> None:
    words = in_words(up("a"), up("b"), broken(AuthError("no"), "c"), waiting("d"), failing(AuthError("no"), "e"))
    assert "5 accounts · 2 up · 1 failing · 1 stale · 1 waiting · 630.00 USD" in words
    assert "in the 3 accounts whose value is known" in words


def test_no_value_is_no_zero() -> None:
    words = in_words(up(priced=None))
    assert " 0.00 " not in words
    assert "1 account · 1 up · 0 failing · 0 stale Accounts" in words
    assert "–" in words


def test_a_wallet_of_which_nothing_has_a_price_is_not_worth_zero() -> None:
    account = waiting(priced=book({"BTC": "100"}))
    read(account, balance("BTC", "1"))
    read(account, balance("ODD", "7"), wallet="points")
    polled(account)
    words = in_words(account)
    assert "1 currency, 1 unpriced" in words
    assert "0.00 " not in words.replace("100.00", "")


def test_a_wallet_tells_its_age_its_counts_and_every_currency() -> None:
    account = waiting(priced=book({"BTC": "100"}), exclude=("SHIB",))
    read(account, balance("BTC", "1.50"), balance("ODD", "7"), balance("SHIB", "9"))
    polled(account)
    for words in (in_words(account, now=NOW + 5), in_words(account, now=NOW + 5, of="desk")):
        assert "2 currencies, 1 hidden, 1 unpriced" in words
        assert "5 s ago" in words
        assert "in 25 s" in words
    assert re.search(r"BTC\s+1\.50\s+0\s+0\s+150\.00", words)
    assert re.search(r"ODD\s+7\s+0\s+0\s+–", words)


def test_a_wallet_with_positions_tells_its_equity_profit_and_margin_ratio() -> None:
    account = up()
    read(account, balance("USDT", "0", net=Decimal("-25.50"), pnl=Decimal(-30)), wallet="futures", ratio="0.6250")
    assert "futures (optional) -25.50 USD (1 currency, margin ratio 0.6250)" in in_words(account)
    words = in_words(account, of="desk")
    assert "currency available frozen locked net unrealized USD share USDT 0 0 0 -25.50 -30 -25.50 100.0%" in words
    assert words.count("unrealized") == words.count("margin ratio") == 1
    assert "184.50 USD" in words


def test_equity_without_a_stated_profit_is_told_too() -> None:
    account = up()
    read(account, balance("BTC", "1", net=Decimal("1.25")), wallet="futures")
    words = in_words(account, of="desk")
    assert "net unrealized USD share BTC 1 0 0 1.25 125.00" in words
    assert "margin ratio" not in words


def test_an_overview_shows_what_the_exchange_says_and_adds_nothing() -> None:
    account = up()
    valued(account, WalletValue("futures", usdt=Decimal("12.5")), WalletValue("earn", usd=Decimal(3)))
    words = in_words(account, of="desk")
    assert "futures 12.50 USDT" in words
    assert "earn 3.00 USD" in words
    assert "1 account · 1 up · 0 failing · 0 stale · 210.00 USD" in in_words(account)


@pytest.mark.parametrize(
    ("key", "expires", "warnings"),
    [
        (None, None, []),
        (KeyInfo({"read": True, "trade": False}), None, []),
        (
            KeyInfo({"trade": True, "withdraw": True}),
            None,
            ["The key can trade and withdraw; a read-only one is enough."],
        ),
        (KeyInfo(expires=WALL + 86_400), None, ["The key expires in 1 d."]),
        (KeyInfo(expires=WALL - 60), None, ["The key expired 1 min ago."]),
        (None, WALL + 3_600, ["The key expires in 1 h."]),
        (KeyInfo(expires=WALL + 86_400 * 90), WALL, []),
    ],
)
def test_keys_that_can_do_too_much_or_end_soon_are_warned_about(
    key: KeyInfo | None, expires: float | None, warnings: list[str]
) -> None:
    account = up(expires=expires)
    if key is not None:
        account.key_read(key)
    assert key_warnings(account, WALL) == warnings
    assert all(warning in in_words(account) for warning in warnings)
    assert ("⚠" in in_words(account)) == bool(warnings)


def test_the_page_brings_its_whole_style_along() -> None:
    text = page([up()], NOW, WALL)
    assert "@media (prefers-color-scheme: dark)" in text
    assert not re.search(r"<link|@import|url\(", text)


def test_the_page_names_version_shard_links_and_a_problem_of_its_own() -> None:
    reader = read_page(
        up(), version="9.8.7", shard_ordinal=2, shard_total=5, telemetry_path="/m", problem="the scheduler has stalled"
    )
    assert "9.8.7 · shard 2 of 5" in reader.words
    assert "the scheduler has stalled" in reader.words
    assert [attrs["href"] for tag, attrs in reader.seen if tag == "a"][1:4] == ["m", "config", "-/healthy"]


@pytest.mark.parametrize(
    ("links", "at", "leads_to"),
    [
        ("", "http://127.0.0.1:10118/", "http://127.0.0.1:10118/metrics"),
        ("", "https://ops.example/balances/", "https://ops.example/balances/metrics"),
        ("/balances/", "https://ops.example/balances", "https://ops.example/balances/metrics"),
        ("/balances/", "https://ops.example/balances/", "https://ops.example/balances/metrics"),
        ("/", "https://ops.example/", "https://ops.example/metrics"),
    ],
)
def test_links_work_at_the_root_and_behind_a_sub_path(links: str, at: str, leads_to: str) -> None:
    reader = read_page(up(), links=links)
    hrefs = [attrs["href"] for attrs in reader.all("a")]
    assert urljoin(at, hrefs[1]) == leads_to
    account = urljoin(at, next(href for href in hrefs if href and "desk" in href))
    assert account == leads_to.replace("metrics", "account/desk")
    inner = [attrs["href"] for attrs in read_page(up(), of="desk", links=links or "../").all("a")]
    assert [urljoin(account, href) for href in inner[1:3]] == [leads_to.replace("metrics", ""), leads_to]


def test_an_account_that_stands_still_does_not_follow_what_is_polled_later() -> None:
    state = up("desk")
    still = state.still()
    before = page([still], NOW, WALL)
    refuse(state, PermissionMissing("not any more"))
    read(state, balance("ETH", "7"), wallet="futures")
    polled(state, PermissionMissing("not any more"))
    state.expire(NOW + 10 * STALE_AFTER)
    assert page([still], NOW, WALL) == before
    assert page([state], NOW, WALL) != before
    assert still.usd == Decimal(210)


def test_the_page_works_without_scripts_and_refreshes_itself() -> None:
    reader = read_page(up(), failing(AuthError("no")))
    assert not reader.names & {"script", "iframe", "img", "link", "object"}
    assert ("meta", {"http-equiv": "refresh", "content": "15"}) in reader.seen
    assert not any(name.startswith("on") for _, attrs in reader.seen for name in attrs)


def test_a_state_is_shown_by_more_than_its_colour() -> None:
    signs = {state.sign for state in (UP, PARTLY, FAILING, STALE, WAITING)}
    assert len(signs) == 5


def test_hostile_text_from_anywhere_stays_text() -> None:
    error = BadPayload(HOSTILE, advice=HOSTILE)
    account = up("desk")
    for _ in range(2):
        read(account, balance(HOSTILE, "3"), at=NOW + 1)
    refuse(account, error, wallet="funding/" + HOSTILE, at=NOW + 1)
    reader = read_page(account, problem=HOSTILE)
    assert "script" not in reader.names
    assert reader.words.lower().count("alert(") == 6  # the title has the problem, too
    reader = read_page(account, of="desk")
    assert "script" not in reader.names
    assert reader.words.lower().count("alert(") == 7
    assert "\x1b" not in "".join(reader.text)


@settings(max_examples=30, deadline=None)
@given(
    name=st.text(min_size=1),
    message=st.text(st.characters()),
    coin=st.text(st.characters(), min_size=1),
)
def test_any_text_gives_a_page_that_reads_back(name: str, message: str, coin: str) -> None:
    account = up("desk", labels={})
    read(account, balance(coin, "3"), at=NOW + 1)
    refuse(account, PollErrorOf(message), wallet=name, at=NOW + 1)
    page([account], NOW, WALL).encode()
    read_page(account)


class PollErrorOf(PollError):
    """A failure without advice."""

    reason = "exchange"


def test_secrets_that_an_exchange_echoes_are_masked() -> None:
    account = failing(AuthError("bad key the-api-key"))
    text = page([account], NOW, WALL, masked=lambda text: text.replace("the-api-key", "<secret>"))
    assert "the-api-key" not in text
    assert "&lt;secret&gt;" in text


def test_a_page_without_accounts_is_a_page() -> None:
    assert "0 accounts" in in_words()


def test_a_wallet_of_another_mode_is_said_without_a_failure() -> None:
    account = up()
    account.elsewhere = ("overview",)
    assert "The exchange has the wallet overview in another mode of the account only" in in_words(account)
    assert "failing" not in in_words(account).replace("0 failing", "")


def test_a_wallet_that_is_left_out_is_said_once_with_its_reason() -> None:
    account = up(wallets=("all",))
    account.leave_out(account.wallet("margin", readable()), PermissionMissing(f"not ticked {HOSTILE}"), WALL)
    words = in_words(account)
    assert words.count("The wallet margin is left out, and tried again once a day") == 1
    assert "permission : not ticked <script>" in words
    assert state_of(account, NOW) is UP


def test_a_group_shows_no_amounts_and_its_wallets_do() -> None:
    account = up()
    group = account.wallet("isolated_margin", readable(many=True))
    part = Reading([balance("BTC", "2")])
    account.accepted(group, Reading(parts={"isolated_margin/BTCUSDT": part}), NOW, WALL)
    words = in_words(account)
    assert "isolated_margin (optional) each wallet of it by itself · isolated_margin/BTCUSDT (optional) 200.00" in words
    words = in_words(account, of="desk")
    assert "isolated_margin optional ✔ fresh · 0 s ago each wallet of it by itself isolated_margin/BTCUSDT" in words
    account.refused(group, PermissionMissing("not ticked"), NOW, WALL)
    assert in_words(account).count("isolated_margin: permission : not ticked") == 1
    words = in_words(account, of="desk").partition("Last failures")[0]
    assert words.count("not ticked") == 1
    assert words.count("failing, last good read is served") == 2


# -- totals


def totals(*parts: Part, **other: object) -> list[str]:
    """The lines of totals on a page, in their order."""
    text = page([up()], NOW, WALL, totals=parts, **other)  # type: ignore[arg-type]
    [part] = re.findall(r'<ul class="totals">(.*?)</ul>', text) or [""]
    lines = re.findall(r"<li[^>]*>(.*?)</li>", part)
    return [re.sub(r"<[^>]*>", "", line) for line in lines]


def test_totals_are_listed_with_amount_and_limits_those_under_a_limit_first() -> None:
    limits = {"warning": "100000", "critical": "20000.5", "target": "300000"}
    firm, grid = over("desk", **limits), over("desk", name="grid", currency="", warning="50000")
    assert totals(
        Part(firm, Decimal("123456.750000000000000001")),
        Part(firm, None),
        Part(firm, Decimal(99_999)),
        Part(firm, Decimal(20_000)),
        Part(grid, Decimal(50000)),
        Part(over(name="typo"), None),
    ) == [
        "✖ total firm: 20000 USDT, below critical 20000.5",
        "▲ total firm: 99999 USDT, below warning 100000",
        "… total firm: its USDT is not known, not every account of it was read",
        "… total typo: its USDT is not known, no account matches",
        "✔ total firm: 123456.750000000000000001 USDT (warning 100000, critical 20000.5, target 300000)",
        "✔ total grid: 50,000.00 USD (warning 50000)",
    ]


def test_a_shard_says_that_its_part_is_no_whole_and_holds_it_against_no_limit() -> None:
    part = Part(over("desk", warning="100"), Decimal(5))
    assert totals(part, shard_ordinal=1, shard_total=2) == ["✔ total firm: 5 USDT in the accounts of this shard"]


def test_of_many_totals_only_the_first_are_listed() -> None:
    lines = totals(*(Part(over("desk", name=f"t{number}"), Decimal(500)) for number in range(60)), low_part())
    assert lines[0] == "▲ total low: 5 USDT, below warning 100"
    assert (len(lines), lines[-1]) == (51, "and 11 more totals")


def low_part() -> Part:
    return Part(over("desk", name="low"), Decimal(5))


def test_without_totals_the_page_has_no_list() -> None:
    assert totals() == []
    assert "<ul" not in page([up()], NOW, WALL)


def test_a_total_with_a_hostile_name_stays_text() -> None:
    reader = read_page(up(), totals=[Part(over("desk", name=HOSTILE, currency=HOSTILE), Decimal(5))])
    assert "script" not in reader.names
    assert "<script>alert" in reader.words
