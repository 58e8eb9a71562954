"""A person sees within seconds what runs low, by how much, and what to do; and finds an account among thousands."""

import re
from decimal import Decimal

from exporter.config import Threshold
from exporter.core.errors import AuthError
from exporter.holdings.account import AccountState
from exporter.holdings.totals import Part
from exporter.web import status
from exporter.web.chosen import Chosen
from tests.kit.accounts import NOW, STALE_AFTER, WALL, balance, book, broken, failing, over, polled, read, up, waiting
from tests.kit.pages import Reader, page


def low(name: str = "grid-1", exchange: str = "bitget", held: str = "812.5", **other: object) -> AccountState:
    limit = Threshold("USDT", warning=Decimal(5000), critical=Decimal(1000), target=Decimal(10000))
    state = waiting(name, exchange, book({}), thresholds=(limit,), **other)
    read(state, balance("USDT", held))
    return polled(state)


def words(*accounts: AccountState, now: float = NOW, **other: object) -> str:
    said = Reader(page(accounts, now, WALL + now - NOW, **other)).words  # type: ignore[arg-type]
    return said.replace(" ,", ",")


def listed(*accounts: AccountState, **other: object) -> list[str]:
    text = page(accounts, NOW, WALL, **other)  # type: ignore[arg-type]
    return re.findall(r'<th scope="row" role="rowheader"><a href="[^"]*">([^<]+)</a>', text)


def first_line(*accounts: AccountState, **other: object) -> str:
    """The state of everything."""
    text = page(accounts, NOW, WALL, **other)  # type: ignore[arg-type]
    [line] = re.findall(r'role="status">(.*?)</p>', text)
    return re.sub("<[^>]*>", "", line)


# -- one line


def test_the_first_line_says_that_all_is_well() -> None:
    assert first_line(up()) == "✔ All is well: 1 account up"
    assert first_line(up("a"), low(held="9000")) == "✔ All is well: 2 accounts up, 1 limit kept"


def test_the_first_line_names_the_worst_first() -> None:
    accounts = [low(), low("grid-2", held="2000"), failing(AuthError("no")), broken(AuthError("no"), "dead")]
    expected = "✖ Act now: USDT of grid-1 critically low, 1 account without data, USDT of grid-2 low, 1 account failing"
    assert first_line(*accounts) == expected
    assert first_line(low(held="2000")) == "▲ Have a look: USDT of grid-1 low"
    assert first_line(low(), low("grid-2")) == "✖ Act now: 2 balances critically low"
    assert first_line(failing(AuthError("no"))) == "▲ Have a look: 1 account failing"


def test_the_first_line_says_what_is_wrong_with_the_exporter_itself() -> None:
    assert first_line(up(), problem="the loop was blocked") == "✖ Act now: the exporter itself: the loop was blocked"


def test_the_first_line_waits_and_is_not_well_before_the_first_read() -> None:
    assert first_line(waiting()) == "… Starting: 1 account waiting for the first read"
    assert first_line() == "… No account is shown"


def test_a_limit_that_cannot_be_judged_is_not_well() -> None:
    blind = up(priced=None, usd={"warning": Decimal(1)})
    assert first_line(blind) == "▲ Have a look: 1 limit not known"
    assert "Not known, so neither low nor fine: value in USD of desk" in words(blind)


def test_the_browsers_tab_says_the_first_line_too() -> None:
    assert "<title>✖ Act now: USDT of grid-1 critically low · exchange-balance-exporter</title>" in page(
        [low()], NOW, WALL
    )


# -- what is low


def test_what_is_low_says_whose_how_much_and_what_to_do() -> None:
    rich = waiting("treasury", "bitget")
    read(rich, balance("USDT", "250000.75"))
    said = words(low(), polled(rich))
    assert "✖ grid-1 bitget : USDT in spot is critical" in said
    assert "812.5 USDT left, below critical 1,000 USDT" in said
    assert "9,187.5 USDT missing to the target of 10,000 USDT" in said
    assert "What to do: move it here from treasury, wallet spot (has 250,000.75 USDT to spare)." in said


def test_where_nobody_can_give_the_page_says_so() -> None:
    assert "What to do: buy or deposit 9,187.5 USDT; no other account has USDT to spare." in words(low())


def test_an_account_of_another_exchange_and_the_own_wallet_are_named_as_such() -> None:
    state = low()
    read(state, balance("USDT", "400"), wallet="funding")
    rich = waiting("rich", "xt")
    read(rich, balance("USDT", "600"))
    said = words(state, polled(rich))
    assert "its own wallet funding (has 400 USDT to spare), or rich on xt, wallet spot (has 600" in said


def test_what_is_stale_is_not_called_low() -> None:
    said = words(low(), now=NOW + STALE_AFTER + 1)
    assert "is critical" not in said
    assert "Not known, so neither low nor fine: USDT in spot of grid-1" in said


def test_the_worst_thirty_are_shown_and_a_link_leads_to_the_rest() -> None:
    accounts = [low(f"g{number}", held=str(number)) for number in range(33)]
    reader = Reader(page(accounts, NOW, WALL))
    assert sum((each.get("class") or "").startswith("low ") for each in reader.all("li")) == status.LOW_UP_TO == 30
    assert "and 3 more: all accounts that are low" in reader.words
    assert "?state=low" in [each["href"] for each in reader.all("a")]


# -- choosing


def test_accounts_are_chosen_by_exchange_state_and_label() -> None:
    accounts = [low(labels={"team": "grid"}), up("a", "xt", labels={"team": "desk"}), failing(AuthError("no"), "f")]
    assert listed(*accounts) == ["grid-1", "f", "a"]
    assert listed(*accounts, chosen=Chosen(exchange=("xt",))) == ["f", "a"]
    assert listed(*accounts, chosen=Chosen(state=("low",))) == ["grid-1"]
    assert listed(*accounts, chosen=Chosen(state=("failing", "up"))) == ["grid-1", "f", "a"]
    assert listed(*accounts, chosen=Chosen(label=("team:desk",))) == ["a"]


def test_the_first_line_and_what_is_low_are_about_the_chosen_accounts() -> None:
    accounts = [low(), up("a", "xt")]
    only_xt = Chosen(exchange=("xt",))
    assert first_line(*accounts, chosen=only_xt) == "✔ All is well: 1 account up"
    assert "Low balances" not in words(*accounts, chosen=only_xt)
    assert "show all" in words(*accounts, chosen=only_xt)
    assert "No account matches." in words(*accounts, chosen=Chosen(exchange=("htx",)))


def test_the_form_offers_what_there_is_and_remembers_what_was_chosen() -> None:
    accounts = [low(labels={"team": "grid"}), up("a", "xt", labels={"team": "desk"})]
    chosen = Chosen(exchange=("xt",), label=("team:gone",), account='"x', refresh=False)
    reader = Reader(page(accounts, NOW, WALL, chosen=chosen))
    options = {each.get("value"): "selected" in each for each in reader.all("option")}
    assert {name for name in options if name} >= {"bitget", "xt", "low", "stale", "team:desk", "team:grid", "team:gone"}
    assert [name for name, selected in options.items() if selected] == ["xt", "team:gone"]
    assert [(each["name"], each["value"]) for each in reader.all("input")] == [("account", '"x'), ("refresh", "off")]


def test_thousands_of_accounts_are_listed_by_pages_troubles_first() -> None:
    accounts = [up(f"u{number:04}") for number in range(240)] + [broken(AuthError("no"), "dead"), low()]
    first = listed(*accounts)
    assert (len(first), first[:3]) == (status.PER_PAGE, ["dead", "grid-1", "u0000"])
    last = Chosen(page=3)
    assert len(listed(*accounts, chosen=last)) == 42
    assert listed(*accounts, chosen=Chosen(page=99)) == listed(*accounts, chosen=last)
    hrefs = [each["href"] for each in Reader(page(accounts, NOW, WALL, chosen=Chosen(page=2, state=("up",)))).all("a")]
    assert {"?state=up", "?state=up&page=3"} <= set(hrefs)


def test_refreshing_can_be_stopped_and_started_again_without_losing_the_choice() -> None:
    chosen = Chosen(exchange=("xt",))
    on = Reader(page([up()], NOW, WALL, chosen=chosen))
    assert on.all("a")[-1]["href"] == "?exchange=xt&refresh=off"
    off = Reader(page([up()], NOW, WALL, chosen=chosen._replace(refresh=False)))
    assert off.all("a")[-1]["href"] == "?exchange=xt"
    assert not any("http-equiv" in each for each in off.all("meta"))


def test_totals_that_are_low_stand_among_what_is_low() -> None:
    part = Part(over("desk", warning="100"), Decimal(40))
    assert "total firm is low 40 USDT left, below warning 100 USDT" in words(up(), totals=[part])
    assert "total firm" not in words(up(), totals=[part], chosen=Chosen(exchange=("xt",)))
    shard = words(up(), totals=[part], shard_total=2)
    assert "is low" not in shard
    assert "in the accounts of this shard" in shard
