"""A running sandbox with an account of every kind, and a client that signs by hand."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import aiohttp
import pytest
from yarl import URL

from exporter.sandbox import Sandbox, SandboxAccount
from exporter.sandbox.vendors import VENDORS
from tests.sandbox.facts import Code, Unsigned
from tests.sandbox.known import ACCOUNTS, FACTS

NOW = 1_767_225_600.5
MILLIS = int(NOW * 1000)


@dataclass
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body, parse_float=Decimal)


@dataclass
class Client:
    """Signs for the time `now`, with the account's own credentials unless others are named.

    `own` are words that only one exchange's signer knows. `drop` is a header that is left out.
    """

    sandbox: Sandbox
    session: aiohttp.ClientSession
    now: float = NOW
    secret: str | None = None
    passphrase: str | None = None
    own: dict[str, str] = field(default_factory=dict)
    drop: str = ""

    def signed(self, account: SandboxAccount, path: str, query: str = "") -> tuple[str, dict[str, str]]:
        """Give the raw target and headers of a signed GET."""
        secret = account.secret if self.secret is None else self.secret
        passphrase = account.passphrase if self.passphrase is None else self.passphrase
        unsigned = Unsigned(path, query, account.key, secret, passphrase, self.now, self.own)
        signed = FACTS[account.exchange].modes[account.mode].sign(unsigned)
        headers = {name: value for name, value in signed.headers.items() if name != self.drop}
        return (f"{path}?{signed.query}" if signed.query else path), headers

    async def get(self, account: SandboxAccount, path: str, query: str = "") -> Reply:
        target, headers = self.signed(account, path, query)
        return await self.raw(account.exchange, target, headers)

    async def raw(
        self, exchange: str, target: str, headers: dict[str, str] | None = None, method: str = "GET", **options: Any
    ) -> Reply:
        url = URL(self.sandbox.urls[exchange] + target, encoded=True)
        async with self.session.request(method, url, headers=headers, allow_redirects=False, **options) as response:
            return Reply(response.status, dict(response.headers), await response.read())


@dataclass
class FilledSandbox:
    """A sandbox with one account of every kind, holding USDT and BTC, and a client for it."""

    sandbox: Sandbox
    accounts: dict[str, SandboxAccount]
    client: Client

    def main_path(self, kind: str) -> str:
        """Where the main wallet of the account of that kind is read."""
        return ACCOUNTS[kind].facts.path.replace("{id}", str(self.accounts[kind].number("spot")))

    async def read(self, kind: str, query: str = "") -> Reply:
        """Read the main wallet of the account of that kind."""
        return await self.client.get(self.accounts[kind], self.main_path(kind), query)

    async def rows(self, kind: str) -> list[tuple[str, Any]]:
        """Read the main wallet, and give its rows with their currencies."""
        return ACCOUNTS[kind].facts.rows((await self.read(kind)).json())

    async def refusal(self, kind: str) -> Code:
        """Read the main wallet, and give HTTP status and vendor code of the no."""
        return code_of(kind, await self.read(kind))

    async def succeeds(self, kind: str) -> bool:
        """Read the main wallet, and say whether the answer is a success by its vendor's own mark."""
        mark, answer = ACCOUNTS[kind].facts.success, await self.read(kind)
        return answer.status == 200 if mark is None else bool(answer.json()[mark[0]] == mark[1])


def code_of(kind: str, reply: Reply) -> Code:
    """HTTP status and vendor code of an answer that says no."""
    return reply.status, ACCOUNTS[kind].facts.code(reply.json())


@pytest.fixture
async def filled() -> AsyncIterator[FilledSandbox]:
    sandbox = Sandbox(clock=lambda: NOW)
    accounts = {}
    for kind, (exchange, mode, _) in ACCOUNTS.items():
        account = accounts[kind] = sandbox.add_account(
            exchange,
            key=f"key-of-{kind}",
            secret=f"secret-of-{kind}",
            passphrase="Made Up 1" if "passphrase" in VENDORS[exchange].needs else "",
            mode=mode,
            name=kind,
        )
        account.set("main", "USDT", available="100.50", frozen="7.5", locked="2")
        account.set("main", "BTC", available="0.1")
        account.set("main", "SOL")
    await sandbox.start()
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as session:
        yield FilledSandbox(sandbox, accounts, Client(sandbox, session))
    await sandbox.stop()
