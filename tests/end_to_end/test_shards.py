"""Shards, as real processes: together they serve what one process serves, and nothing twice."""

import asyncio
import json
import re
from contextlib import AsyncExitStack
from decimal import Decimal
from pathlib import Path

from exporter.sandbox import Sandbox
from tests.kit.processes import Process, exporter

ACCOUNTS = 12
SHARDS = 3
PATIENCE = 20.0
ONE = 'net{total="one",shard="[0-2]",currency="USDT"'
TOTALS = (ONE, 'net{total="all",shard="[0-2]",currency="USDT"', 'usd{total="all",shard="[0-2]"')
BALANCE = ("exchange_balance_available", "exchange_balance_frozen", "exchange_balance_net", "exchange_balance_usd")


def balances(exposition: str) -> set[str]:
    """The sample lines of balances."""
    return {line for line in exposition.splitlines() if line.startswith(BALANCE)}


def amounts(exposition: str, labels: str) -> list[Decimal]:
    """The values of a total."""
    found = re.findall(rf"^exchange_total_{labels}}} (.*)$", exposition, re.MULTILINE)
    return [Decimal(value) for value in found]


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
    totals = [
        {"name": "all", "currency": "USDT", "warning": 50},
        {"name": "one", "match": {"account": "account-7"}, "currency": "USDT", "warning": 50},
        {"name": "all", "usd": {"warning": 50}},
    ]
    path.write_text(json.dumps({"totals": totals, "accounts": accounts}))
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

    for labels in TOTALS:
        (together,), *alone = [amounts(text, labels) for text in (whole, *parts)]
        assert [len(each) for each in alone] == [1] * SHARDS  # as many parts as shards: the total is known
        assert abs(sum(each[0] for each in alone) - together) <= (0 if "currency" in labels else Decimal("1e-6"))
    assert amounts(whole, ONE) == [Decimal("8.25")]
    assert sorted(amounts(part, ONE)[0] for part in parts) == [0, 0, Decimal("8.25")]
    for number, part in enumerate(parts):
        assert f"exchange_exporter_shard_ordinal {number}.0" in part
        assert f"exchange_exporter_shards {SHARDS}.0" in part
        assert f'shard="{number}"' in part
