"""Simulated exchanges and the exporter before them, in one virtual loop, with everything recorded that it lets out."""

import asyncio
import io
import json
import logging
import math
import re
import tempfile
import traceback
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, Final
from unittest.mock import patch

from exporter.app import logs
from exporter.app.engine import Engine
from exporter.app.process import App
from exporter.config.load import load
from exporter.core.settings import Settings
from exporter.exposition.filters import Filters
from exporter.sandbox import Sandbox, SandboxAccount
from exporter.transport.conversation import Transport
from tests.faults.variants import Variant
from tests.kit.clock import VirtualClock, VirtualLoop
from tests.kit.scrape import KINDS, Amounts, Samples

INTERVAL: Final = 30.0
TIMEOUT: Final = 10.0
STALE_AFTER: Final = 90.0

_PLAIN_RECORD: Final = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "taskName"}


@dataclass(frozen=True)
class Member:
    """An account of the stage; the marks in its secrets show up wherever one leaks."""

    name: str
    variant: Variant
    interval: float = INTERVAL
    stale_after: float = STALE_AFTER
    secrets: Mapping[str, str] = field(init=False)
    more: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        own = f"{self.name}/{self.variant.name}+="
        texts = {"api_key": f"Marked/Key+{own}", "secret": f"Marked/Secret+{own}", "passphrase": f"Marked Word+{own}"}
        object.__setattr__(self, "secrets", {name: texts[name] for name in self.variant.secrets})


@dataclass
class Heard:
    """What the exporter let out: log lines as they are written, the same unmasked, every page, every request.

    Attributes:
        requested: exchange, method and path.
    """

    records: list[logging.LogRecord] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    unmasked: list[str] = field(default_factory=list)
    pages: list[str] = field(default_factory=list)
    signatures: set[str] = field(default_factory=set)
    secrets: set[str] = field(default_factory=set)
    requested: set[tuple[str, str, str]] = field(default_factory=set)


class _Recorder(logging.Handler):
    def __init__(self, heard: Heard) -> None:
        super().__init__(logging.DEBUG)
        self._heard = heard
        self._written = logs.Lines(io.StringIO(), logs._masking, as_json=False)

    def emit(self, record: logging.LogRecord) -> None:
        self._heard.records.append(record)
        self._heard.lines.append(self._written.format(record))
        extra = {key: str(value) for key, value in vars(record).items() if key not in _PLAIN_RECORD}
        trace = "".join(traceback.format_exception(*record.exc_info)) if record.exc_info else ""
        self._heard.unmasked.append(f"{record.getMessage()} {extra} {trace}")


@asynccontextmanager
async def _recording(heard: Heard) -> AsyncIterator[None]:
    root = logging.getLogger()
    level, recorder = root.level, _Recorder(heard)
    root.addHandler(recorder)
    root.setLevel(logging.DEBUG)
    asyncio_level = logging.getLogger("asyncio").level
    logging.getLogger("asyncio").setLevel(logging.INFO)
    try:
        yield
    finally:
        root.removeHandler(recorder)
        root.setLevel(level)
        logging.getLogger("asyncio").setLevel(asyncio_level)


@dataclass
class Stage:
    """What is running.

    Attributes:
        members: by account name.
        accounts: the same accounts as their exchanges know them.
    """

    loop: VirtualLoop
    clock: VirtualClock
    sandbox: Sandbox
    app: App
    members: dict[str, Member]
    accounts: dict[str, SandboxAccount]
    heard: Heard

    @property
    def engine(self) -> Engine:
        return self.app.engine

    async def samples(self, account: str | None = None) -> Samples:
        """Scrape, as a Prometheus server would at this moment."""
        self.engine.before_scrape()
        filters = Filters(accounts=(account,)) if account is not None else None
        scrape = await self.engine.exposition.scrape(openmetrics=False, gzip=False, filters=filters)
        assert scrape is not None
        return Samples(scrape.body.decode())

    async def until(self, condition: Callable[[], bool], within: float, what: str) -> None:
        """Let time pass until something is true.

        Raises:
            AssertionError: it is not in time.
        """
        end = self.clock.now() + within
        while not condition():
            assert self.clock.now() <= end, f"not within {within:g} s: {what}"
            await self.clock.sleep(1.0)

    def failing(self, account: str, wallet: str) -> str | None:
        """The reason for which a wallet fails now."""
        known = self.engine.accounts[account].wallets.get(wallet)
        return known.failure.reason if known is not None and known.failure is not None else None

    def truth(self, account: str) -> Amounts:
        """What the exchange holds for an account in the main wallet, as it should be served."""
        wallet = self.accounts[account].wallet("main")
        return {(coin, kind): float(getattr(holding, kind)) for coin, holding in wallet.items() for kind in KINDS}

    def path(self, account: str) -> str:
        """Where the main wallet of an account is read."""
        return self.members[account].variant.main_path(self.accounts[account])

    def asked(self, account: str) -> list[float]:
        """When the main wallet of an account was asked for."""
        member = self.members[account]
        key, path = member.secrets["api_key"], self.path(account)
        requests = self.sandbox.exchange(member.variant.exchange).requests
        return [each.time for each in requests if each.key == key and each.path == path]

    def logged(self, account: str, wallet: str, message: str) -> list[logging.LogRecord]:
        """The records of one kind about a wallet."""
        return [
            record
            for record in self.heard.records
            if record.msg == message and vars(record).get("account") == account and vars(record).get("wallet") == wallet
        ]

    def drop_connections(self) -> None:
        """Forget what was resolved, as a resolver does in time."""
        transport = self.engine.transport
        assert isinstance(transport, Transport)
        session = transport._wire._session
        connector = session.connector if session is not None else None
        if connector is not None:
            connector.clear_dns_cache()  # type: ignore[attr-defined]

    async def look(self) -> None:
        """Keep what every page says at this moment."""
        if not self.app.web.addresses:
            await self.app.web.start(["127.0.0.1:0"])
        host, _, port = self.app.web.addresses[0].rpartition(":")
        for path in ("/", "/config", "/metrics", "/-/healthy", "/-/ready", "/-/reload", "/?a=b"):
            reader, writer = await asyncio.open_connection(host, int(port))
            writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
            self.heard.pages.append((await reader.read()).decode())
            writer.close()
            await writer.wait_closed()


def config_text(members: Iterable[Member], base_urls: Mapping[str, Any], **more: Any) -> str:
    """The configuration of these accounts; JSON is YAML."""
    named = json.loads(json.dumps(base_urls).replace("127.0.0.1", "localhost"))
    accounts = [
        {
            "name": member.name,
            "exchange": member.variant.exchange,
            "base_url": named[member.variant.exchange],
            "credentials": dict(member.secrets),
            "options": dict(member.variant.options),
            "interval": f"{member.interval:g}s",
            "stale_after": f"{member.stale_after:g}s",
            **member.more,
        }
        for member in members
    ]
    whole = {"defaults": {"timeout": f"{TIMEOUT:g}s"}, "valuation": {"interval": "600s"}, "accounts": accounts}
    return json.dumps({**whole, **more})


@asynccontextmanager
async def staged(
    members: Iterable[Member],
    *,
    heard: Heard | None = None,
    server_tls: Any = None,
    client_tls: Any = None,
    wall_step: float = 0.0,
    seed: int = 7,
    **more: Any,
) -> AsyncIterator[Stage]:
    """Bring up exchanges and exporter; nothing polls yet."""
    heard = heard or Heard()
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    clock = VirtualClock()
    clock.step = wall_step
    sandbox = Sandbox(clock.true)
    known = {member.name: member for member in members}
    accounts = {}
    for member in known.values():
        secrets = member.secrets
        account = accounts[member.name] = sandbox.add_account(
            member.variant.exchange,
            key=secrets["api_key"],
            secret=secrets.get("secret", ""),
            passphrase=secrets.get("passphrase", ""),
            mode=member.variant.mode,
        )
        account.set("main", "USDT", "100.5", "7.25")
        account.set("main", "BTC", "0.125")
        side, _ = member.variant.side_wallet(account)
        if side not in {member.variant.main, "overview"}:
            account.set(side, "USDT", "3.5")
        heard.secrets.update(secrets.values())
    for variant in {member.variant.name: member.variant for member in known.values()}.values():
        sandbox.exchange(variant.exchange).requests = deque(maxlen=200_000)
    await sandbox.start(ssl=server_tls)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "config.yaml"
        file.touch(mode=0o600)
        file.write_text(config_text(known.values(), sandbox.base_urls, **more), "utf-8")
        no_proxies = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), "")
        async with _recording(heard):
            # Idle connections and resolved names age in virtual time, too.
            with (
                patch("aiohttp.connector.monotonic", loop.time),
                patch.dict("os.environ", no_proxies),
            ):
                app = App(Settings(config_file=file), {}, load(file, {}), clock, Random(seed), client_tls)
                stage = Stage(loop, clock, sandbox, app, known, accounts, heard)
                try:
                    yield stage
                finally:
                    await app.engine.stop(0)
                    await app.web.close(0)
                    await sandbox.stop()
                    await asyncio.sleep(0.1)
                    heard.signatures |= _signatures(stage)
                    heard.requested |= {
                        (each, request.method, request.path)
                        for each in sandbox.urls
                        for request in sandbox.exchange(each).requests
                    }


def _signatures(stage: Stage) -> set[str]:
    """Every signature that an exchange received, in a header or in the query."""
    found = set()
    for variant in {member.variant.name: member.variant for member in stage.members.values()}.values():
        name = variant.facts.signature
        if not name:
            continue
        for request in stage.sandbox.exchange(variant.exchange).requests:
            found |= {value for header, value in request.headers.items() if header.lower() == name.lower()}
            found |= set(re.findall(rf"[?&]{name}=([^&]+)", request.target))
    return found


def same(one: Amounts, other: Amounts) -> bool:
    """Whether two servings are the same, to the last digit."""
    return one.keys() == other.keys() and all(
        math.isfinite(value) and value == other[key] for key, value in one.items()
    )
