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
from tests.kit.accounts import NOW, balance, book, polled, read, refuse, up, waiting
from tests.kit.logs import untouched_logging
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
    balances.write(stream, list(balances.lines(results, NOW)), list(balances.failures(results)), shape)
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
