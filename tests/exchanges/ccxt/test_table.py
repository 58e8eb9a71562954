"""The table of what may be sent through ccxt: each row complete and safe by itself, each exchange made of its rows."""

from itertools import chain
from urllib.parse import urlsplit

import pytest

from exporter.exchanges import EXCHANGES, ccxt
from exporter.exchanges.ccxt import making
from exporter.exchanges.ccxt.known import Known, Row
from exporter.exchanges.ccxt.table import TABLE

ROWS = [pytest.param(name, row, id=f"{name} {row.path}") for name, known in TABLE.items() for row in known.rows]
each = pytest.mark.parametrize(("name", "known"), TABLE.items(), ids=TABLE)


@pytest.mark.parametrize(("name", "row"), ROWS)
def test_a_row_names_one_path_of_one_host(name: str, row: Row) -> None:
    assert urlsplit(f"https://{row.host}{row.path}").netloc == row.host
    assert row.path.startswith("/")
    assert not set("{}?#% ") & set(row.path)
    assert row.call.count(" ") >= 1


@pytest.mark.parametrize(("name", "row"), ROWS)
def test_a_row_without_a_key_is_a_get_and_says_what_for(name: str, row: Row) -> None:
    assert row.signed != bool(row.use)
    assert row.signed or row.method == "GET"


@pytest.mark.parametrize(("name", "row"), ROWS)
def test_a_row_counts_against_a_limit(name: str, row: Row) -> None:
    assert [limit.scope for limit in row.limits] == (["uid"] if row.signed else ["ip"])


@pytest.mark.parametrize(("name", "row"), ROWS)
def test_no_path_is_of_a_call_that_changes_something(name: str, row: Row) -> None:
    words = ("order", "withdraw", "transfer", "cancel", "approve", "deposit", "sub-account", "apikey", "address")
    assert not any(word in row.path.lower() for word in words)


@each
def test_every_wallet_is_read_by_rows_with_a_key_and_every_such_row_is_of_a_wallet(name: str, known: Known) -> None:
    private = {row.call for row in known.rows if row.signed}
    used = set(chain.from_iterable(wallet.calls for wallet in known.wallets.values()))
    assert used <= private
    unified = {call for call in private - used if name == "kucoin" and "account/balance" in call}
    assert used | unified == private


@each
def test_prices_come_with_a_list_of_markets(name: str, known: Known) -> None:
    assert bool(known.calls_for("prices")) == bool(known.calls_for("markets"))


@each
def test_an_exchange_may_be_sent_its_rows_and_nothing_else(name: str, known: Known) -> None:
    exchange = making.exchange(f"ccxt/{name}")
    (api,) = exchange.apis.values()
    assert {("POST" if each.post else "GET", each.path) for each in api.endpoints} == {
        (row.method, row.path) for row in known.rows
    }
    assert exchange.hosts == {row.host for row in known.rows}
    assert next(iter(api.wallets)) == api.main
    assert api.secret_names == known.secret_names != ()


def test_twenty_exchanges_are_in_the_table_and_none_that_is_read_without_ccxt() -> None:
    assert len(TABLE) == 20
    assert not {*TABLE} & {*EXCHANGES}
    assert {"kucoin", "mexc", "kraken", "coinbase", "cryptocom"} <= {*TABLE}


def test_exchanges_through_ccxt_are_found_by_name_and_listed_apart() -> None:
    assert set(ccxt.names()) == {f"ccxt/{name}" for name in TABLE}
    assert all(name in EXCHANGES for name in ccxt.names())
    assert not any(name.startswith("ccxt/") for name in EXCHANGES)
    assert set(ccxt.names()) <= set(EXCHANGES.elsewhere())
    for unknown in ("ccxt/aster", "ccxt/", "kraken", ""):
        assert unknown not in EXCHANGES
        with pytest.raises(KeyError):
            EXCHANGES[unknown]
