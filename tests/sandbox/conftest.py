"""A running sandbox, and a client that signs by hand: written for these tests, from the vendors' rules."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import aiohttp
import pytest
from yarl import URL

from exporter.sandbox import Sandbox, SandboxAccount

NOW = 1_767_225_600.5


def mac(secret: str, text: str) -> bytes:
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).digest()


@dataclass
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body, parse_float=Decimal)


@dataclass
class Client:
    """Signs for the time `now`, with the account's own credentials unless others are named."""

    sandbox: Sandbox
    session: aiohttp.ClientSession
    now: float = NOW
    secret: str | None = None
    passphrase: str | None = None
    signed_host: str = ""
    prefix: str = "validate-"
    window: str = "5000"
    drop: str = ""
    extra: dict[str, str] = field(default_factory=dict)

    def signed(self, account: SandboxAccount, path: str, query: str = "") -> tuple[str, dict[str, str]]:
        """Give the raw target and headers of a signed GET."""
        secret = self.secret or account.secret
        moment = str(int(self.now * 1000))
        name = account.exchange
        headers: dict[str, str] = {}
        if name == "bitmart":
            headers = {"X-BM-KEY": account.key}
        elif name == "bitget":
            text = f"{moment}GET{path}" + (f"?{query}" if query else "")
            headers = {
                "ACCESS-KEY": account.key,
                "ACCESS-SIGN": base64.b64encode(mac(secret, text)).decode(),
                "ACCESS-TIMESTAMP": moment,
                "ACCESS-PASSPHRASE": account.passphrase if self.passphrase is None else self.passphrase,
            }
        elif name == "bingx":
            query = "&".join(part for part in (query, f"recvWindow={self.window}", f"timestamp={moment}") if part)
            query += f"&signature={mac(secret, query).hex()}"
            headers = {"X-BX-APIKEY": account.key}
        elif name == "htx":
            query = self._htx_query(account.key, secret, path, query)
        elif path.startswith("/v4/"):
            names = {"algorithms": "HmacSHA256", "appkey": account.key, "recvwindow": self.window}
            headers = {self.prefix + key: value for key, value in {**names, "timestamp": moment}.items()}
            text = "&".join(f"{key}={value}" for key, value in headers.items())
            text += f"#GET#{path}" + (f"#{query}" if query else "")
            headers[self.prefix + "signature"] = mac(secret, text).hex()
        else:
            query = f"accesskey={account.key}&nonce={moment}"
            query += f"&signature={mac(secret, query).hex()}"
        headers.pop(self.drop, None)
        return (f"{path}?{query}" if query else path), headers | self.extra

    def _htx_query(self, key: str, secret: str, path: str, query: str) -> str:
        fields = [
            f"AccessKeyId={key}",
            "SignatureMethod=HmacSHA256",
            "SignatureVersion=2",
            "Timestamp=" + quote(time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(self.now)), safe=""),
        ]
        joined = "&".join(sorted(fields + query.split("&"))) if query else "&".join(fields)
        text = f"GET\n{self.signed_host or '127.0.0.1'}\n{path}\n{joined}"
        return joined + "&Signature=" + quote(base64.b64encode(mac(secret, text)).decode(), safe="")

    async def get(self, account: SandboxAccount, path: str, query: str = "") -> Reply:
        target, headers = self.signed(account, path, query)
        return await self.raw(account.exchange, target, headers)

    async def raw(
        self, exchange: str, target: str, headers: dict[str, str] | None = None, method: str = "GET", **options: Any
    ) -> Reply:
        url = URL(self.sandbox.urls[exchange] + target, encoded=True)
        async with self.session.request(method, url, headers=headers, allow_redirects=False, **options) as response:
            return Reply(response.status, dict(response.headers), await response.read())


MAIN_PATHS = {
    "bitmart": "/account/v1/wallet",
    "xt": "/v4/balances",
    "xt-legacy": "/trade/api/v1/getBalance",
    "bingx": "/openApi/spot/v1/account/balance",
    "htx": "/v1/account/accounts",
    "bitget": "/api/v2/spot/account/assets",
    "bitget-unified": "/api/v3/account/assets",
}


@dataclass
class Desk:
    """A sandbox with one account of every kind, holding USDT and BTC, and a client for it."""

    sandbox: Sandbox
    accounts: dict[str, SandboxAccount]
    client: Client

    async def read(self, kind: str, query: str = "") -> Reply:
        """Read the main wallet of the account of that kind."""
        path = MAIN_PATHS[kind]
        if kind == "htx":
            path += f"/{self.accounts['htx'].number('spot')}/balance"
        return await self.client.get(self.accounts[kind], path, query)


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    sandbox = Sandbox(clock=lambda: NOW)
    accounts = {}
    for kind in MAIN_PATHS:
        exchange, _, mode = kind.partition("-")
        account = sandbox.add_account(
            exchange,
            key=f"key-of-{kind}",
            secret=f"secret-of-{kind}",
            passphrase="Made Up 1" if exchange == "bitget" else "",
            mode=mode,
            name=kind,
        )
        account.set("main", "USDT", available="100.50", frozen="7.5", locked="2")
        account.set("main", "BTC", available="0.1")
        account.set("main", "SOL")
        accounts[kind] = account
    await sandbox.start()
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as session:
        yield Desk(sandbox, accounts, Client(sandbox, session))
    await sandbox.stop()
