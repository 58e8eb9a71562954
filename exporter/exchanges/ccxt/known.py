"""What has to be known of an exchange to read it through ccxt: its requests and wallets; `table` has every exchange."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from exporter.exchanges.base import A_MARKET, Limit

Method = Literal["GET", "POST"]


class Row(NamedTuple):
    """One request that may be sent.

    Attributes:
        method: of HTTP.
        host: as the exchange is known on the network.
        path: on that host, without a query.
        call: ccxt's names of it, its interface and its path: `private BalanceEx`.
        holds: where in the answer the list stands, and of what kind it is; see `answers.rows_of`.
        signed: whether it carries a key.
        limits: what it counts against.
        most: bytes of the largest answer that is taken.
        use: what it is asked for, where that is no wallet: `time`, `prices`, `markets`, or several of them.
        needs: fields (or columns) that each row of the list must have, the coin's name first: ccxt leaves out a row
            without it, and of two rows of one name the first.
        nought: fields of the list's rows that are 0 where they are left out: ccxt forgets what it adds to nothing.
    """

    method: Method
    host: str
    path: str
    call: str
    holds: str
    signed: bool = False
    limits: tuple[Limit, ...] = ()
    most: int = A_MARKET
    use: str = ""
    needs: tuple[str, ...] = ()
    nought: tuple[str, ...] = ()


class Wallet(NamedTuple):
    """How one wallet is read.

    Attributes:
        params: what ccxt's `fetch_balance` is told.
        calls: the rows that one read asks, by ccxt's names.
        default: read unless the configuration names its wallets.
        part: its answer lists other wallets as well, so that none of its rows may be of this one.
        adds: ccxt adds rows of one coin, and leaves out those of another kind; else each row is a coin of its own.
    """

    params: Mapping[str, Any]
    calls: tuple[str, ...]
    default: bool = False
    part: bool = False
    adds: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """One exchange that is read through ccxt.

    Attributes:
        title: the name by which people know it.
        rows: every request that may be sent; the first is of the main wallet.
        wallets: by our names, the main one first.
        secret_names: headers and fields in which a key, or what is made of a secret, is sent.
        passphrase: whether a key has one.
        options: of ccxt, for every use.
        nonce: whether requests carry a number that only ever rises.
        tickers: what ccxt's `fetch_tickers` is told; it is asked where a row is of prices.
        markets: the method of ccxt that lists the markets.
        symbol: the field of such a market under which the tickers know it.
        names: the exchange's names that stand for another one, such as an encoding of the name.
        suffixes: ends of names under which the same coin is held, spendable like it.
        equity: whether the holding is what the exchange calls the total, as with accounts of derivatives.
        borrows: whether ccxt tells of debts here.
        words: bodies that are no JSON and yet the exchange's own refusal of the key, and what to do about each.
        headers: sent with every signed request, where ccxt leaves them out.
        pem: whether the secret may be a key of several lines, which then stands in one line with backslashes.
        ban_seconds: how long a ban lasts unless told.
    """

    title: str
    rows: tuple[Row, ...]
    wallets: Mapping[str, Wallet]
    secret_names: tuple[str, ...]
    passphrase: bool = False
    options: Mapping[str, Any] = field(default_factory=dict)
    nonce: bool = False
    tickers: Mapping[str, Any] = field(default_factory=dict)
    markets: str = "fetch_markets"
    symbol: str = "id"
    names: Mapping[str, str] = field(default_factory=dict)
    suffixes: tuple[str, ...] = ()
    equity: bool = False
    borrows: bool = False
    words: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    pem: bool = False
    ban_seconds: float = 300.0

    def calls_for(self, use: str) -> tuple[str, ...]:
        """Ccxt's names of what is asked for this use; empty where ccxt cannot."""
        return tuple(row.call for row in self.rows if use in row.use.split())
