"""`balances` writes every row exactly, in formats that read back."""

import csv
import io
import json
import os
import re
import signal
import socket
import stat
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from exporter.cli import balances
from exporter.cli.main import main
from exporter.cli.poll_once import Result
from exporter.core.errors import AuthError, ExporterError
from exporter.exposition.families import ONCE
from exporter.holdings.low import judged
from tests.kit.accounts import NOW, balance, book, polled, read, refuse, up, waiting
from tests.kit.exposition_checker import problems
from tests.kit.logs import untouched_logging
from tests.kit.processes import require
from tests.kit.scrape import Samples
from tests.kit.whole import FLOOD, World, world

__all__ = ["untouched_logging", "world"]


def test_balances_are_exact(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["balances", "--format=json", f"--config.file={world.config()}"], {}) == 0
    tree = json.loads(capsys.readouterr().out)
    assert tree["failed"] == []
    rows = {row["currency"]: row for row in tree["balances"]}
    assert rows["BTC"]["available"] == FLOOD
    assert Decimal(rows["USDT"]["frozen"]) == Decimal("0.25")
    assert Decimal(rows["USDT"]["net"]) == Decimal("1000.75")
    assert rows["USDT"]["borrowed"] is None
    assert rows["BTC"]["price_usd"] is not None
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", rows["BTC"]["read_at"])
    assert tuple(rows["BTC"]) == balances.Line._fields


def test_balances_of_good_accounts_are_written_though_one_failed(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["balances", "--format=json", f"--config.file={world.config(wrong=True)}"], {}) == 1
    out, err = capsys.readouterr()
    tree = json.loads(out)
    assert {row["account"] for row in tree["balances"]} == {"exact"}
    [failed] = tree["failed"]
    assert (failed["account"], failed["wallet"], failed["required"], failed["reason"]) == (
        "wrong",
        "spot",
        True,
        "auth",
    )
    assert "wrong/spot: auth: " in err
    assert "what to do: " in err


def test_the_csv_file_reads_back_and_is_for_its_owner_only(world: World, tmp_path: Path) -> None:
    output = tmp_path / "balances.csv"
    output.write_text("from before")
    output.chmod(0o644)
    assert main(["balances", "--format=csv", f"--output={output}", f"--config.file={world.config()}"], {}) == 0
    raw = output.read_bytes()
    assert raw.count(b"\r\n") == raw.count(b"\n") == 3
    rows = list(csv.DictReader(io.StringIO(raw.decode(), newline="")))
    assert {row["currency"] for row in rows} == {"USDT", "BTC"}
    assert stat.S_IMODE(output.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [output]


def written(*results: Result, shape: balances.Format) -> str:
    stream = io.StringIO(newline="")
    limits = judged([result.state for result in results], NOW)
    rows, failed = list(balances.lines(results, NOW)), list(balances.failures(results))
    balances.write(stream, rows, failed, shape, limits, only_low=False)
    return stream.getvalue()


def test_every_row_has_the_price_behind_its_value() -> None:
    state = waiting(priced=book({"BTC": "100", "OWN": "7"}))
    read(
        state,
        balance("BTC", "1.50"),
        balance("OWN", "2", usd=Decimal("3.00000000000")),
        balance("TOLD", "4", price=Decimal("0.25")),
        balance("ODD", "5"),
        balance("USDT", "6"),
    )
    rows = {line.currency: line for line in balances.lines([Result(polled(state), None, None, None)], NOW)}
    assert {name: row.price_usd for name, row in rows.items()} == {
        "BTC": "100",
        "OWN": "1.50000000000",
        "TOLD": "0.25",
        "ODD": None,
        "USDT": "1",
    }
    assert rows["BTC"].usd == "150.00"
    assert rows["ODD"].usd is None


def test_what_can_not_be_known_is_null_in_json_and_empty_in_csv() -> None:
    state = waiting(priced=book({}))
    read(state, balance("ODD", "5"))
    result = Result(polled(state), None, None, None)
    [row] = json.loads(written(result, shape="json"))["balances"]
    assert (row["usd"], row["price_usd"], row["borrowed"]) == (None, None, None)
    [cells] = csv.DictReader(io.StringIO(written(result, shape="csv"), newline=""))
    assert (cells["usd"], cells["price_usd"], cells["borrowed"]) == ("", "", "")


def test_profit_and_margin_ratio_stand_in_every_format_as_they_were_stated() -> None:
    state = waiting(priced=book({}))
    read(state, balance("USDT", "5"))
    read(state, balance("USDT", "0", net=Decimal("-1.50"), pnl=Decimal("-2.50")), wallet="futures", ratio="0.62500")
    result = Result(polled(state), None, None, None)
    spot, futures = json.loads(written(result, shape="json"))["balances"]
    assert (spot["unrealized_pnl"], spot["margin_ratio"]) == (None, None)
    assert (futures["net"], futures["usd"]) == ("-1.50", "-1.50")
    assert (futures["unrealized_pnl"], futures["margin_ratio"]) == ("-2.50", "0.62500")
    _, cells = csv.DictReader(io.StringIO(written(result, shape="csv"), newline=""))
    assert (cells["net"], cells["unrealized_pnl"], cells["margin_ratio"]) == ("-1.50", "-2.50", "0.62500")
    head, _, line = written(result, shape="table").splitlines()
    assert head.split()[-6:] == ["net", "unrealized_pnl", "price_usd", "usd", "margin_ratio", "read_at"]
    assert line.split()[-6:-1] == ["-1.50", "-2.50", "1", "-1.50", "0.62500"]


def test_a_table_without_positions_has_no_columns_for_them() -> None:
    state = waiting(priced=book({}))
    read(state, balance("USDT", "5"))
    head = written(Result(polled(state), None, None, None), shape="table").splitlines()[0]
    assert head.split()[-4:] == ["net", "price_usd", "usd", "read_at"]


@pytest.mark.parametrize("name", ["A,B", 'A"B', "A\r\nB", "Ü"])
def test_hostile_names_read_back_from_csv_and_json(name: str) -> None:
    state = waiting(priced=book({}))
    read(state, balance(name, "5"))
    result = Result(polled(state), None, None, None)
    [cells] = csv.DictReader(io.StringIO(written(result, shape="csv"), newline=""))
    assert cells["currency"] == name
    assert json.loads(written(result, shape="json"))["balances"][0]["currency"] == name


def test_the_table_shows_hostile_names_and_does_not_obey_them() -> None:
    state = waiting(priced=book({}))
    read(state, balance("A\x1b[2J\nB", "5"))
    table = written(Result(polled(state), None, None, None), shape="table")
    assert table.count("\n") == 2
    assert r"A\u001b[2J\nB" in table


def test_stale_rows_are_not_written() -> None:
    error = AuthError("no")
    state = up(stale_after=0.0)
    refuse(state, error)
    result = Result(polled(state, error), error, None, None)
    assert json.loads(written(result, shape="json"))["balances"] == []


def test_an_account_that_failed_as_a_whole_has_no_wallet() -> None:
    error = AuthError("no")
    [failed] = balances.failures([Result(waiting(), error, None, None)])
    assert (failed.account, failed.wallet, failed.reason) == ("desk", None, "auth")


def test_a_file_that_can_not_be_written_is_named_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(ExporterError, match="cannot write") as refused:
        balances.write_file(tmp_path / "none" / "b.csv", "x")
    assert str(tmp_path) in str(refused.value)
    (tmp_path / "folder").mkdir()
    with pytest.raises(ExporterError, match="cannot write"):
        balances.write_file(tmp_path / "folder", "x")
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


def test_a_file_is_replaced_through_links_and_the_links_stay(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    for name in ("there/old.csv", "there/new.csv"):
        link = tmp_path / Path(name).name
        link.symlink_to(name)
        if "old" in name:
            link.write_text("before, and longer")
        balances.write_file(link, "after")
        assert link.is_symlink()
        assert (tmp_path / name).read_text() == "after"
        assert (tmp_path / name).stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in (tmp_path / "there").iterdir()) == ["new.csv", "old.csv"]


def test_a_pipe_is_written_to_and_stays_one(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reading = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    balances.write_file(pipe, "text")
    assert os.read(reading, 100) == b"text"
    os.close(reading)
    assert pipe.is_fifo()
    assert [path.name for path in tmp_path.iterdir()] == ["pipe"]


def test_a_device_is_written_to_and_stays_one(tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to("/dev/null")
    balances.write_file(link, "text")
    assert link.is_char_device()
    with pytest.raises(ExporterError, match="cannot write /dev/full: No space left on device"):
        balances.write_file(Path("/dev/full"), "text")


def test_an_open_file_of_the_process_is_written_to(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    balances.write_file(Path(f"/proc/self/fd/{writing}"), "text")
    assert os.read(reading, 100) == b"text"
    os.close(reading)
    os.close(writing)
    with (tmp_path / "gone").open("w+") as file:
        (tmp_path / "gone").unlink()
        balances.write_file(Path(f"/proc/self/fd/{file.fileno()}"), "text")
        assert file.read() == "text"
    assert list(tmp_path.iterdir()) == []


def test_a_link_to_itself_is_refused(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(ExporterError, match=r"cannot write .*loop: Too many levels of symbolic links"):
        balances.write_file(tmp_path / "loop", "text")


def test_an_interrupt_ends_a_poll_quietly_with_130(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.touch(mode=0o600)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        path.write_text(
            "accounts:\n"
            f"  - {{name: a, exchange: bitmart, base_url: 'http://127.0.0.1:{silent.getsockname()[1]}',\n"
            "     credentials: {api_key: 0123456789}}\n"
        )
        with subprocess.Popen(
            [sys.executable, "-m", "exporter", f"--config.file={path}", "balances"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            silent.settimeout(20)
            with silent.accept()[0] as asked:
                assert asked.recv(1)  # the question is here, so that nothing happens there but waiting for an answer
                process.send_signal(signal.SIGINT)
                out, err = process.communicate(timeout=20)
    assert process.returncode == 130, err
    assert out == ""
    assert "Traceback" not in err


# -- what is low


def limited(world: World, folder: Path, *limits: str, wrong: bool = False) -> str:
    """A configuration file with these limits on the first account, of 1000.50 USDT free and 0.25 in orders."""
    text = Path(world.config(wrong=wrong)).read_text()
    path = folder / "limited.yaml"
    path.touch(mode=0o600)
    path.write_text(text.replace("    exchange: xt\n", f"    exchange: xt\n    thresholds: [{', '.join(limits)}]\n", 1))
    return str(path)


LOW = "{currency: USDT, of: available, warning: 1500, critical: 1000.51, target: 2000}"
FINE = "{currency: USDT, warning: 1000.75}"


def test_what_is_low_stands_on_top_of_the_table(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["balances", f"--config.file={limited(world, tmp_path, LOW)}"], {}) == 0
    head, line, gap, below, *_ = capsys.readouterr().out.splitlines()
    assert head.split()[:3] == ["low", "account", "wallet"]
    told = "critical exact spot available USDT 1000.50 1000.51 999.50 target 2000 nobody"
    assert line.split() == told.split()
    assert gap == ""
    assert below.startswith("exchange")


def test_only_low_shows_what_is_low_and_exits_with_1(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = limited(world, tmp_path, LOW, FINE)
    assert main(["balances", "--only-low", f"--config.file={path}"], {}) == 1
    assert len(capsys.readouterr().out.splitlines()) == 2
    assert main(["balances", "--only-low", "--format=json", f"--config.file={path}"], {}) == 1
    tree = json.loads(capsys.readouterr().out)
    assert [row["currency"] for row in tree["balances"]] == ["USDT"]
    [low] = tree["low"]
    assert Decimal(low.pop("amount")) == Decimal("1000.5")
    assert Decimal(low.pop("missing")) == Decimal("999.5")
    assert low == {
        "severity": "critical",
        "exchange": "xt",
        "account": "exact",
        "wallet": "spot",
        "total": None,
        "currency": "USDT",
        "of": "available",
        "limit": "1000.51",
        "missing_to": "target",
        "could_give": [],
    }
    assert tree["unknown"] == []
    assert main(["balances", "--only-low", "--format=csv", f"--config.file={path}"], {}) == 1
    out, err = capsys.readouterr()
    assert [row["currency"] for row in csv.DictReader(io.StringIO(out, newline=""))] == ["USDT"]
    assert "critical  exact" in err


def test_only_low_exits_with_0_when_every_limit_is_kept(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["balances", "--only-low", f"--config.file={limited(world, tmp_path, FINE)}"], {}) == 0
    assert capsys.readouterr().out == "nothing is low: 1 limit kept\n"


def test_only_low_exits_with_1_when_an_account_failed_though_nothing_is_low(world: World, tmp_path: Path) -> None:
    path = limited(world, tmp_path, FINE, wrong=True)
    assert main(["balances", "--only-low", f"--config.file={path}"], {}) == 1


def test_only_low_exits_with_1_when_a_limit_cannot_be_judged(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = Path(world.config_of_bots("main, funding")).read_text()
    path = tmp_path / "bots.yaml"
    path.touch(mode=0o600)
    path.write_text("valuation: {enabled: false}\n" + text.replace("name: bots,", "name: bots, usd: {warning: 1},"))
    assert main(["balances", "--only-low", f"--config.file={path}"], {}) == 1
    assert "not known, so neither low nor fine: USD value of bots" in capsys.readouterr().out


def test_a_total_is_held_against_its_limits(world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "totals.yaml"
    path.touch(mode=0o600)
    totals = "totals: [{name: firm, currency: USDT, warning: 5000}, {name: firm, usd: {warning: 1}}]\n"
    path.write_text(totals + Path(world.config()).read_text())
    assert main(["balances", "--only-low", f"--config.file={path}"], {}) == 1
    _, line = capsys.readouterr().out.splitlines()
    assert line.split()[:5] == ["warning", "total", "firm", "USDT", "1000.75"]


# -- for node_exporter's textfile collector


def test_metrics_of_one_poll_are_those_that_mean_something_without_a_next_one(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = limited(world, tmp_path, LOW, wrong=True)
    assert main(["balances", "--format=prometheus", f"--config.file={path}"], {}) == 1
    text = capsys.readouterr().out
    assert problems(text) == []
    samples = Samples(text)
    assert samples.one("exchange_balance_net", account="exact", currency="USDT") == 1000.75
    assert samples.one("exchange_balance_threshold", account="exact", of="available", severity="critical") == 1000.51
    assert samples.by("exchange_account_up", "account") == {"exact": 1, "wrong": 0}
    assert samples.by("exchange_wallet_failing", "account", "reason") == {("wrong", "auth"): 1}
    assert samples.one("exchange_exporter_shards") == 1
    written = set(re.findall("^# TYPE (\\S+) gauge$", text, re.MULTILINE))
    assert set(re.findall("^# TYPE (\\S+) ", text, re.MULTILINE)) == written <= ONCE
    assert not any("next_poll" in name or name.endswith("_total") or "process" in name for name in written)


@pytest.mark.servers
def test_promtool_finds_nothing_in_the_metrics_of_one_poll(world: World, tmp_path: Path) -> None:
    output = tmp_path / "balances.prom"
    path = limited(world, tmp_path, LOW)
    assert main(["balances", "--format=prometheus", f"--output={output}", f"--config.file={path}"], {}) == 0
    with output.open() as file:
        checked = subprocess.run(
            [require("promtool"), "check", "metrics"], stdin=file, capture_output=True, text=True, check=False
        )
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")


def test_the_collector_may_read_the_file_as_far_as_the_umask_lets_it(world: World, tmp_path: Path) -> None:
    output = tmp_path / "balances.prom"
    before = os.umask(0o027)
    try:
        assert (
            main(["balances", "--format=prometheus", f"--output={output}", f"--config.file={world.config()}"], {}) == 0
        )
    finally:
        os.umask(before)
    assert stat.S_IMODE(output.stat().st_mode) == 0o640
    assert list(tmp_path.iterdir()) == [output]


def test_only_low_and_metrics_do_not_go_together(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["balances", "--only-low", "--format=prometheus", f"--config.file={world.config()}"], {})
    assert "the limits are among the metrics" in capsys.readouterr().err
