"""ccxt's own class of each exchange of ours, pointed at the simulated one: the same numbers, a no to a wrong secret."""

import asyncio
import importlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import ccxt
import pytest

from exporter.core.credentials import Credentials, Secret
from exporter.core.errors import AuthError
from exporter.core.model import Balance
from exporter.core.runtime import SystemClock
from exporter.exchanges import EXCHANGES, NAMES
from exporter.sandbox import Sandbox
from exporter.transport.caller import Caller
from tests.kit.exchange import transporting
from tests.with_ccxt.native import CcxtFacts, Seen, turned

TESTS: Final = Path(__file__).parent.parent / "exchanges"
FACTS: Final[dict[str, CcxtFacts]] = {
    name: importlib.import_module(f"tests.exchanges.{name}.ccxt_facts").CCXT
    for name in NAMES
    if (TESTS / name / "ccxt_facts.py").is_file()
}
Base = str | Mapping[str, str]
KEY, SECRET, PASSPHRASE = "account-5f3a9c1e7b2d4680", "0f1e2d3c4b5a69788796a5b4c3d2e1f0", "MadeUpPass1"


def cases() -> list[Any]:
    """Every wallet of every exchange that ccxt reads."""
    return [
        pytest.param(name, mode, wallet, seen, id="-".join(filter(None, (name, mode, wallet))))
        for name, facts in FACTS.items()
        for (mode, wallet), seen in facts.wallets.items()
    ]


@asynccontextmanager
async def standing(name: str, mode: str, wallet: str, seen: Seen) -> AsyncIterator[Base]:
    """The simulated exchange with one account that holds this; gives its address, or one for each of its hosts."""
    sandbox = Sandbox()
    account = sandbox.add_account(name, key=KEY, secret=SECRET, passphrase=passphrase(name), mode=mode, name="desk")
    for coin, held in seen.holdings.items():
        account.set("main" if wallet == account.main else wallet, coin, **held)
    await sandbox.start()
    try:
        yield sandbox.base_urls[name]
    finally:
        await sandbox.stop()


def passphrase(name: str) -> str:
    return PASSPHRASE if "passphrase" in EXCHANGES[name].credentials else ""


async def by_ccxt(name: str, base: Base, seen: Seen, secret: str = SECRET) -> dict[str, dict[str, Decimal]]:
    """Coin to ccxt's numbers, of what it does not call all zero; amounts are texts in it, as they came."""
    facts = FACTS[name]
    client = getattr(ccxt, name)({"apiKey": KEY, "secret": secret, "password": passphrase(name)})
    client.options.update(facts.options)
    client.session.trust_env = False
    client.urls["api"] = turned(client.urls["api"], base)
    if facts.signs_host:
        assert isinstance(base, str)
        client.urls["hostnames"] = dict.fromkeys(client.urls["hostnames"], urlsplit(base).netloc)
    client.number = str
    client.load_markets = lambda *_, **__: {}  # no market is needed for a balance
    told = await asyncio.to_thread(client.fetch_balance, dict(seen.params))
    coins = {
        coin: each for coin, each in told.items() if isinstance(each, dict) and {"free", "used", "total"} <= each.keys()
    }
    numbers = {
        coin: {word: Decimal(value) for word, value in each.items() if value is not None}
        for coin, each in coins.items()
    }
    return {coin: each for coin, each in numbers.items() if any(each.values())}


async def by_us(name: str, mode: str, wallet: str, base: Base, secret: str = SECRET) -> dict[str, Balance]:
    """Coin to our row, of what is not all zero."""
    exchange = EXCHANGES[name]
    credentials = Credentials(Secret(KEY), Secret(secret), Secret(passphrase(name)))
    caller = Caller(exchange, exchange.apis[mode], "desk", credentials, base, None, "")
    source, _, pair = wallet.partition("/")
    clock = SystemClock()
    async with transporting(clock) as transport:
        reading = await transport.read(
            caller, await _reader(caller, transport, source), timeout=10.0, give_up_at=clock.now() + 60
        )
    rows = reading.parts[wallet].balances if pair else reading.balances
    return {row.currency.upper(): row for row in rows if not row.is_zero}


async def _reader(caller: Caller, transport: Any, wallet: str) -> Any:
    """A read of the wallet; where the exchange numbers its accounts, the list of them comes first."""
    known = caller.api.wallets
    if caller.api.discover is not None:
        clock = SystemClock()
        listed = await transport.read(caller, caller.api.discover(), timeout=10.0, give_up_at=clock.now() + 60)
        known = {**known, **listed}
    return known[wallet].read({})


@pytest.mark.parametrize(("name", "mode", "wallet", "seen"), cases())
async def test_ccxt_reads_the_same_numbers_from_the_simulated_exchange(
    name: str, mode: str, wallet: str, seen: Seen
) -> None:
    async with standing(name, mode, wallet, seen) as base:
        theirs, ours = await by_ccxt(name, base, seen), await by_us(name, mode, wallet, base)
    assert theirs.keys() == ours.keys() | seen.besides
    assert ours.keys() == seen.holdings.keys()
    assert seen.says
    for coin, row in ours.items():
        assert {word: theirs[coin][word] for word in seen.says} == {word: of(row) for word, of in seen.says.items()}


@pytest.mark.parametrize(("name", "mode", "wallet", "seen"), cases())
async def test_ccxt_and_we_are_refused_with_a_wrong_secret(name: str, mode: str, wallet: str, seen: Seen) -> None:
    wrong = SECRET[:-1] + "1"
    async with standing(name, mode, wallet, seen) as base:
        if seen.refusal:
            with pytest.raises(ccxt.BaseError) as refused:
                await by_ccxt(name, base, seen, wrong)
            assert refused.type.__name__ == seen.refusal, "and no kind of it, which would be another refusal"
        else:
            assert await by_ccxt(name, base, seen, wrong) == {}
        with pytest.raises(AuthError):
            await by_us(name, mode, wallet, base, wrong)


def test_every_exchange_of_ours_that_ccxt_knows_is_held_against_it() -> None:
    assert {name for name in NAMES if hasattr(ccxt, name)} == FACTS.keys()
    assert not hasattr(ccxt, "bitmart"), "ccxt has dropped it"
