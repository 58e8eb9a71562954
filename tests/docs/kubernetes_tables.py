"""The tables of deploy/kubernetes/README.md about what a shard needs and what one more moves."""

import hashlib
import re
from functools import cache
from pathlib import Path
from typing import Final

from exporter.app.sharding import jump

ROOT: Final = Path(__file__).parents[2]
SIZES: Final = (50, 250, 1_000, 2_000)
SHARDS: Final = (1, 2, 3, 4, 6, 8, 12)
ACCOUNTS: Final = 1_000
MIB: Final = 1024 * 1024
WALLETS: Final = 2
"""Wallets of an account that are read by default, on most exchanges: each keeps a connection."""


@cache
def measured() -> tuple[float, float, float]:
    """What README's benchmarks say of memory, in bytes: of 50 accounts, of 2,000, and of a connection with TLS."""
    text = " ".join((ROOT / "README.md").read_text("utf-8").split())
    few = re.search(r"resident memory, 50 accounts x 50 currencies \| *\| ([0-9.]+) MB", text)
    many = re.search(r"2000 accounts of 50 currencies over [^;]*; [^;]*; [^;]*; ([0-9]+) MB;", text)
    each = re.search(r"an open file and takes ([0-9]+) KB with TLS", text)
    assert few
    assert many
    assert each
    return float(few[1]) * 1e6, float(many[1]) * 1e6, float(each[1]) * 1e3


def bytes_of(accounts: int) -> float:
    """What so many accounts of 50 currencies take, their connections with TLS included."""
    few, many, connection = measured()
    return few + (many - few) * (accounts - 50) / 1_950 + accounts * WALLETS * connection


def request_mib(accounts: int) -> int:
    """A request of memory for them, in steps of 64 MiB, with a tenth to spare."""
    return -(-int(bytes_of(accounts) * 1.1) // (64 * MIB)) * 64


def sizes() -> list[tuple[str, ...]]:
    """What a shard of so many accounts takes, and what to ask for it."""
    return [
        (f"{each:,}", f"{bytes_of(each) / MIB:.0f} MiB", f"`{request_mib(each)}Mi`", f"`{2 * request_mib(each)}Mi`")
        for each in SIZES
    ]


def moves() -> list[tuple[str, ...]]:
    """How a thousand accounts are divided, and how many of them one more shard moves."""
    names = [f"bitget/account-{number:04}" for number in range(ACCOUNTS)]
    keys = [int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big") for name in names]
    rows: list[tuple[str, ...]] = []
    for total in SHARDS:
        before, after = ([jump(key, shards) for key in keys] for shards in (total, total + 1))
        counts = [before.count(shard) for shard in range(total)]
        moved = [new for old, new in zip(before, after, strict=True) if old != new]
        assert set(moved) == {total}, "some moved between shards that were there"
        rows.append((f"{total}", f"{min(counts)} to {max(counts)}", f"{total + 1}", f"{len(moved)} of {ACCOUNTS:,}"))
    return rows
