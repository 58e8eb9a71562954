"""Shards, as real processes: together they serve what one process serves, and nothing twice."""

import asyncio
import json
from contextlib import AsyncExitStack
from pathlib import Path

from exporter.sandbox import Sandbox
from tests.kit.processes import Process, exporter

ACCOUNTS = 12
SHARDS = 3
PATIENCE = 20.0
BALANCE = ("exchange_balance_available", "exchange_balance_frozen", "exchange_balance_net", "exchange_balance_usd")


def balances(exposition: str) -> set[str]:
    """The sample lines of balances."""
    return {line for line in exposition.splitlines() if line.startswith(BALANCE)}


async def priced(process: Process) -> str:
    """What a process serves, once every holding has its value: prices are read beside the first polls."""
    while True:
        text: str = (await process.get("/metrics"))[1]
        counts = [sum(line.startswith(family + "{") for line in text.splitlines()) for family in BALANCE]
        if counts[0] and min(counts) == max(counts):
            return text
        await asyncio.sleep(0.05)


def configured(sandbox: Sandbox, folder: Path) -> Path:
    """Accounts on three exchanges whose numbers do not move."""
    accounts = []
    for number in range(ACCOUNTS):
        exchange, wallet, options = (
            ("bitget", "spot", {"mode": "classic"}),
            ("xt", "spot", {}),
            ("htx", "spot", {}),
        )[number % 3]
        key, secret, passphrase = (
            f"key-{number:04}",
            f"secret-{number:04}",
            "passphrase" if exchange == "bitget" else "",
        )
        credentials = {"api_key": key, "secret": secret}
        if passphrase:
            credentials["passphrase"] = passphrase
        mode = options.get("mode", "")
        account = sandbox.add_account(exchange, key=key, secret=secret, passphrase=passphrase, mode=mode)
        account.set(wallet, "USDT", available=f"{number}.25", frozen="1", locked="0")
        account.set(wallet, "ETH", available=f"0.{number + 1}", frozen="0", locked="0")
        entry = {"name": f"account-{number}", "exchange": exchange, "credentials": credentials, "options": options}
        accounts.append({**entry, "base_url": sandbox.base_urls[exchange]})
    path = folder / "config.yaml"
    path.touch(0o600)
    path.write_text(json.dumps({"accounts": accounts}))
    return path


async def test_all_shards_together_serve_what_one_process_serves_and_nothing_twice(tmp_path: Path) -> None:
    sandbox = Sandbox()
    await sandbox.start()
    config = configured(sandbox, tmp_path)
    try:
        async with AsyncExitStack() as stack:
            shard_flags = [(f"--shard.ordinal=exporter-{n}", f"--shard.total={SHARDS}") for n in range(SHARDS)]
            processes = await asyncio.gather(
                *(stack.enter_async_context(exporter(config, *flags)) for flags in [(), *shard_flags])
            )
            await asyncio.gather(*(process.ready() for process in processes))
            async with asyncio.timeout(PATIENCE):
                whole, *parts = [await priced(process) for process in processes]
    finally:
        await sandbox.stop()

    served = [balances(part) for part in parts]
    assert sum(map(len, served)) == len(set().union(*served))
    assert set().union(*served) == balances(whole)
    assert len(balances(whole)) == ACCOUNTS * 2 * len(BALANCE)
    for number, part in enumerate(parts):
        assert f"exchange_exporter_shard_ordinal {number}.0" in part
        assert f"exchange_exporter_shards {SHARDS}.0" in part
        assert f'shard="{number}"' in part
