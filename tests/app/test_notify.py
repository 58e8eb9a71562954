"""systemd is told how the process fares, on real sockets, and nothing that goes wrong with that hurts."""

import asyncio
import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Final

import pytest

from exporter.app.notify import LOOK_SECONDS, Notifier, notifier
from exporter.app.process import BLOCKED_SECONDS, BLOCKED_SHOWN_SECONDS, App
from exporter.config.load import load
from exporter.core.runtime import monotonic_microseconds
from exporter.core.settings import Settings
from tests.kit.whole import TurnedClock

CONFIG: Final = """\
accounts:
  - {name: desk, exchange: xt, base_url: "http://127.0.0.1:9", credentials: {api_key: some-key, secret: some-secret}}
"""


class Systemd:
    """A socket as systemd has it, and what came there."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind("\0" + address[1:] if address.startswith("@") else address)
        self.socket.setblocking(False)
        self.heard: list[str] = []

    def told(self) -> list[str]:
        """Everything that was told since the last time."""
        found = []
        while True:
            try:
                found.append(self.socket.recv(4096).decode())
            except BlockingIOError:
                self.heard += found
                return found

    async def hears(self, what: str, times: int = 1) -> None:
        """Return once something that begins so was told so often."""
        async with asyncio.timeout(15):
            while sum(line.startswith(what) for line in self.heard) < times:
                self.told()
                await asyncio.sleep(0.01)

    def last(self, what: str) -> int:
        """Where the last one that begins so stands among all that was told."""
        return max(number for number, line in enumerate(self.heard) if line.startswith(what))


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[Systemd]:
    made = Systemd(str(tmp_path / "notify"))
    yield made
    made.socket.close()


def all_well() -> str:
    return "all well"


def test_what_is_told_is_what_sd_notify_tells(systemd: Systemd) -> None:
    told = Notifier(systemd.address)
    told.ready()
    told.reloading(1_234)
    told.beat(0, None, lambda: "9 accounts,\n8 up")
    told.stopping()
    told.close()
    assert systemd.told() == [
        "READY=1",
        "RELOADING=1\nMONOTONIC_USEC=1234",
        "STATUS=9 accounts, 8 up",
        "STOPPING=1",
    ]


def test_an_abstract_socket_is_told_too() -> None:
    systemd = Systemd(f"@exchange-balance-exporter-{os.getpid()}")
    told = Notifier(systemd.address)
    told.ready()
    assert systemd.told() == ["READY=1"]
    told.close()
    systemd.socket.close()


def test_without_the_variable_nobody_is_told() -> None:
    told = notifier({}, 1)
    assert not told.on
    told.ready()
    told.beat(0, None, all_well)
    told.close()


@pytest.mark.parametrize("address", ["/nowhere/at/all", "@nobody-listens-here", "vsock:2:1", "/" + "x" * 200])
def test_what_cannot_be_told_hurts_nobody(address: str) -> None:
    told = Notifier(address)
    told.ready()
    told.beat(0, None, all_well)
    told.close()


def test_what_finds_the_queue_full_is_told_at_the_next_beat_in_order(systemd: Systemd) -> None:
    told = Notifier(systemd.address)
    for number in range(4_000):  # more than any queue holds
        told.reloading(number)
    told.ready()
    now = 0.0
    while "READY=1" not in systemd.heard:
        assert systemd.told()
        told.beat(now, None, all_well)
        now += 0.5
    told.close()
    systemd.told()
    moments = [int(line.rpartition("=")[2]) for line in systemd.heard if line.startswith("RELOADING")]
    assert moments == list(range(4_000))


def test_signs_of_life_come_several_times_in_the_time_of_the_watchdog(systemd: Systemd) -> None:
    told = notifier({"NOTIFY_SOCKET": systemd.address, "WATCHDOG_USEC": "8000000", "WATCHDOG_PID": "7"}, 7)
    for tenth in range(81):
        told.beat(tenth / 10, None, all_well)
    assert systemd.told().count("WATCHDOG=1") == 5
    told.close()


def test_a_long_watchdog_is_fed_often_all_the_same(systemd: Systemd) -> None:
    told = Notifier(systemd.address, watchdog=600)
    for second in range(60):
        told.beat(second, None, all_well)
        systemd.told()
    assert systemd.heard.count("WATCHDOG=1") == 60 / LOOK_SECONDS
    told.close()


@pytest.mark.parametrize("wrong", [{"WATCHDOG_PID": "8"}, {"WATCHDOG_USEC": "soon"}, {"WATCHDOG_USEC": "0"}])
def test_a_watchdog_that_is_not_ours_is_not_fed(systemd: Systemd, wrong: dict[str, str]) -> None:
    told = notifier({"NOTIFY_SOCKET": systemd.address, "WATCHDOG_USEC": "8000000", **wrong}, 7)
    told.beat(0, None, all_well)
    assert "WATCHDOG=1" not in systemd.told()
    told.close()


def test_an_unhealthy_process_gives_no_sign_of_life_and_says_why(systemd: Systemd) -> None:
    told = Notifier(systemd.address, watchdog=8)
    told.beat(0, None, all_well)
    for second in range(1, 20):
        told.beat(second, "the task of account grid is dead", all_well)
    assert systemd.told() == ["WATCHDOG=1", "STATUS=all well", "STATUS=the task of account grid is dead"]
    told.beat(20, None, all_well)
    told.beat(26, None, all_well)
    assert systemd.told() == ["WATCHDOG=1", "WATCHDOG=1", "STATUS=all well"]
    told.close()


def app(folder: Path, systemd: Systemd, clock: TurnedClock) -> App:
    """An exporter that tells this systemd; its one account's exchange refuses every connection."""
    path = folder / "config.yaml"
    path.touch(mode=0o600)
    path.write_text(CONFIG)
    settings = Settings(config_file=path, listen_addresses=("127.0.0.1:0",))
    told = Notifier(systemd.address, watchdog=0.001)
    return App(settings, {}, load(path, {}), clock, Random(), systemd=told)


async def test_it_is_ready_once_it_serves_and_says_when_it_reloads_and_stops(tmp_path: Path, systemd: Systemd) -> None:
    exporter = app(tmp_path, systemd, TurnedClock())
    running = asyncio.create_task(exporter.run())
    await systemd.hears("STATUS=1 account, 0 up; the first polls are not over yet")
    assert exporter.web.addresses
    assert systemd.heard[0] == "READY=1"
    before = monotonic_microseconds()
    os.kill(os.getpid(), signal.SIGHUP)
    await systemd.hears("READY=1", times=2)
    [reloading] = [line for line in systemd.heard if line.startswith("RELOADING=1\nMONOTONIC_USEC=")]
    assert before <= int(reloading.rpartition("=")[2]) <= monotonic_microseconds()
    assert systemd.last("RELOADING=1") < systemd.last("READY=1")
    exporter.stop()
    await running
    systemd.told()
    assert systemd.heard[-1] == "STOPPING=1"


async def test_a_bad_file_is_told_and_the_process_is_ready_all_the_same(tmp_path: Path, systemd: Systemd) -> None:
    clock = TurnedClock()
    exporter = app(tmp_path, systemd, clock)
    running = asyncio.create_task(exporter.run())
    await systemd.hears("READY=1")
    exporter.settings.config_file.write_text("nonsense: 1\n")
    os.kill(os.getpid(), signal.SIGHUP)
    await systemd.hears("READY=1", times=2)
    clock.ahead += LOOK_SECONDS
    await systemd.hears("STATUS=1 account, 0 up; the configuration file is bad, and the old one stays in force")
    exporter.stop()
    await running


async def test_a_loop_that_was_blocked_is_not_fed_while_healthy_says_so(tmp_path: Path, systemd: Systemd) -> None:
    clock = TurnedClock()
    exporter = app(tmp_path, systemd, clock)
    running = asyncio.create_task(exporter.run())
    await systemd.hears("WATCHDOG=1", times=2)
    clock.ahead += BLOCKED_SECONDS + 5  # nothing ran meanwhile
    await systemd.hears("STATUS=the event loop was blocked for 1")
    assert exporter.problem()
    assert systemd.last("WATCHDOG=1") < systemd.last("STATUS=the event loop was blocked")
    clock.ahead += BLOCKED_SHOWN_SECONDS
    fed = systemd.last("WATCHDOG=1")
    await systemd.hears("WATCHDOG=1", times=sum(line == "WATCHDOG=1" for line in systemd.heard) + 1)
    assert systemd.last("WATCHDOG=1") > fed
    exporter.stop()
    await running


async def test_a_dead_account_starves_the_watchdog(tmp_path: Path, systemd: Systemd) -> None:
    exporter = app(tmp_path, systemd, TurnedClock())
    running = asyncio.create_task(exporter.run())
    await systemd.hears("WATCHDOG=1")
    exporter.engine._tasks["desk"].cancel()
    await systemd.hears("STATUS=the task of account desk is dead")
    assert exporter.problem() == "the task of account desk is dead"
    assert systemd.last("WATCHDOG=1") < systemd.last("STATUS=")
    exporter.stop()
    await running
