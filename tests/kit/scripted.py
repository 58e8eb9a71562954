"""An exchange without a network: what it says to which question is set by the test."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from random import Random
from typing import Any, Final, NamedTuple, TypeVar

from exporter.config import Account
from exporter.core.credentials import Credentials
from exporter.core.errors import PollError
from exporter.core.model import Balance, KeyInfo, Reading
from exporter.exchanges.base import Api, Endpoint, Exchange, Reader, Request, RowMemory, WalletSource
from exporter.exposition.account_lines import AccountLines
from exporter.exposition.exposition import Exposition
from exporter.exposition.families import RENDERED
from exporter.holdings.account import AccountState
from exporter.polling.account_poll import AccountPoll
from exporter.polling.context import Outcome, PollContext, backoff
from exporter.transport.caller import Caller
from exporter.transport.limits import Skipped
from tests.kit.accounts import configured
from tests.kit.clock import FakeClock
from tests.kit.exchange import API, changed
from tests.kit.scrape import Samples

ASK: Final = Endpoint("/{id}", ())
ZERO: Final = Decimal(0)

T = TypeVar("T")


class Asked(NamedTuple):
    """A question, when it came, and until when it would have waited for the limits."""

    at: float
    what: str
    account: str
    give_up_at: float


def seen_address() -> Reader[str]:
    address: str = yield Request(ASK, id="address")
    return address


def wallet(name: str, **more: Any) -> WalletSource:
    def read(memory: RowMemory) -> Reader[Reading]:
        answer = yield Request(ASK, id=name)
        return answer if isinstance(answer, Reading) else rows(answer)

    return WalletSource(read, (ASK,), **more)


def rows(amounts: Mapping[str, str]) -> Reading:
    return Reading([Balance(name, Decimal(amount), ZERO, ZERO, Decimal(amount)) for name, amount in amounts.items()])


def key_info() -> Reader[KeyInfo]:
    return KeyInfo(permissions=(yield Request(ASK, id="key")))


def listing() -> Reader[Mapping[str, WalletSource]]:
    """An exchange's list of wallets, as the test has put it together."""
    wallets: Mapping[str, WalletSource] = yield Request(ASK, id="list")
    return wallets


class ScriptedTransport:
    """Stands for the transport: answers from `says`, by wallet name; what is an error is raised.

    An answer is rows by currency, a `Reading`, an exception, or a function of no argument that gives one of these.
    `takes` are the seconds that an answer is waited for.
    """

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.says: dict[str, Any] = {}
        self.takes: dict[str, float] = {}
        self.asked: list[Asked] = []
        self.closed = False
        self.offsets: dict[str, float] = {}

    async def read(self, caller: Caller, reader: Reader[T], *, timeout: float, give_up_at: float) -> T:
        request = next(reader)
        while True:
            assert isinstance(request, Request)
            what = request.id
            self.asked.append(Asked(self.clock.now(), what, caller.account, give_up_at))
            if what in self.takes:
                await self.clock.sleep(self.takes[what])
            answer = self.says[what]
            if callable(answer):
                answer = answer()
            if isinstance(answer, BaseException):
                reader.close()
                raise answer
            try:
                request = reader.send(answer)
            except StopIteration as end:
                result: T = end.value
                return result

    async def close(self) -> None:
        self.closed = True

    def clock_offsets(self) -> Mapping[str, float]:
        return self.offsets

    def times(self, what: str) -> list[float]:
        """When it was asked."""
        return [asked.at for asked in self.asked if asked.what == what]

    def count(self, what: str) -> int:
        return len(self.times(what))


class ScriptedAccount:
    """One account before an exchange that says what the test wants, on a clock that the test moves."""

    def __init__(
        self,
        wallets: Mapping[str, WalletSource] | None = None,
        *,
        account: Account | None = None,
        seed: int = 1,
        apis: Mapping[str, Api] | None = None,
        probes: bool = False,
        masked: Callable[[str], str] = str,
        **api: Any,
    ) -> None:
        self.clock = FakeClock()
        self.transport = ScriptedTransport(self.clock)
        self.exposition = Exposition(RENDERED, lambda *_: b"")
        self.lags: list[float] = []
        self.secrets: Credentials | None = None
        known = {"spot": wallet("spot")} if wallets is None else wallets
        self.apis = apis or {"": changed(API, wallets=known, **api)}
        exchange = Exchange(
            name="tiny",
            credentials=("api_key",),
            apis=self.apis,
            option="mode" if apis else "",
            first=next(iter(self.apis)),
            probes=probes,
        )
        self.account = account or configured(exchange="tiny")
        first = exchange.api_for(self.account.options)
        lines = AccountLines(self.exposition, self.account.exchange, self.account.name)
        self.state = AccountState(self.account, first.main, lines, None, shard=0, label_names=(), masked=masked)
        self.caller = Caller(exchange, first, self.account.name, self.account.credentials, None, None, "")
        dice = Random(seed)
        self.context = PollContext(
            self.transport,
            self.clock,
            lambda failures, interval, cap: backoff(dice, failures, interval, cap),
            self.lags.append,
            self._read_secrets,
        )

    async def _read_secrets(self, account: Account) -> Credentials | None:
        return self.secrets

    async def text(self) -> str:
        """What is served at this moment."""
        self.state.expire(self.clock.now())
        scrape = await self.exposition.scrape(openmetrics=False, gzip=False)
        assert scrape is not None
        return scrape.body.decode()

    async def samples(self) -> Samples:
        """Everything that is served at this moment."""
        return Samples(await self.text())

    async def one(self, family: str, /, **labels: str) -> float | None:
        """The value of the one sample with these labels; None where there is none."""
        return (await self.samples()).one(family, **labels)


class PolledAccount(ScriptedAccount):
    """A stage whose account the test polls itself.

    `outcome` is what the last poll came to; `poll` returns the error of it.
    """

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.account_poll = AccountPoll(self.state, self.caller, self.context)
        self.outcome: Outcome

    async def poll(self, after: float = 0.0) -> PollError | None:
        self.clock.time += after
        now = self.clock.now()
        self.outcome = await self.clock.run(self.account_poll.poll(now, now + 30))
        return self.outcome.error

    async def free(self, name: str, currency: str = "USDT") -> float | None:
        """What a wallet has available."""
        return await self.one("exchange_balance_available", wallet=name, currency=currency)

    async def failing(self, name: str) -> str | None:
        """The reason for which a wallet fails."""
        reasons = [own["reason"] for own, _ in (await self.samples()).of("exchange_wallet_failing", wallet=name)]
        return reasons[0] if reasons else None


def polled_account(*names: str, **more: Any) -> PolledAccount:
    """Named wallets beside the main one, each holding 5 USDT."""
    names = ("spot", *names)
    made = PolledAccount(
        {name: wallet(name, default=True) for name in names} if "discover" not in more else {"spot": wallet("spot")},
        **more,
    )
    made.transport.says = {name: {"USDT": "5"} for name in names}
    return made


RATE: Final = Skipped("rate")
PAUSED: Final = Skipped("paused", 1e9)
"""A pause that does not end in the time of a test."""
