"""The siege itself, in a few seconds: what it would not see, and whether it says what it has seen."""

import asyncio
import os
import re
import time
from dataclasses import replace

from tests.docs.readme_tables import README, between
from tests.siege import hostile
from tests.siege.attacks import ATTACKS, clients
from tests.siege.probe import Scrapes, Sought
from tests.siege.stage import Attack, Foes, run
from tests.siege.table import Goals, Miss, Result, all_met, line, verdict

GOOD = Result(
    "good",
    "nothing",
    8,
    gap=1.02,
    p50=0.004,
    p99=0.01,
    held=0.003,
    memory=(50 << 20, 54 << 20, 53 << 20),
    files=(20, 40, 21),
    stop=0.3,
)


async def test_a_row_measures_the_running_program() -> None:
    attack = Attack(
        "smoke",
        "statuses and other hosts for a moment",
        foes=(Foes("statuses", 2),),
        parts=(clients("foreign"),),
    )
    result = await run(attack, seconds=1.5, victims=3)
    assert result.scrapes >= 3
    assert 0 < result.p50 <= result.p99
    assert result.gap > 0
    assert result.gap_of.startswith("victim-")
    assert result.held > 0
    assert all(each > 10 << 20 for each in result.memory)
    assert all(each > 5 for each in result.files)
    assert result.stop > 0
    harness = ("broke", "false", "missing", "strict", "killed", "ended by itself")
    assert [str(miss) for miss in result.misses if any(word in str(miss) for word in harness)] == []


def page(*lines: str) -> bytes:
    """A scrape with these samples, each family with its head."""
    families = dict.fromkeys(line.partition("{")[0] for line in lines)
    parts = []
    for family in families:
        parts += [f"# HELP {family} x", f"# TYPE {family} gauge"]
        parts += [line for line in lines if line.partition("{")[0] == family]
    return "\n".join([*parts, ""]).encode()


def shown(amount: str, read: float, polls: int = 1) -> list[str]:
    """What a page says of one victim."""
    own = 'exchange="xt",account="victim-0"'
    kinds = {"available": amount, "frozen": "0", "locked": "0"}
    return [
        *(f'exchange_balance_{kind}{{{own},wallet="spot",currency="USDT"}} {value}' for kind, value in kinds.items()),
        f'exchange_wallet_last_success_timestamp_seconds{{{own},wallet="spot"}} {read}',
        f"exchange_account_last_poll_timestamp_seconds{{{own}}} {read}",
        f"exchange_polls_total{{{own}}} {polls}",
    ]


def scrapes(since: float) -> Scrapes:
    held = {"victim-0": {"USDT": {"available": 5.0, "frozen": 0.0, "locked": 0.0}}}
    return Scrapes(0, os.getpid(), Sought(since=since, victims=["victim-0"], held=held, foes=["foe-0"]))


def test_a_false_number_is_seen_and_one_that_goes_missing() -> None:
    now = time.time()
    seen = scrapes(now)
    seen.look(page('exchange_account_up{account="victim-0"} 0'))
    assert seen.told(strictly=True)["missing"] == []  # nothing was read yet
    seen.look(page(*shown("5", now)))
    told = seen.told(strictly=True)
    assert told["untrue"] == told["missing"] == []
    seen.look(page(*shown("6", now)))
    seen.look(page(*shown("5", now)[3:]))
    told = seen.told(strictly=True)
    assert len(told["untrue"]) == len(told["missing"]) == 1
    assert "victim-0" in told["untrue"][0]


def test_the_worst_gap_is_that_between_reads_and_that_without_an_end() -> None:
    now = time.time()
    seen = scrapes(now - 10)
    seen.look(page(*shown("5", now - 9, 1)))
    seen.look(page(*shown("5", now - 6, 4)))  # three polls while no scrape came through
    seen.look(page(*shown("5", now - 4.5, 5)))
    seen.look(page(*shown("5", now - 3.5, 6)))
    assert 3.4 < seen.told(strictly=False)["gap"] < 10
    seen.look(page(*shown("5", now, 7)))
    seen.told(strictly=False)
    seen.look(page(*shown("5", now + 1.5, 8)))
    assert round(seen.told(strictly=False)["gap"], 3) == 1.5


def test_reasons_of_foes_are_seen_and_a_series_that_stands_there_twice() -> None:
    seen = scrapes(time.time())
    twice = 'exchange_wallet_failing{exchange="xt",account="foe-0",wallet="spot",reason="http"} 1'
    seen.look(page(twice, twice))
    told = seen.told(strictly=True)
    assert told["reasons"] == {"foe-0": ["http"]}
    assert told["complaint"].startswith("twice")


def test_a_row_without_a_miss_is_met() -> None:
    assert GOOD.missed() == []
    assert line(GOOD).endswith("| met |")
    assert verdict([GOOD]) == "All 1 rows met their goals."
    assert all_met([GOOD])


def test_a_row_says_which_goal_it_misses_and_by_how_much() -> None:
    bad = replace(GOOD, name="bad", gap=9.2, gap_of="victim-3", p99=1.5, memory=(50 << 20, 400 << 20, 300 << 20))
    bad = replace(bad, misses=[Miss("2 false numbers", "victim-1")], goals=Goals(p99=0.5))
    assert line(bad).endswith(
        "| **missed**: worst gap 9.20 s of victim-3 (7.20 over 2); scrape p99 1500 ms (1000 over 500); "
        "memory after 300 MB (237 over 63); 2 false numbers (victim-1) |"
    )
    assert not all_met([GOOD, bad])
    assert verdict([GOOD, bad]) == "1 of 2 rows missed a goal: bad."


def test_what_was_not_measured_is_no_goal() -> None:
    worse = replace(GOOD, memory=(1, 400 << 20, 400 << 20), files=(1, 900, 900))
    assert len(worse.missed()) == 2
    for one in (replace(worse, at_start=True), replace(worse, stop_under=True)):
        assert one.missed() == []
        assert "–" in line(one)


def test_every_row_is_told_in_readme_and_no_other() -> None:
    told = re.findall(r"`([a-z-]+)`", between(README.read_text("utf-8"), "siege"))
    names = [attack.name for attack in ATTACKS if not attack.name.startswith("quiet")]
    assert len(set(names)) == len(names)
    assert sorted(told) == sorted(names)


async def answered(*, on: bool) -> bytes:
    """What a hostile exchange says to a request for balances."""
    server = hostile.Server("banned")
    server.on = on
    async with await asyncio.start_server(server.serve, "127.0.0.1", 0) as listener:
        reader, writer = await asyncio.open_connection(*listener.sockets[0].getsockname())
        writer.write(b"GET /account/v1/wallet HTTP/1.1\r\nX-BM-KEY: foe-banned-1-key\r\n\r\n")
        writer.write_eof()
        answer = await reader.read()
        writer.close()
        return answer


async def test_a_hostile_exchange_is_honest_until_told_otherwise() -> None:
    assert b'"currency":"USDT","available":"222"' in await answered(on=False)
    assert (await answered(on=True)).startswith(b"HTTP/1.1 429 ")
