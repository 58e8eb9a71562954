"""The sandbox with as many accounts as a large operator has; tells a configuration for the exporter.

Arguments: a folder for the configuration, accounts for each kind of account, currencies, and the names of the kinds.
Every second some wallets move, until the parent closes our input.
"""

import asyncio
import json
import random
import sys
from pathlib import Path

from exporter.sandbox import Sandbox, SandboxAccount
from tests.benchmarks.child import tell

KINDS: dict[str, tuple[str, str, dict[str, str]]] = {
    "bitmart": ("bitmart", "spot", {}),
    "xt": ("xt", "spot", {"api": "v4"}),
    "bingx": ("bingx", "spot", {}),
    "htx": ("htx", "spot", {}),
    "bitget": ("bitget", "spot", {"mode": "classic"}),
    "unified": ("bitget", "unified", {"mode": "unified"}),
}


def hold(account: SandboxAccount, wallet: str, coin: str, dice: random.Random) -> None:
    """Put a new amount of a coin into a wallet."""
    free = f"{dice.random() * 1000:.8f}"
    if wallet == "unified":
        account.set(wallet, coin, equity=free, available=free, locked="0", debt="0", usd=free)
    else:
        account.set(wallet, coin, available=free, frozen=f"{dice.random():.8f}", locked="0")


async def main(folder: Path, count: int, currencies: int, kinds: list[str]) -> None:
    """Serve until the parent closes our input."""
    dice = random.Random(3)
    sandbox = Sandbox()
    coins = [f"C{number:03}" for number in range(currencies)]
    held, entries = [], []
    for kind in kinds:
        exchange, wallet, options = KINDS[kind]
        prices = sandbox.exchange(exchange).prices
        prices.update({f"{coin}/USDT": prices["BTC/USDT"] for coin in coins})
        for number in range(count):
            name = f"{kind}-{number:04}"
            key, secret, passphrase = f"{name}-key", f"{name}-secret", "pass" if exchange == "bitget" else ""
            mode = options.get("mode", options.get("api", ""))
            account = sandbox.add_account(exchange, key=key, secret=secret, passphrase=passphrase, mode=mode, name=name)
            for coin in coins:
                hold(account, wallet, coin, dice)
            held.append((account, wallet))
            credentials = {"api_key": key}
            if exchange != "bitmart":
                credentials["secret"] = secret
            if passphrase:
                credentials["passphrase"] = passphrase
            entries.append({"name": name, "exchange": exchange, "credentials": credentials, "options": options})
    await sandbox.start()
    for entry in entries:
        entry["base_url"] = sandbox.urls[str(entry["exchange"])]
    path = folder / f"{'-'.join(kinds)}.yaml"
    path.touch(0o600)
    path.write_text(json.dumps(entries))  # JSON is YAML
    tell(str(path))
    loop = asyncio.get_running_loop()
    closed = loop.run_in_executor(None, sys.stdin.readline)
    while not closed.done():
        for account, wallet in dice.sample(held, max(len(held) // 30, 1)):
            hold(account, wallet, dice.choice(coins), dice)
        await asyncio.wait([closed], timeout=1.0)
    await sandbox.stop()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4:]))
