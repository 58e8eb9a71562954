"""The sandbox with as many accounts as a large operator has; tells a configuration for the exporter.

Arguments: a folder for the configuration, accounts for each kind of account, currencies, and the names of the kinds:
those of `tests/faults/variants.py`.
Every second some wallets move, until the parent closes our input.
"""

import asyncio
import json
import random
import sys
from pathlib import Path

from exporter.exchanges import EXCHANGES
from exporter.sandbox import Sandbox, SandboxAccount
from tests.benchmarks.child import tell
from tests.faults.variants import VARIANTS


def hold(account: SandboxAccount, coin: str, dice: random.Random) -> None:
    """Put a new amount of a coin into the main wallet."""
    account.set("main", coin, available=f"{dice.random() * 1000:.8f}", frozen=f"{dice.random():.8f}", locked="0")


async def main(folder: Path, count: int, currencies: int, kinds: list[str]) -> None:
    """Serve until the parent closes our input."""
    dice = random.Random(3)
    sandbox = Sandbox()
    coins = [f"C{number:03}" for number in range(currencies)]
    held, entries = [], []
    for kind in kinds:
        variant = VARIANTS[kind]
        prices = sandbox.exchange(variant.exchange).prices
        prices.update({f"{coin}/USDT": prices["BTC/USDT"] for coin in coins})
        for number in range(count):
            name = f"{kind}-{number:04}"
            texts = {"api_key": f"{name}-key", "secret": f"{name}-secret", "passphrase": "pass"}
            credentials = {each: texts[each] for each in variant.secrets}
            account = sandbox.add_account(
                variant.exchange,
                key=credentials["api_key"],
                secret=credentials.get("secret", ""),
                passphrase=credentials.get("passphrase", ""),
                mode=variant.mode,
                name=name,
            )
            for coin in coins:
                hold(account, coin, dice)
            held.append(account)
            entries.append(
                {
                    "name": name,
                    "exchange": variant.exchange,
                    "credentials": credentials,
                    "options": {EXCHANGES[variant.exchange].option: variant.mode} if variant.mode else {},
                }
            )
    await sandbox.start()
    for entry in entries:
        entry["base_url"] = sandbox.base_urls[str(entry["exchange"])]
    path = folder / f"{'-'.join(kinds)}.yaml"
    path.touch(0o600)
    path.write_text(json.dumps(entries))  # JSON is YAML
    tell(str(path))
    loop = asyncio.get_running_loop()
    closed = loop.run_in_executor(None, sys.stdin.readline)
    while not closed.done():
        for account in dice.sample(held, max(len(held) // 30, 1)):
            hold(account, dice.choice(coins), dice)
        await asyncio.wait([closed], timeout=1.0)
    await sandbox.stop()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4:]))
