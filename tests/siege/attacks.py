"""The rows of a siege, in the order in which they are run."""

import asyncio
import http
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

from tests.benchmarks.child import ROOT, Child
from tests.siege.clients import ATTACKS as CLIENTS
from tests.siege.probe import Scraped
from tests.siege.stage import Attack, Foes, Part, Stage, asked, written
from tests.siege.table import MEBIBYTE, Goals, Miss

REFUSED: Final = frozenset({"rate_limited", "banned", "maintenance", "http"})
UNREADABLE: Final = frozenset({"payload", "http", "timeout"})
MANY: Final = 2_000
"""Accounts of a large operator."""


def clients(name: str, *, answered: str = "") -> Part:
    """Hostile clients, one of `CLIENTS`; a status that must not have come back to them."""
    assert name in CLIENTS, name

    @asynccontextmanager
    async def part(stage: Stage) -> AsyncIterator[None]:
        with Child("-m", "tests.siege.clients", name, str(stage.port), str(stage.pid)) as child:
            await asyncio.to_thread(child.answer)
            await asked(child, "on")
            yield
            statuses = await asked(child, "off")
            if answered and statuses.get(answered):
                stage.miss(f"{statuses[answered]} requests answered with {answered}", f"of {sum(statuses.values())}")
            if problems := [status for status in statuses if "(" in status]:
                stage.miss("the attack itself broke", problems[0])

    return part


@asynccontextmanager
async def tickers_refused(stage: Stage) -> AsyncIterator[None]:
    """The healthy exchanges refuse to tell prices, for an hour."""
    await asked(stage.victims, "tickers")
    yield
    await asked(stage.victims, "calm")


@asynccontextmanager
async def log_unread(stage: Stage) -> AsyncIterator[None]:
    """Nobody reads standard error before the process has ended."""
    stage.process.reading.cancel()
    stage.process.reading = asyncio.create_task(asyncio.sleep(0))
    yield
    assert stage.process.process.stderr is not None
    await stage.process.process.stderr.read()


@asynccontextmanager
async def reloads_end(stage: Stage) -> AsyncIterator[None]:
    """Reloads that were asked for in a second are merged, and over soon after it."""
    yield
    over = time.time()
    await asyncio.sleep(2)
    text = (await stage.process.get("/metrics"))[1]
    family = "exchange_exporter_config_last_reload_success_timestamp_seconds "
    last = next(float(line.split()[1]) for line in text.splitlines() if line.startswith(family))
    if last > over:
        stage.miss("still reloading after the attack", f"{last - over:.1f} s")
    count = sum("read again" in line for line in stage.process.log)
    if count > 10:
        stage.miss(f"{count} reloads for 100 SIGHUP within a second", f"{count - 10} over 10")


@asynccontextmanager
async def secret_that_never_answers(stage: Stage) -> AsyncIterator[None]:
    """The secret file of an account becomes a FIFO that nobody writes to; a reload and a `check` meet it too."""
    secret = stage.folder / "secret"
    foe = next(entry for entry in stage.config["accounts"] if entry["name"].startswith("foe-"))
    credentials = {**foe["credentials"], "secret_file": str(secret)}
    del credentials["secret"]
    entries = [foe | {"credentials": credentials} if entry is foe else entry for entry in stage.config["accounts"]]
    secret.touch(0o600)
    secret.write_text("regular")
    stage.write({**stage.config, "accounts": entries})
    os.kill(stage.pid, signal.SIGHUP)
    await asyncio.sleep(2)
    secret.unlink()
    os.mkfifo(secret, 0o600)
    os.kill(stage.pid, signal.SIGHUP)
    began = time.monotonic()
    flags = ("-m", "exporter", "check", f"--config.file={stage.path}")
    check = await asyncio.create_subprocess_exec(
        sys.executable, *flags, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    yield
    try:
        async with asyncio.timeout(max(0.1, 10 - (time.monotonic() - began))):
            if await check.wait() != 1:
                stage.miss("`check` accepts a secret file that is none")
    except TimeoutError:
        check.kill()
        await check.wait()
        stage.miss("`check` hangs on a secret file that does not answer")
    text = (await stage.process.get("/metrics"))[1]
    if "exchange_exporter_config_last_reload_successful 0" not in text:
        stage.miss("the reload with a secret file that does not answer has not been refused")
    secret.unlink()
    written(stage.path, stage.config)


def known_codes(during: Scraped) -> list[Miss]:
    """Status codes on the page are those that exist."""
    known = {str(int(status)) for status in http.HTTPStatus} | {"error", "other"}
    odd = [code for code in during["codes"] if code not in known]
    return [Miss(f"{len(odd)} status codes that do not exist are label values", odd[0])] if odd else []


def down(during: Scraped) -> list[Miss]:
    """An account that is not read any more is not up."""
    up = [name for name, value in during["up"].items() if value]
    return [Miss(f"{len(up)} accounts that nothing was read of are up", up[0])] if up else []


def own_names(during: Scraped) -> list[Miss]:
    """No wallet of an exchange takes a name that has another meaning here."""
    taken = {"main", "overview"} & set(during["wallets"])
    return [Miss(f"wallets named {' and '.join(sorted(taken))} hold balances")] if taken else []


def page_of(mebibytes: float) -> Callable[[Scraped], list[Miss]]:
    """The page stays below a size."""

    def check(during: Scraped) -> list[Miss]:
        size = during["page"] / (1 << 20)
        return [Miss(f"page {size:.1f} MB", f"{size - mebibytes:.1f} over {mebibytes:g}")] if size > mebibytes else []

    return check


def memory_of(mebibytes: float) -> Callable[[Scraped], list[Miss]]:
    """The memory stays below a size, however long the attack lasts."""

    def check(during: Scraped) -> list[Miss]:
        size = during["memory_peak"] / MEBIBYTE
        over = f"{size - mebibytes:.1f} over {mebibytes:g}"
        return [Miss(f"memory during the attack {size:.1f} MB", over)] if size > mebibytes else []

    return check


_SCATTERED: Final = 27 * MEBIBYTE
"""Bytes that stay of a wallet of 20,000 rows. Python gives memory back by the mebibyte, once nothing is left in it, and
of each storm of names the last thousand read 0, scattered over all that it took. Measured: 56 MB before, 132 at most
and 112 after 6 s; 56, 138 and 127 after 24 s. What is in use comes back whole, as tests/holdings/test_large_wallets.py
counts, and the next storm takes what this one has left."""
RARE: Final = {"interval": "1h", "stale_after": "3h"}
"""Accounts that are read once."""
_LARGE: Final = Foes("honest", MANY, keys=RARE)
_WIDE: Final = Foes("wide", 40, keys=RARE)
"""Accounts of many currencies: a page as long as that of 2,000 accounts."""

ATTACKS: Final = (
    Attack("quiet", "nothing: what the machine does by itself"),
    Attack("quiet-start", "nothing, from the start", at_start=True, seconds=4),
    # Hostile exchanges
    Attack(
        "dead-proxy",
        "a proxy that never answers, of one account at each exchange, listed first, from the start",
        foes=tuple(
            Foes(
                "silent",
                1,
                exchange,
                proxy=True,
                keys={"name": f"foe-silent-{exchange}", "timeout": "10s", "interval": "15s"},
            )
            for exchange in ("bingx", "bitget", "bitmart", "htx", "xt")
        ),
        tls=True,
        at_start=True,
    ),
    Attack("second-answers", "a second answer on each kept connection, three keys", foes=(Foes("second", exact=True),)),
    Attack("floats", "8 KB of gzip that are 8 MiB of numbers", foes=(Foes("floats"),), reasons=UNREADABLE),
    Attack("pages", "a CDN's page of half a megabyte, 40 accounts", foes=(Foes("pages", 40),), reasons=UNREADABLE),
    Attack("fresh-names", "500 new names in each answer", foes=(Foes("fresh-names"),), checks=(page_of(2),)),
    Attack(
        "fresh-rows",
        "20,000 new names in each answer",
        foes=(Foes("fresh-rows"),),
        goals=Goals(slack=3 * _SCATTERED),
        checks=(page_of(2), memory_of(160)),
    ),
    Attack("wallet-list", "20,000 wallets, other 2,000 at each renewal", foes=(Foes("list", 1, "htx"),)),
    Attack("million-keys", "an object of a million keys", foes=(Foes("million"),), reasons=UNREADABLE),
    Attack("chunks", "bodies in chunks of one byte", foes=(Foes("chunks"),), reasons=UNREADABLE),
    Attack("names", "names of 16,000 letters", foes=(Foes("names"),)),
    Attack("numbers", "numbers of millions of digits", foes=(Foes("numbers", 7),)),
    Attack(
        "wire",
        "endless headers, trailers, chunks and 1xx, drips, no HTTP",
        foes=(Foes("wire", 8),),
        reasons=frozenset({"timeout", "http", "payload", "network"}),
    ),
    Attack("retry-after", "refusals with an odd `Retry-After`", foes=(Foes("waits", 12),), reasons=REFUSED),
    Attack(
        "bans",
        "three accounts refused for an hour, an address banned, every exchange's prices refused",
        foes=(Foes("banned"), Foes("ban-of-one", 3, "bitget")),
        parts=(tickers_refused,),
        reasons=frozenset({"rate_limited", "banned"}),
        config={"valuation": {"interval": "1s"}},
        checks=(down,),
    ),
    Attack("statuses", "statuses from 200 to 999", foes=(Foes("statuses", 10),), checks=(known_codes,)),
    Attack(
        "modes",
        "an account that is of the other mode, whichever is asked",
        foes=(Foes("modes", 3, "bitget", kept=True),),
    ),
    Attack(
        "emptied",
        "every other answer empty, nearly empty, or one row of zeros",
        foes=(Foes("emptied", 3, "bitget", kept=True),),
    ),
    Attack(
        "kinds", "wallets whose names fold into one, or are ours", foes=(Foes("kinds", 2, "htx"),), checks=(own_names,)
    ),
    # Hostile clients
    Attack("drips", "1,100 connections that drip a header, 1,024 files", parts=(clients("drips"),), seconds=12),
    Attack("drips-from-many", "the same, each from its own address", parts=(clients("drips-from-many"),), seconds=12),
    Attack(
        "foreign",
        "other hosts and origins",
        parts=(clients("foreign", answered="200"),),
        flags=("--web.enable-lifecycle",),
    ),
    Attack(
        "hups",
        "100 SIGHUP in a second, 400 accounts",
        foes=(Foes("honest", 400, keys=RARE),),
        parts=(clients("hups"), reloads_end),
        seconds=4,
    ),
    Attack(
        "reloads",
        "20 clients that reload without a pause",
        parts=(clients("reloads"),),
        goals=Goals(log=8 << 20),  # each reload has its line
        flags=("--web.enable-lifecycle",),
    ),
    Attack(
        "people",
        "ten readers of `/config` and ten of `/`, 2,000 accounts",
        foes=(_LARGE,),
        parts=(clients("config"), clients("status-page")),
        files=20_000,
    ),
    Attack(
        "slow-readers",
        "45 readers of a byte a second, a page of 10 MB",
        foes=(_WIDE,),
        parts=(clients("readers"),),
    ),
    # Files and logs
    Attack(
        "unread-log",
        "a log at debug level that nobody reads, and SIGTERM under it",
        foes=(Foes("pages", 5),),
        parts=(log_unread, clients("garble")),
        flags=("--log.level=debug",),
        stop_under=True,
    ),
    Attack(
        "fifo",
        "a secret file that becomes a FIFO; reload and `check` meet it",
        foes=(Foes("modes", 1, "bitget"),),
        parts=(secret_that_never_answers,),
    ),
    Attack(
        "everything",
        "hostile exchanges, drips and an unread log at once, and SIGTERM under it",
        foes=(Foes("floats"), Foes("pages", 10), Foes("fresh-names"), Foes("wire", 8), Foes("second", exact=True)),
        parts=(log_unread, clients("drips")),
        stop_under=True,
    ),
)
"""Every row: its foes are honest until the attack begins, and again after it."""
