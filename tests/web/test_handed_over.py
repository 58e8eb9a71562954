"""Sockets that systemd hands over are served on, or refused with what to change in the socket unit."""

import os
import re
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pytest

from exporter.app.notify import VARIABLES
from exporter.core.errors import ExporterError
from exporter.web import listening
from tests.kit.web import serving

ROOT: Final = Path(__file__).parents[2]

CONFIG: Final = """\
accounts:
  - {name: desk, exchange: xt, base_url: "http://127.0.0.1:9", credentials: {api_key: some-key, secret: some-secret}}
"""

# As systemd does it: the sockets are 3, 4, ... of the process, and the variables name the process itself.
ACTIVATE: Final = """\
import os, sys
count, names, *command = sys.argv[1:]
handed = [int(number) for number in count.split(",")]
high = [os.dup2(each, 200 + number) for number, each in enumerate(handed)]
for number, each in enumerate(high):
    os.dup2(each, 3 + number)
    os.close(each)
environ = {**os.environ, "LISTEN_PID": str(os.getpid()), "LISTEN_FDS": str(len(handed)), "LISTEN_FDNAMES": names}
os.execve(command[0], command, environ)
"""


@pytest.fixture
def listens() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as made:
        yield made


def test_no_sockets_are_taken_that_are_for_another_process() -> None:
    assert listening.handed_over({}, 7) == []
    assert listening.handed_over({"LISTEN_PID": "8", "LISTEN_FDS": "1"}, 7) == []


def test_a_count_that_is_none_is_refused() -> None:
    with pytest.raises(ExporterError, match="LISTEN_FDS='many'"):
        listening.handed_over({"LISTEN_PID": "7", "LISTEN_FDS": "many"}, 7)


async def test_a_socket_that_was_handed_over_is_used_instead_of_the_address(listens: socket.socket) -> None:
    port = listens.getsockname()[1]
    async with serving(handed=(listens.dup(),)) as served:
        assert served.web.addresses == (f"127.0.0.1:{port}",)
        assert (await served.ask("/-/healthy"))[0] == 200


@pytest.mark.parametrize(("host", "status"), [("127.0.0.1", 403), ("0.0.0.0", 200)])
async def test_which_names_are_answered_is_judged_by_the_sockets_own_address(host: str, status: int) -> None:
    with socket.create_server((host, 0)) as listens:
        # The address in the flags, which is not used, is the other kind.
        address = ":0" if host == "127.0.0.1" else "127.0.0.1:0"
        async with serving(address=address, handed=(listens.dup(),)) as served:
            assert (await served.ask("/", Host="evil.example.com"))[0] == status


def activated(tmp_path: Path, sockets: list[socket.socket], names: str) -> "subprocess.Popen[str]":
    """The program with these sockets handed over, and with an address that it cannot listen on."""
    config = tmp_path / "config.yaml"
    config.touch(mode=0o600)
    config.write_text(CONFIG)
    exporter = [sys.executable, "-m", "exporter", f"--config.file={config}", "--web.listen-address=192.0.2.1:1"]
    numbers = [each.fileno() for each in sockets]
    return subprocess.Popen(
        [sys.executable, "-c", ACTIVATE, ",".join(map(str, numbers)), names, *exporter],
        pass_fds=numbers,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


def test_the_program_serves_on_what_it_was_handed_and_says_so(tmp_path: Path, listens: socket.socket) -> None:
    with socket.create_server(("127.0.0.1", 0)) as second:
        running = activated(tmp_path, [listens, second], "http:more")
        assert running.stderr is not None
        try:
            said = ""
            while "handed its sockets over; --web.listen-address is not used" not in said:
                line = running.stderr.readline()
                assert line, said
                said += line
            ports = [each.getsockname()[1] for each in (listens, second)]
            assert f'addresses="127.0.0.1:{ports[0]} 127.0.0.1:{ports[1]}"' in said
            for port in ports:
                with socket.create_connection(("127.0.0.1", port), timeout=30) as client:
                    client.sendall(b"GET /-/healthy HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                    assert client.recv(4096).startswith(b"HTTP/1.1 200 ")
        finally:
            running.terminate()
            running.communicate(timeout=30)
        assert running.returncode == 0


def udp() -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.bind(("127.0.0.1", 0))
    return made


def unix() -> socket.socket:
    made = socket.socket(socket.AF_UNIX)
    made.bind(f"\0exchange-balance-exporter-handed-{os.getpid()}")
    made.listen()
    return made


@pytest.mark.parametrize(
    ("make", "told"),
    [(udp, "not of TCP"), (unix, "not of TCP"), (lambda: socket.socket(socket.AF_INET), "Accept=no")],
    ids=["datagrams", "unix", "a connection"],
)
def test_what_cannot_be_served_on_is_named_with_what_to_change(
    tmp_path: Path, listens: socket.socket, make: Callable[[], socket.socket], told: str
) -> None:
    with make() as wrong:
        running = activated(tmp_path, [listens, wrong], "http:odd")
        _, said = running.communicate(timeout=60)
    assert running.returncode == 1
    assert re.search(rf"the socket 'odd' that was handed over cannot be used: .*{told}", said), said
    assert "Traceback" not in said


def test_what_systemd_said_is_for_this_process_alone(tmp_path: Path) -> None:
    said = dict.fromkeys((*listening.HANDED_OVER, *VARIABLES), "7")
    program = (
        "import os; from exporter.cli.main import main; "
        "main(['--config.file=there-is-none.yaml']); print(*sorted(os.environ))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), **said, "LISTEN_PID": "1", "NOTIFY_SOCKET": "/nowhere"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "there-is-none.yaml" in ended.stderr  # it came that far
    assert "PYTHONPATH" in ended.stdout.split()
    assert not set(said) & set(ended.stdout.split())
