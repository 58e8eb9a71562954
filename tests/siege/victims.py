"""The healthy exchanges, in a process of their own: the sandbox with accounts whose amounts never change.

Arguments: how many accounts, and, for https, where to write the certificate of the authority to trust.
Tells the accounts' entries for a configuration, and what each of them holds.
Then each line of input names a trouble of the exchanges (`tickers`), or `calm`; the end of input ends it.
"""

import asyncio
import itertools
import ssl
import sys
from typing import Any

import trustme

from exporter.sandbox import Sandbox
from exporter.sandbox.faults import Fault
from tests.benchmarks.child import tell
from tests.faults.variants import VARIANTS

TICKERS = tuple({endpoint.path for variant in VARIANTS.values() for endpoint in variant.api.price_endpoints})
"""Where prices are asked for; a refusal there is none of the accounts'."""


def inhabited(sandbox: Sandbox, count: int) -> tuple[list[dict[str, Any]], dict[str, dict[str, list[str]]]]:
    """Add so many accounts, of every kind in turn; their entries, and available and frozen by currency."""
    entries, held = [], {}
    for number, variant in zip(range(count), itertools.cycle(VARIANTS.values()), strict=False):
        name = f"victim-{number:02}"
        texts = {"api_key": f"{name}-key", "secret": f"{name}-secret", "passphrase": f"{name}-pass"}
        credentials = {each: texts[each] for each in variant.secrets}
        account = sandbox.add_account(
            variant.exchange,
            key=credentials["api_key"],
            secret=credentials.get("secret", ""),
            passphrase=credentials.get("passphrase", ""),
            mode=variant.mode,
            name=name,
        )
        held[name] = {"USDT": [f"{1000 + number}.25", f"{number}.5"], "BTC": [f"0.{number + 1:03}", "0"]}
        for coin, (available, frozen) in held[name].items():
            account.set("main", coin, available, frozen)
        entries.append(
            {
                "name": name,
                "exchange": variant.exchange,
                "credentials": credentials,
                "options": dict(variant.options),
                "wallets": ["main"],
            }
        )
    return entries, held


def refusing(path: str) -> Fault:
    """A call that is asked too often, as its exchange says."""
    return Fault("http_status", path=path, status=429, body="{}", headers={"Retry-After": "3600"})


def certified(file: str) -> ssl.SSLContext:
    """A server's side of TLS; whom to trust for it is written to a file."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(file)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


async def main(count: int, file: str = "") -> None:
    """Serve until the parent closes our input."""
    sandbox = Sandbox()
    entries, held = inhabited(sandbox, count)
    await sandbox.start(ssl=certified(file) if file else None)
    for entry in entries:
        entry["base_url"] = sandbox.base_urls[str(entry["exchange"])]
    tell({"entries": entries, "held": held})
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        for exchange in sandbox.exchanges:
            exchange.faults = [refusing(path) for path in TICKERS] if line.strip() == "tickers" else []
        tell(None)
    await sandbox.stop()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), *sys.argv[2:]))
