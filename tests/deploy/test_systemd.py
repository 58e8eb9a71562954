"""The units say what deploy/systemd/README.md and the program promise; `make systemd-test` boots them."""

import re
from typing import Final

import pytest

from exporter.app.notify import LOOK_SECONDS
from exporter.app.process import BLOCKED_SECONDS, BLOCKED_SHOWN_SECONDS, SCRAPE_SECONDS, STOP_SECONDS
from exporter.cli.flags import PROGRAM, make_parser
from exporter.core import files
from exporter.core.settings import CONFIG_VARIABLE, LISTEN_ADDRESS, LISTEN_VARIABLE
from tests.deploy.conftest import DEPLOY

FOLDER: Final = DEPLOY / "systemd"
README: Final = (FOLDER / "README.md").read_text("utf-8")
COMMAND: Final = f"/opt/{PROGRAM}/bin/{PROGRAM}"


class Unit(dict[str, list[str]]):
    """Each key of a unit's section with its values, in their order."""

    def __init__(self, file: str, section: str) -> None:
        super().__init__()
        now = ""
        for line in (FOLDER / file).read_text("utf-8").splitlines():
            if line.startswith("["):
                now = line.strip("[]")
            elif now == section and line and not line.startswith("#"):
                key, _, value = line.partition("=")
                self.setdefault(key, []).append(value)

    def one(self, key: str) -> str:
        [value] = self[key]
        return value


SERVICE: Final = Unit(f"{PROGRAM}.service", "Service")
SOCKET: Final = Unit(f"{PROGRAM}.socket", "Socket")


def seconds(text: str) -> float:
    found = re.fullmatch(r"(\d+)s", text)
    assert found, text
    return float(found[1])


def test_it_is_started_once_it_serves_and_watched() -> None:
    assert SERVICE.one("Type") == "notify"  # notify-reload is not known to 252
    # A loop that was blocked for as long as is still healthy, and then reported for a while, must not be ended.
    assert seconds(SERVICE.one("WatchdogSec")) >= BLOCKED_SECONDS + BLOCKED_SHOWN_SECONDS + LOOK_SECONDS
    assert SERVICE.one("Restart") == "on-failure"
    assert Unit(f"{PROGRAM}.service", "Unit").one("StartLimitIntervalSec") == "0"


def test_a_stop_has_the_time_that_it_takes() -> None:
    assert seconds(SERVICE.one("TimeoutStopSec")) > STOP_SECONDS + SCRAPE_SECONDS


def test_its_commands_are_the_programs() -> None:
    assert SERVICE["ExecStartPre"] == [f"{COMMAND} check"]
    assert SERVICE["ExecStart"] == [f"{COMMAND} $ARGS"]
    assert SERVICE["ExecReload"] == ["/bin/sh -c 'kill -HUP $MAINPID'"]
    assert make_parser().parse_args(["check"]).command == "check"
    assert f"{CONFIG_VARIABLE}=/etc/{PROGRAM}/config.yaml" in SERVICE["Environment"]


def test_its_example_of_variables_names_variables_and_flags_that_there_are() -> None:
    text = (FOLDER / f"{PROGRAM}.env").read_text("utf-8")
    assert f"#{LISTEN_VARIABLE}={LISTEN_ADDRESS}\n" in text
    found = re.search(r'^#ARGS="(.*)"$', text, re.MULTILINE)
    assert found
    make_parser().parse_args(found[1].split())
    assert SERVICE.one("EnvironmentFile") == f"-/etc/default/{PROGRAM}"


def test_secrets_are_loaded_from_where_the_page_puts_them() -> None:
    folder = f"/etc/{PROGRAM}/credentials"
    assert SERVICE.one("LoadCredential") == f"account:{folder}"
    assert f"install -d -m 700 {folder}\n" in README
    for name in ("key", "secret", "passphrase"):
        assert f'_file: "${{CREDENTIALS_DIRECTORY}}/account_{{account}}-{name}"\n' in README


@pytest.mark.parametrize(
    "key",
    [
        *(
            "DynamicUser",
            "NoNewPrivileges",
            "LockPersonality",
            "MemoryDenyWriteExecute",
            "PrivateDevices",
            "PrivateIPC",
        ),
        *("PrivateTmp", "PrivateUsers", "ProtectClock", "ProtectControlGroups", "ProtectHome", "ProtectHostname"),
        *("ProtectKernelLogs", "ProtectKernelModules", "ProtectKernelTunables", "RemoveIPC", "RestrictNamespaces"),
        *("PrivateIPC", "RestrictRealtime", "RestrictSUIDSGID"),
    ],
)
def test_it_is_shut_in(key: str) -> None:
    assert SERVICE.one(key) == "yes"


def test_it_has_no_capability_writes_nothing_and_leaves_no_dump() -> None:
    assert SERVICE.one("CapabilityBoundingSet") == SERVICE.one("AmbientCapabilities") == ""
    assert SERVICE.one("ProtectSystem") == "strict"
    assert SERVICE.one("LimitCORE") == "0"
    assert SERVICE.one("UMask") == "0077"
    assert SERVICE["SystemCallFilter"] == ["@system-service", "~@privileged @resources"]
    assert not {"ReadWritePaths", "StateDirectory", "BindPaths", "User"} & set(SERVICE)


def test_it_has_files_for_as_many_clients_as_are_let_in() -> None:
    assert files.budget(int(SERVICE.one("LimitNOFILE"))).clients == files.budget(1 << 20).clients


def test_the_socket_listens_where_the_exporter_would() -> None:
    assert SOCKET.one("ListenStream") == LISTEN_ADDRESS
    assert "Accept" not in SOCKET


def test_the_page_names_every_file_of_its_folder() -> None:
    assert {file.name for file in FOLDER.iterdir()} - {"README.md"} == set(
        re.findall(r"^\| `([^`]+)` \|", README, re.MULTILINE)
    )


def test_no_line_of_a_unit_is_too_clever_for_systemd() -> None:
    for file in FOLDER.glob(f"{PROGRAM}.s*"):
        for line in file.read_text("utf-8").splitlines():
            assert re.fullmatch(r"|# .*|\[[A-Z][a-z]+\]|[A-Z][A-Za-z]+=\S?.*", line), line
            assert not line.endswith((" ", "\\")), line
            assert not re.search(r"=.* #", line), f"a comment needs a line of its own: {line}"
