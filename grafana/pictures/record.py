"""Draw the dashboards of a demo: `python -m grafana.pictures.record` runs one with Prometheus for a while, then draws.

After 22 minutes an account has drained, rung its alarm and been filled up again, and another one has failed and
recovered some times. Needs Prometheus, Chromium and node on the PATH, and the npm packages that `make pictures`
installs.
"""

import argparse
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from grafana.pictures.browser import built
from grafana.pictures.draw import PICTURES, draw_all

ROOT = Path(__file__).parents[2]
SCRAPE_SECONDS = 5
ACCOUNT = "market-maker"  # the one that drains

CONFIG = """\
global: {{scrape_interval: {interval}s, evaluation_interval: {interval}s}}
rule_files: ["{rules}/*.yml"]
scrape_configs:
  - job_name: exchange-balance-exporter
    static_configs: [{{targets: ["127.0.0.1:{port}"]}}]
"""


def main() -> None:
    """Record and draw."""
    parser = argparse.ArgumentParser(
        prog="python -m grafana.pictures.record", description="Draw the dashboards of a demo."
    )
    parser.add_argument("--minutes", type=float, default=22, help="how long the demo runs (default: %(default)s)")
    parser.add_argument("--output", type=Path, default=PICTURES, help="directory of the pictures")
    arguments = parser.parse_args()
    # Whoever ends the recording ends what it started, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    exporter, server = _free_ports(2)
    # The page comes first: what it lacks should not come to light after 22 minutes.
    with built() as page, tempfile.TemporaryDirectory(prefix="exchange-balance-exporter-pictures-") as folder:
        rules = ROOT / "deploy" / "prometheus" / "rules"
        config = Path(folder) / "prometheus.yml"
        config.write_text(CONFIG.format(interval=SCRAPE_SECONDS, rules=rules, port=exporter), encoding="utf-8")
        demo = (sys.executable, "-m", "exporter", "demo", f"--web.listen-address=127.0.0.1:{exporter}")
        prometheus = (
            "prometheus",
            f"--config.file={config}",
            f"--storage.tsdb.path={folder}/data",
            f"--web.listen-address=127.0.0.1:{server}",
        )
        with _running(*demo) as first, _running(*prometheus) as second:
            _wait((first, second), arguments.minutes)
            draw_all(
                page,
                f"http://127.0.0.1:{server}",
                arguments.output,
                span=60 * arguments.minutes,
                rate_interval=f"{4 * SCRAPE_SECONDS}s",
                account=ACCOUNT,
            )


def _free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


@contextmanager
def _running(*command: str) -> Iterator["subprocess.Popen[bytes]"]:
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603 -- our own commands
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(processes: Sequence["subprocess.Popen[bytes]"], minutes: float) -> None:
    """Let them run, and tell how long it will take.

    Raises:
        RuntimeError: one of them ended early.
    """
    for left in range(round(60 * minutes), 0, -1):
        print(f"\rrecording, {-(-left // 60)} min left ", end="", flush=True)
        for process in processes:
            if process.poll() is not None:
                raise RuntimeError(f"{process.args!r} ended with status {process.returncode}")
        with suppress(subprocess.TimeoutExpired):
            processes[0].wait(timeout=1)
    print("\r", end="")


if __name__ == "__main__":
    main()
