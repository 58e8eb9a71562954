"""The command line: what is accepted, what is refused, and with which exit status."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from exporter import __version__
from exporter.app import process
from exporter.cli import balances, check, demo, sandbox
from exporter.cli.main import main
from exporter.core.errors import ConfigError, ExporterError
from exporter.core.settings import Settings
from tests.kit.logs import untouched_logging

__all__ = ["untouched_logging"]

HEAVY = ("aiohttp", "pydantic", "rich", "prometheus_client", "yaml", "asyncio", "bcrypt", "ssl")
DOCUMENTED = (
    "--config.file",
    "--web.listen-address",
    "--web.telemetry-path",
    "--web.enable-lifecycle",
    "--web.max-requests",
    "--web.external-url",
    "--shard.ordinal",
    "--shard.total",
    "--log.level",
    "--log.format",
    "--version",
)


VARIABLES = ("EXCHANGE_BALANCE_EXPORTER_CONFIG", "EXCHANGE_BALANCE_EXPORTER_LISTEN_ADDRESS")


class Recorded:
    """Stands in for what a command starts, and keeps what it was started with."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.settings: Settings | None = None
        self.calls: list[tuple[tuple[Any, ...], dict[str, Any]]] = []
        monkeypatch.setattr(process, "run", self._serve)
        monkeypatch.setattr(demo, "run", self._demo)
        for command in (check, balances, sandbox):
            monkeypatch.setattr(command, "run", self._call)

    async def _serve(self, settings: Settings, environ: Mapping[str, str]) -> int:
        self.settings = settings
        return 0

    def _demo(self, settings: Settings, environ: Mapping[str, str]) -> int:
        self.settings = settings
        return 0

    def _call(self, *args: Any, **kwargs: Any) -> int:
        self.calls.append((args, kwargs))
        return 0

    def served(self, *argv: str, **environ: str) -> Settings:
        assert main(argv, environ) == 0
        assert self.settings is not None
        return self.settings


@pytest.fixture
def recorded(monkeypatch: pytest.MonkeyPatch) -> Recorded:
    return Recorded(monkeypatch)


def python(*arguments: str, **environ: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, check=False, env={**os.environ, **environ}
    )


@pytest.mark.parametrize("argv", [["--help"], ["--version"], ["check", "--help"], ["demo", "--help"], ["--nonsense"]])
def test_help_version_and_wrong_flags_import_nothing_heavy(argv: list[str]) -> None:
    code = (
        "import json, sys\n"
        "from exporter.cli.main import main\n"
        "try: main(sys.argv[1:])\n"
        f"except SystemExit: print(json.dumps([name for name in {HEAVY!r} if name in sys.modules]), file=sys.stderr)"
    )
    done = python("-c", code, *argv)
    assert json.loads(done.stderr.splitlines()[-1]) == []


def test_version_names_program_version_and_python(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out.startswith(f"exchange-balance-exporter {__version__} (Python 3.")


def test_help_has_every_flag_and_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["-h"])
    assert ended.value.code == 0
    out = capsys.readouterr().out
    for word in (*DOCUMENTED, "check", "balances", "demo", "sandbox", *VARIABLES):
        assert word in out


@pytest.mark.parametrize("command", [(), ("demo",)])
def test_flags_replace_the_address_that_the_environment_gives(recorded: Recorded, command: tuple[str, ...]) -> None:
    given = {"EXCHANGE_BALANCE_EXPORTER_LISTEN_ADDRESS": ":10118"}
    assert recorded.served(*command, **given).listen_addresses == (":10118",)
    flag = "--web.listen-address=127.0.0.1:10118"
    assert recorded.served(*command, flag, **given).listen_addresses == ("127.0.0.1:10118",)
    assert recorded.served(flag, "--web.listen-address=[::1]:1", *command, **given).listen_addresses == (
        "127.0.0.1:10118",
        "[::1]:1",
    )
    empty = {"EXCHANGE_BALANCE_EXPORTER_LISTEN_ADDRESS": ""}
    assert recorded.served(*command, **empty).listen_addresses == ("127.0.0.1:10118",)


def test_a_wrong_address_of_the_environment_is_said_unless_a_flag_replaces_it(
    recorded: Recorded, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = {"EXCHANGE_BALANCE_EXPORTER_LISTEN_ADDRESS": "localhost"}
    with pytest.raises(SystemExit) as ended:
        main([], wrong)
    assert ended.value.code == 2
    assert "$EXCHANGE_BALANCE_EXPORTER_LISTEN_ADDRESS: listen address 'localhost'" in capsys.readouterr().err
    assert recorded.served("--web.listen-address=:1", **wrong).listen_addresses == (":1",)
    assert main(["check"], wrong) == main(["balances"], wrong) == 0


def test_the_module_runs_as_the_command_does() -> None:
    assert python("-m", "exporter", "--version").stdout.startswith("exchange-balance-exporter ")


def test_the_defaults_are_the_documented_ones(recorded: Recorded) -> None:
    assert recorded.served() == Settings(
        config_file=Path("config.yaml"),
        listen_addresses=("127.0.0.1:10118",),
        telemetry_path="/metrics",
        enable_lifecycle=False,
        max_requests=40,
        external_urls=(),
        shard_ordinal=0,
        shard_total=1,
        log_level="info",
        log_format="logfmt",
    )


def test_flags_are_spelled_with_a_space_or_an_equals_sign(recorded: Recorded) -> None:
    one = recorded.served("--config.file", "a.yaml", "--web.max-requests", "3", "--log.level", "debug")
    assert one == recorded.served("--config.file=a.yaml", "--web.max-requests=3", "--log.level=debug")
    assert (one.config_file, one.max_requests, one.log_level) == (Path("a.yaml"), 3, "debug")


def test_every_flag_reaches_the_settings(recorded: Recorded) -> None:
    settings = recorded.served(
        "--web.listen-address=:9000",
        "--web.listen-address=[::1]:9001",
        "--web.config.file=web.yml",
        "--web.telemetry-path=/balances",
        "--web.enable-lifecycle",
        "--web.external-url=https://ops.example/balances/",
        "--web.external-url=http://exporter:10118",
        "--shard.ordinal=exporter-2",
        "--shard.total=3",
        "--log.format=json",
    )
    assert settings.listen_addresses == (":9000", "[::1]:9001")
    assert settings.web_config_file == Path("web.yml")
    assert settings.telemetry_path == "/balances"
    assert settings.enable_lifecycle
    assert [url.host for url in settings.external_urls] == ["ops.example", "exporter"]
    assert (settings.shard_ordinal, settings.shard_total) == (2, 3)
    assert settings.log_format == "json"


@pytest.mark.parametrize(
    ("argv", "environ", "file"),
    [
        ([], {}, "config.yaml"),
        ([], {"EXCHANGE_BALANCE_EXPORTER_CONFIG": "/etc/e.yaml"}, "/etc/e.yaml"),
        ([], {"EXCHANGE_BALANCE_EXPORTER_CONFIG": ""}, "config.yaml"),
        (["--config.file=own.yaml"], {"EXCHANGE_BALANCE_EXPORTER_CONFIG": "/etc/e.yaml"}, "own.yaml"),
    ],
)
def test_the_flag_wins_over_the_variable_over_the_default(
    recorded: Recorded, argv: list[str], environ: dict[str, str], file: str
) -> None:
    assert recorded.served(*argv, **environ).config_file == Path(file)


@pytest.mark.parametrize("argv", [["--config.file=a.yaml", "check"], ["check", "--config.file=a.yaml"]])
def test_the_configuration_may_be_named_before_or_after_the_command(recorded: Recorded, argv: list[str]) -> None:
    assert main(argv, {}) == 0
    [((path, _), options)] = recorded.calls
    assert path == Path("a.yaml")
    assert options == {"web": None, "show": False, "online": False}


def test_check_and_balances_pass_their_flags_on(recorded: Recorded) -> None:
    assert main(["check", "--print", "--online", "--web.config.file=web.yml"], {}) == 0
    assert main(["--web.config.file=web.yml", "check"], {}) == 0
    assert main(["balances", "--format=csv", "--output", "b.csv"], {}) == 0
    assert main(["balances"], {}) == 0
    assert [options for _, options in recorded.calls] == [
        {"web": Path("web.yml"), "show": True, "online": True},
        {"web": Path("web.yml"), "show": False, "online": False},
        {"layout": "csv", "output": Path("b.csv"), "only_low": False},
        {"layout": "table", "output": None, "only_low": False},
    ]


def test_the_demo_takes_an_address_after_its_name(recorded: Recorded) -> None:
    assert recorded.served("demo", "--web.listen-address=127.0.0.1:0").listen_addresses == ("127.0.0.1:0",)


def test_the_sandbox_takes_host_and_port(recorded: Recorded) -> None:
    assert main(["sandbox", "--sandbox.host=::1", "--sandbox.port=0"], {}) == 0
    assert recorded.calls == [(("::1", 0), {})]


@pytest.mark.parametrize(
    "argv",
    [
        ["--nonsense"],
        ["--config.fil=x"],
        ["--web.config.fil=x"],
        ["--web.config.file=x", "demo"],
        ["nonsense"],
        ["--web.listen-address=localhost"],
        ["--web.telemetry-path=metrics"],
        ["--web.telemetry-path=/-/ready"],
        ["--web.max-requests=0"],
        ["--web.external-url=ops.example"],
        ["--web.max-requests=many"],
        ["--shard.ordinal=x"],
        ["--shard.ordinal=1"],
        ["--shard.ordinal=3", "--shard.total=3"],
        ["--shard.ordinal=-1"],
        ["--shard.total=0"],
        ["--log.level=verbose"],
        ["--log.format=xml"],
        ["balances", "--format=xml"],
        ["check", "--output=x"],
        ["sandbox", "--sandbox.port=70000"],
    ],
)
def test_wrong_flags_are_refused_with_2(
    argv: list[str], recorded: Recorded, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(argv, {})
    assert ended.value.code == 2
    assert "error: " in capsys.readouterr().err
    assert recorded.settings is None
    assert recorded.calls == []


@pytest.mark.parametrize(
    ("error", "status", "printed"),
    [
        (ConfigError(["config.yaml:1: one", "config.yaml:9: two"]), 1, "config.yaml:1: one\nconfig.yaml:9: two\n"),
        (ExporterError("cannot listen on :1"), 1, "exchange-balance-exporter: cannot listen on :1\n"),
        (KeyboardInterrupt(), 130, ""),
    ],
)
def test_what_goes_wrong_is_told_without_a_traceback(
    error: BaseException,
    status: int,
    printed: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fails(*args: object, **kwargs: object) -> int:
        raise error

    monkeypatch.setattr(check, "run", fails)
    assert main(["check"], {}) == status
    assert capsys.readouterr().err == printed


def test_every_mistake_of_a_real_file_is_printed_and_nothing_else(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text("acounts: []\nrate_share: lots\n")
    for arguments in (["check"], ["balances"], []):
        done = python("-m", "exporter", f"--config.file={file}", *arguments)
        assert done.returncode == 1
        assert done.stdout == ""
        assert "acounts" in done.stderr
        assert "rate_share" in done.stderr
        assert "Traceback" not in done.stderr


def test_a_reader_that_goes_away_early_is_no_error(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text("accounts:\n  - {name: a, exchange: bitmart, credentials: {api_key_env: THE_KEY}}\n")
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-m", "exporter", f"--config.file={file}", "check", "--print"],
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        env={**os.environ, "THE_KEY": "0123456789"},
    )
    os.close(writing)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "BrokenPipe" not in done.stderr


@pytest.fixture
def odd(tmp_path: Path) -> Path:
    """A good configuration whose only account has a name beyond ASCII, and an exchange that nobody answers for."""
    file = tmp_path / "config.yaml"
    account = "{name: schlüssel–é, exchange: bitmart, base_url: 'http://127.0.0.1:9', credentials: {api_key_env: KEY}}"
    file.write_text(f"accounts:\n  - {account}\n", encoding="utf-8")
    return file


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
@pytest.mark.parametrize("arguments", [["check", "--online"], ["balances"], ["check", "--print"]])
def test_letters_that_a_stream_cannot_carry_are_escaped(odd: Path, arguments: list[str], encoding: str) -> None:
    command = [sys.executable, "-m", "exporter", f"--config.file={odd}", *arguments]
    environ = {**os.environ, "KEY": "0123456789", "PYTHONIOENCODING": encoding}
    done = subprocess.run(command, capture_output=True, check=False, env=environ)
    said = (done.stdout + done.stderr).decode(encoding)
    assert "Traceback" not in said
    assert r"\u2013" in said
    assert done.returncode == (0 if "--print" in arguments else 1)


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize(("arguments", "status"), [("check", 0), ("balances", 1), ("--version", 0)])
def test_closed_streams_change_no_exit_status(odd: Path, closed: str, arguments: str, status: int) -> None:
    command = f'exec "{sys.executable}" -m exporter --config.file="{odd}" {arguments} {closed}'
    done = subprocess.run(
        ["/bin/sh", "-c", command], capture_output=True, text=True, check=False, env={**os.environ, "KEY": "0123456789"}
    )
    assert done.returncode == status
    assert "Traceback" not in done.stderr


def test_output_that_cannot_be_written_is_told(odd: Path) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "exporter", f"--config.file={odd}", "check", "--print"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            env={**os.environ, "KEY": "0123456789"},
        )
    assert done.returncode == 1
    end = "exchange-balance-exporter: standard output cannot be written: No space left on device"
    assert done.stderr.splitlines()[-1] == end
    assert "Traceback" not in done.stderr


def test_the_running_exporter_stops_in_order_without_a_standard_output(odd: Path) -> None:
    command = f'exec "{sys.executable}" -m exporter --config.file="{odd}" --web.listen-address=127.0.0.1:0 >&-'
    with subprocess.Popen(
        ["/bin/sh", "-c", command], stderr=subprocess.PIPE, text=True, env={**os.environ, "KEY": "0123456789"}
    ) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if "msg=serving" in line:
                break
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=20)
    assert process.returncode == 0
    assert "Traceback" not in err
