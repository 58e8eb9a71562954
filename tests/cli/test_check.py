"""`check` says whether configuration and accounts are good, and for each failure what to do."""

import io
import re
from pathlib import Path

import pytest

from exporter.cli import check
from exporter.cli.main import main
from exporter.cli.poll_once import Result
from exporter.core.errors import AuthError, IpRefused, PermissionMissing
from exporter.core.model import KeyInfo
from tests.kit.accounts import WALL, broken, refuse, up
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


def reported(*results: Result) -> str:
    stream = io.StringIO()
    check.report(results, WALL, stream)
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


def test_the_report_shows_hostile_text_and_does_not_obey_it() -> None:
    error = AuthError(ODD)
    report = reported(Result(broken(error, ODD), error, None, ODD))
    assert "\x1b" not in report
    assert report.count(r"<odd>\u001b[2J") >= 4
