"""`check` says whether configuration and accounts are good, and for each failure what to do."""

import io
import re
from decimal import Decimal
from pathlib import Path

import pytest

from exporter.cli import check
from exporter.cli.balances import failures
from exporter.cli.main import main
from exporter.cli.poll_once import Result
from exporter.cli.unread import Unread
from exporter.config import Threshold
from exporter.core.errors import AuthError, IpRefused, NotOpened, PermissionMissing
from exporter.core.model import KeyInfo, Reading, WalletValue
from exporter.holdings.shown import Choice
from exporter.holdings.wallet import Wallet
from tests.kit.accounts import NOW, WALL, balance, book, broken, readable, refuse, up, valued
from tests.kit.certificates import HTTPS, Authority, users
from tests.kit.logs import untouched_logging
from tests.kit.whole import World, world

__all__ = ["untouched_logging", "world"]

ODD = "<odd>\x1b[2J"


def test_check_says_good(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    path = world.config()
    assert main(["check", f"--config.file={path}"], {}) == 0
    assert capsys.readouterr().out == f"{path}: 1 account, good\n"


def test_check_checks_the_web_configuration_too(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    authority = Authority(tmp_path)
    authority.issue("server")
    web = authority.replace("web.yml", HTTPS + "http_server_config: {http2: true}\n" + users("prometheus"))
    asked = ["check", f"--config.file={world.config()}", f"--web.config.file={web}"]
    assert main(asked, {}) == 0
    out, err = capsys.readouterr()
    assert out == f"{world.config()}: 1 account, good\n{web}: good\n"
    assert "http2: HTTP/2 is not spoken here" in err
    (tmp_path / "server.key").unlink()
    assert main(asked, {}) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"{web}:3: tls_server_config.key_file: ")


def test_check_print_writes_the_configuration_alone_and_masked(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", "--print", f"--config.file={world.config()}"], {}) == 0
    out, err = capsys.readouterr()
    assert "name: exact" in out
    assert "xt-secret" not in out + err
    assert "good" not in out
    assert "1 account, good" in err


def test_check_online_polls_every_account(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--online", f"--config.file={world.config()}"], {}) == 0
    out = capsys.readouterr().out
    assert re.search(r"^exact\s+xt\s+good\s.*\+?-?\d\.\d{3} s\s+2\s", out, re.MULTILINE)
    assert "1 account, all good" in out


def test_check_online_tells_what_to_do_about_a_failure(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--online", f"--config.file={world.config(wrong=True)}"], {}) == 1
    out = capsys.readouterr().out
    assert re.search(r"^exact\s+xt\s+good", out, re.MULTILINE)
    assert re.search(r"^wrong\s+xt\s+FAILED: auth", out, re.MULTILINE)
    assert f"what to do: {AuthError.advice}" in out
    assert "2 accounts, 1 failed" in out


def test_check_online_lists_the_wallets_that_nobody_reads(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--online", f"--config.file={world.config_of_bots('main')}"], {}) == 0
    out = capsys.readouterr().out
    found = wallets_of(out.partition("\n")[2])
    assert found["spot"] == ["required", "read", "1", "10.00", "10.00"]
    assert found["funding"] == ["no", "can be read", "1", "250.25"]
    assert found["grid"] == ["no", "cannot be read", "70.00"]
    assert re.search(r"what to do: write `wallets: \[main, .*funding.*\]`, or `wallets: \[all\]`", out)
    assert main(["check", "--online", f"--config.file={world.config_of_bots('all')}"], {}) == 0
    out = capsys.readouterr().out
    assert "not read" not in out
    assert wallets_of(out.partition("\n")[2])["funding"] == ["optional", "read", "1", "250.25"]


def test_only_a_wallet_that_is_named_fails_the_check(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    with world.refusing("bingx", "/openApi/fund/v1/account/balance", "permission"):
        assert main(["check", "--online", f"--config.file={world.config_of_bots('main')}"], {}) == 0
        found = wallets_of(capsys.readouterr().out.partition("\n")[2])
        assert found["funding"] == ["no", "refused: permission"]
        assert main(["check", "--online", f"--config.file={world.config_of_bots('all')}"], {}) == 0
        found = wallets_of(capsys.readouterr().out.partition("\n")[2])
        assert found["funding"] == ["optional", "left out: permission"]
        assert main(["check", "--online", f"--config.file={world.config_of_bots('all, funding')}"], {}) == 1


def reported(*results: Result) -> str:
    stream = io.StringIO()
    check.report(results, WALL, stream, NOW)
    return stream.getvalue()


def test_the_report_has_key_clock_currencies_and_value() -> None:
    state = up()
    state.key_read(KeyInfo({"read": True, "trade": False}, ip_restricted=True))
    heads, row = reported(Result(state, None, -0.25, None)).splitlines()[:2]
    assert heads.split() == ["account", "exchange", "verdict", "key", "may", "clock", "currencies", "USD"]
    assert re.split(r"\s{2,}", row) == ["desk", "xt", "good", "read, listed IPs", "-0.250 s", "2", "210.00"]


def test_the_report_warns_about_a_key_that_can_do_more_than_read() -> None:
    state = up()
    state.key_read(KeyInfo({"read": True, "withdraw": True}, ip_restricted=False))
    report = reported(Result(state, None, None, None))
    assert "read withdraw, any IP" in report
    assert "warning: The key can withdraw; a read-only one is enough." in report


def test_the_report_tells_the_address_that_the_exchange_saw() -> None:
    error = IpRefused("not on the list")
    report = reported(Result(broken(error), error, None, "192.0.2.7"))
    assert "spot: ip: not on the list" in report
    assert f"what to do: {IpRefused.advice}" in report
    assert "the exchange sees this machine at 192.0.2.7" in report
    assert report.count("not on the list") == 1


def test_an_address_that_the_advice_tells_is_not_told_again() -> None:
    error = IpRefused("not on the list", advice="Add 192.0.2.7 to the key's list.")
    report = reported(Result(broken(error), error, None, "192.0.2.7"))
    assert report.count("192.0.2.7") == 1


def test_the_report_tells_an_optional_failure_without_calling_it_one() -> None:
    state = up()
    refuse(state, PermissionMissing("no right"), wallet="funding")
    report = reported(Result(state, None, None, None))
    assert "good, but 1 optional wallet failed" in report
    assert "funding (optional): permission: no right" in report
    assert "all good" in report


def holding(name: str, **amounts: str) -> Unread:
    """A wallet that nobody reads, with these amounts."""
    held = Wallet(name, Choice(), required=False, stale_after=600.0, strict_seconds=40.0)
    held.accept(Reading([balance(currency, amount) for currency, amount in amounts.items()]), NOW, WALL)
    held.revalue(book({"BTC": "100"}), NOW)
    return Unread(name, held, None)


def wallets_of(report: str) -> dict[str, list[str]]:
    """The lines of the table of wallets, by wallet."""
    table = report.partition("\n\n")[2].partition("\n\n")[0].splitlines()
    assert table[0].split()[:4] == ["account", "wallet", "configured", "verdict"]
    return {cells[1]: cells[2:] for line in table[1:] for cells in [re.split(r"\s{2,}", line)]}


def test_every_wallet_has_its_verdict_and_its_value() -> None:
    state = up()
    refuse(state, PermissionMissing("no right"), wallet="funding")
    valued(state, WalletValue("spot", usdt=Decimal(209)), WalletValue("copy_trading", usdt=Decimal(7)))
    unread = (
        holding("futures", BTC="2", USDT="1"),
        holding("earn"),
        Unread("margin", None, NotOpened("50021")),
        Unread("bots", None, PermissionMissing("not ticked")),
        Unread("coin_futures", None, None),
    )
    assert wallets_of(reported(Result(state, None, None, None, unread))) == {
        "spot": ["required", "read", "2", "210.00", "209.00"],
        "funding": ["optional", "FAILED: permission"],
        "overview": ["optional", "read"],
        "futures": ["no", "can be read", "2", "201.00"],
        "earn": ["no", "can be read", "0", "0.00"],
        "margin": ["no", "never opened"],
        "bots": ["no", "refused: permission"],
        "coin_futures": ["no", "not asked: base_url"],
        "copy_trading": ["no", "cannot be read", "7.00"],
    }


def test_money_that_nobody_reads_names_the_line_that_would_read_it() -> None:
    state = up()
    valued(state)
    unread = (holding("futures", BTC="2"), holding("isolated_margin/BTCUSDT", DOGE="3"), holding("earn"))
    report = reported(Result(state, None, None, None, unread))
    assert "not read: futures (200.00 USD), isolated_margin\n" in report
    assert "write `wallets: [main, overview, futures, isolated_margin]`, or `wallets: [all]`" in report
    assert "all good" in report
    named = up(wallets=("main", "funding"))
    assert "`wallets: [main, funding, futures]`" in reported(Result(named, None, None, None, unread[:1]))
    assert "not read" not in reported(Result(named, None, None, None, unread[2:]))


def test_of_a_group_of_many_wallets_those_that_are_worth_most_have_lines() -> None:
    unread = tuple(holding(f"isolated_margin/P{number}", USDT=str(number)) for number in range(1, 38))
    state = up()
    valued(state, WalletValue("isolated_margin", usdt=Decimal(704)))
    lines = wallets_of(reported(Result(state, None, None, None, unread)))
    assert len(lines) == 14
    assert lines["isolated_margin"] == ["all wallets of it", "703.00", "704.00"]
    assert lines["isolated_margin/P37"] == ["no", "can be read", "1", "37.00"]
    assert "isolated_margin/P27" not in lines
    assert lines["isolated_margin/..."] == ["no", "and 27 wallets more", f"{27 * 28 / 2:.2f}"]


def test_a_failing_answer_is_one_failure_however_many_wallets_it_tells_of() -> None:
    state = up()
    group = state.wallet("isolated_margin", readable(many=True))
    parts = {f"isolated_margin/P{number}": Reading([balance("BTC", "1")]) for number in range(3)}
    state.accepted(group, Reading(parts=parts), NOW, WALL)
    state.refused(group, PermissionMissing("not ticked"), NOW, WALL)
    result = Result(state, None, None, None)
    report = reported(result)
    assert report.count("not ticked") == 1
    assert "good, but 1 optional wallet failed" in report
    assert [each.wallet for each in failures([result])] == ["isolated_margin"]


def test_a_wallet_that_was_left_out_says_why() -> None:
    state = up(wallets=("all",))
    state.leave_out(state.wallet("margin", readable()), PermissionMissing("not ticked"))
    state.leave_out(state.wallet("earn", readable()), NotOpened("none"))
    unread = (Unread("bots", None, PermissionMissing("no bots", advice="Tick Bots.")),)
    report = reported(Result(state, None, None, None, unread))
    assert wallets_of(report)["margin"] == ["optional", "left out: permission"]
    assert wallets_of(report)["earn"] == ["optional", "left out: never opened"]
    assert f"margin (not named): permission: not ticked\n    what to do: {PermissionMissing.advice}" in report
    assert "bots (not named): permission: no bots\n    what to do: Tick Bots." in report
    assert "earn (not named)" not in report


def test_the_report_shows_hostile_text_and_does_not_obey_it() -> None:
    error = AuthError(ODD)
    report = reported(Result(broken(error, ODD), error, None, ODD))
    assert "\x1b" not in report
    assert report.count(r"<odd>\u001b[2J") >= 4


def test_check_online_says_first_what_is_low(capsys: pytest.CaptureFixture[str]) -> None:
    account = up(thresholds=(Threshold("USDT", warning=Decimal(500), target=Decimal(1000)),))
    rich = up("rich", exchange="bitget")
    stream = io.StringIO()
    check.report([Result(each, None, None, None) for each in (account, rich)], WALL, stream, NOW)
    head, line, gap, *_, last = stream.getvalue().splitlines()
    assert head.split() == [
        "low",
        "account",
        "wallet",
        "of",
        "amount",
        "limit",
        "missing",
        "to",
        "reach",
        "could",
        "give",
    ]
    assert line.split() == ["warning", "desk", "spot", "USDT", "10", "500", "990", "target", "1000", "rich/spot", "10"]
    assert (gap, last) == ("", "2 accounts, all good, 1 limit undercut")
