"""Prometheus and Alertmanager as shipped, but quicker: started on free ports with every duration divided."""

import http.client
import re
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.kit.servers import require

ROOT = Path(__file__).parents[2]
RULES = ROOT / "deploy" / "prometheus" / "rules"
UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}

_DURATION = r"(?P<count>\d+)(?P<unit>[smhd])"
_RULE_DURATION = re.compile(
    rf"(?P<before>\[|:(?=\w+\])|\boffset |^ +(?:for|interval): ){_DURATION}(?=[\]:\s)]|$)", re.MULTILINE
)
_SETTING_DURATION = re.compile(rf"(?P<before>^ *\w+_(?:wait|interval|timeout): ){_DURATION}$", re.MULTILINE)
_LISTENING = re.compile(r'msg="?Listening on"? address=(\S+)')
_START_SECONDS = 20.0


def seconds(duration: str) -> float:
    """A duration of the shipped files, like 5m, in seconds."""
    return int(duration[:-1]) * UNITS[duration[-1]]


def quicker_rules(text: str, factor: int) -> str:
    """Rules or a query with `for`, look-backs (also those in texts), offsets and intervals divided; nothing else."""
    return _RULE_DURATION.sub(lambda found: _divided(found, factor), text)


def quicker_settings(text: str, factor: int) -> str:
    """The configuration of a server with its waits, intervals and timeouts divided; nothing else."""
    return _SETTING_DURATION.sub(lambda found: _divided(found, factor), text)


def _divided(found: re.Match[str], factor: int) -> str:
    return f"{found['before']}{1000 * seconds(found['count'] + found['unit']) / factor:.0f}ms"


def replaced(text: str, addresses: Mapping[str, str]) -> str:
    """A configuration with other addresses in it; each must be there."""
    for old, new in addresses.items():
        assert old in text, old
        text = text.replace(old, new)
    return text


@contextmanager
def alertmanager(folder: Path) -> Iterator[str]:
    """A real Alertmanager with the folder's alertmanager.yml; gives its URL.

    Raises:
        AssertionError: it did not start; holds its log.
    """
    with _running(
        folder,
        require("prometheus-alertmanager", "alertmanager"),
        "--config.file=alertmanager.yml",
        "--storage.path=data",
        "--cluster.listen-address=",
        "--web.listen-address=127.0.0.1:0",
    ) as url:
        yield url


@contextmanager
def prometheus(folder: Path, resend_delay: str) -> Iterator[str]:
    """A real Prometheus with the folder's prometheus.yml, which sends alerts again after a delay; gives its URL.

    Raises:
        AssertionError: it did not start; holds its log.
    """
    with _running(
        folder,
        require("prometheus"),
        "--config.file=prometheus.yml",
        "--storage.tsdb.path=data",
        f"--rules.alert.resend-delay={resend_delay}",
        "--web.listen-address=127.0.0.1:0",
    ) as url:
        yield url


@contextmanager
def _running(folder: Path, *command: str) -> Iterator[str]:
    log = folder / "log"
    with log.open("wb") as file:
        process = subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=file, stderr=file)
    try:
        yield f"http://{_address(process, log)}"
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _address(process: "subprocess.Popen[bytes]", log: Path) -> str:
    until = time.monotonic() + _START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        found = _LISTENING.search(log.read_text(encoding="utf-8"))
        if found and _is_ready(*found.groups()):
            return found[1]
        time.sleep(0.02)
    raise AssertionError(f"{process.args!r} is not ready:\n{log.read_text(encoding='utf-8')}")


def _is_ready(address: str) -> bool:
    connection = http.client.HTTPConnection(address, timeout=5)
    try:
        connection.request("GET", "/-/ready")
        return connection.getresponse().status == 200
    finally:
        connection.close()
