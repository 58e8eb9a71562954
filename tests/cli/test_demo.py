"""`demo` and `sandbox` tell where to look, run until stopped, and end in order."""

import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from exporter.cli import demo
from exporter.cli.main import main
from exporter.core.settings import Settings
from exporter.sandbox import Sandbox
from exporter.sandbox.demo import build_demo
from tests.kit.logs import untouched_logging

__all__ = ["untouched_logging"]


def greeted(*addresses: str, path: str = "/metrics") -> str:
    scenario = build_demo(Sandbox(), 1)
    return demo.greeting(Settings(config_file=Path("x"), listen_addresses=addresses, telemetry_path=path), scenario)


def test_the_demo_says_where_to_look_what_to_scrape_and_when_the_alert_fires() -> None:
    greeting = greeted("127.0.0.1:10118")
    assert "http://127.0.0.1:10118/\n" in greeting
    assert "http://127.0.0.1:10118/metrics\n" in greeting
    assert (
        '  - job_name: exchange-balance-exporter\n    static_configs:\n      - targets: ["127.0.0.1:10118"]\n'
        in greeting
    )
    assert re.search(r"alert fires in about \d+ minutes", greeting)


def test_the_demo_names_addresses_that_a_browser_takes() -> None:
    assert "http://localhost:9/" in greeted(":9")
    assert "http://[::1]:9/" in greeted("[::1]:9")
    assert "metrics_path: /m\n" in greeted("127.0.0.1:9", path="/m")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize(
    ("command", "ready"),
    [
        (["demo", "--web.listen-address=127.0.0.1:0", "--log.level=info"], "Stop it with Ctrl-C"),
        (["sandbox", "--sandbox.port=0"], "A configuration for them"),
    ],
)
def test_demo_and_sandbox_run_until_stopped_and_end_with_0(command: list[str], ready: str, number: int) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "exporter", *command],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        for line in process.stdout:
            if ready in line:
                break
        if command[0] == "demo":
            for line in process.stderr:
                if "msg=serving" in line:
                    break
        process.send_signal(number)
        _, err = process.communicate(timeout=20)
    assert process.returncode == 0
    assert "Traceback" not in err


def test_a_taken_port_is_told_in_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert main(["sandbox", f"--sandbox.port={port}"], {}) == 1
        assert main(["demo", f"--web.listen-address=127.0.0.1:{port}"], {}) == 1
    err = capsys.readouterr().err
    assert f"cannot listen on 127.0.0.1 from port {port}" in err
    assert f"cannot listen on 127.0.0.1:{port}: the address is in use" in err
    assert "Traceback" not in err


def test_without_any_temporary_folder_the_demo_says_which_to_mount(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refused(**_: object) -> None:
        raise FileNotFoundError("No usable temporary directory found")

    monkeypatch.setattr("exporter.cli.demo.tempfile.TemporaryDirectory", refused)
    assert main(["demo", "--web.listen-address=127.0.0.1:0"], {}) == 1
    assert "mount one (docker run --tmpfs /tmp), or set TMPDIR" in capsys.readouterr().err
