"""Reads through ccxt as the exporter does, from a stand-in, with a key of the right kind."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, Final

from exporter.core.credentials import NOTHING, Credentials, Secret
from exporter.core.model import Reading
from exporter.exchanges.base import Reader
from exporter.exchanges.ccxt.making import exchange
from exporter.exchanges.ccxt.table import TABLE
from exporter.transport.caller import Caller
from exporter.transport.conversation import Transport
from tests.kit.clock import FakeClock
from tests.with_ccxt.samples import SAMPLES
from tests.with_ccxt.stand_in import StandIn

EC_KEY: Final = r"""-----BEGIN EC PRIVATE KEY-----
MHcCAQEEIMkkeyG2xIqvfziovb/ULfgGX4rEP9UPOoENWicgFbLXoAoGCCqGSM49
AwEHoUQDQgAEBPqT+Su6407Pvaz4BtpUDEHYw7+KEMIjSfJ3e2CsKfG7BL8QvF0a
a5aCKh6EZqZDqp8wdkurlihTxK+j60XTCQ==
-----END EC PRIVATE KEY-----
""".replace("\n", r"\n")
"""Of nobody: from a page of test vectors."""

KEY: Final = "account-5f3a9c1e7b2d4680"
SECRETS: Final = {
    "coinbase": EC_KEY,
    "kraken": "U+Juzy0oiZcV4VlZ4yqaocXsuCm1kUpyl0V9yFUynE+nntpW4Pz5HkEXME9QzSIozW2Elh/ZgIP/fLCWomQz8g==",
    "coinbaseexchange": "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3JldA==",
}
OTHERS: Final = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
PASSPHRASE: Final = "MadeUpPass1"

IDS: Final = tuple(TABLE)


def credentials(name: str) -> Credentials:
    """A key of the kind that this exchange gives out."""
    key = "organizations/1111/apiKeys/6666" if name == "coinbase" else KEY
    passphrase = Secret(PASSPHRASE) if TABLE[name].passphrase else NOTHING
    return Credentials(Secret(key), Secret(SECRETS.get(name, OTHERS)), passphrase)


class Desk:
    """An account at a stand-in."""

    def __init__(self, name: str, stand_in: StandIn, transport: Transport, clock: FakeClock) -> None:
        self.name, self.stand_in = name, stand_in
        self._transport, self._clock = transport, clock
        self.exchange = exchange(f"ccxt/{name}")
        self.api = self.exchange.apis[""]
        self.caller = Caller(self.exchange, self.api, "desk", credentials(name), stand_in.url, None, "")

    async def read(self, reader: Reader[Any]) -> Any:
        """What a reader comes to."""
        return await self._transport.read(self.caller, reader, timeout=10.0, give_up_at=self._clock.now() + 600)

    async def wallet(self, name: str) -> Reading:
        """A wallet, as it is read now."""
        reading = await self.read(self.api.wallets[name].read({}))
        assert isinstance(reading, Reading)
        return reading

    async def public(self, reader: Reader[Any]) -> Any:
        """What a reader without a key comes to."""
        caller = replace(self.caller, credentials=None)
        return await self._transport.read(caller, reader, timeout=10.0, give_up_at=self._clock.now() + 600)


@asynccontextmanager
async def desk(name: str, transport: Transport, clock: FakeClock) -> AsyncIterator[Desk]:
    """An account at an exchange of the table that answers with its samples."""
    stand_in = StandIn(SAMPLES[name].answers)
    stand_in.public = frozenset(row.path for row in TABLE[name].rows if not row.signed)
    async with stand_in.running():
        yield Desk(name, stand_in, transport, clock)
