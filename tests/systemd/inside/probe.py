"""Asks the booted machine one question after the other, and writes what holds, line by line, for `machine.py`.

It runs as root under the exporter's own Python. Each question begins from a service that is stopped, on the shipped
unit, with drop-ins of its own that are gone afterwards.
"""

import json
import re
import shutil
import subprocess
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any, Final

import yaml

NAME: Final = "exchange-balance-exporter"
ETC: Final = Path("/etc") / NAME
CONFIG: Final = ETC / "config.yaml"
CREDENTIALS: Final = ETC / "credentials"
RESULTS: Final = Path("/probe/results")
README: Final = Path("/probe/README.md")
HOLD: Final = Path("/run/hold")
PATIENCE: Final = 60.0
"""Seconds after which something does not come any more."""

GOAL: Final = 2.0
"""What `systemd-analyze security` may say at most."""

RELOADED: Final = "exchange_exporter_config_last_reload_successful"
STALLABLE: Final = "[Service]\nEnvironment=PYTHONPATH=/probe\nWatchdogSec=3s\n"


def ran(*command: str) -> tuple[int, str]:
    """Exit status and output of a program."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    return done.returncode, done.stdout


def must(*command: str) -> str:
    """Output of a program that has to succeed."""
    status, said = ran(*command)
    assert status == 0, f"{' '.join(command)} ended with {status}:\n{said}{journal()}"
    return said


def journal() -> str:
    """The last lines of the service."""
    return "\n" + ran("journalctl", "-u", f"{NAME}.service", "-n", "25", "--no-pager", "-o", "cat")[1]


def shown() -> Mapping[str, str]:
    """The service's properties."""
    return dict(line.split("=", 1) for line in must("systemctl", "show", f"{NAME}.service").splitlines() if "=" in line)


def until(what: str, holds: Callable[[], Any]) -> Any:
    """Wait until something holds, and return it."""
    end = time.monotonic() + PATIENCE
    while not (found := holds()):
        assert time.monotonic() < end, f"{what}: not within {PATIENCE:.0f} s{journal()}"
        time.sleep(0.05)
    return found


def asked(path: str, host: str = "127.0.0.1:10118") -> tuple[int, str]:
    """Status and body of an answer.

    Raises:
        OSError: nobody listens.
    """
    connection = HTTPConnection("127.0.0.1", 10118, timeout=30)
    try:
        connection.request("GET", path, headers={"Host": host})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def samples(family: str) -> dict[str, float]:
    """The samples of a family by their labels, as they are served now."""
    found = re.findall(rf"^{family}(?:{{(.*)}})? (\S+)$", asked("/metrics")[1], re.MULTILINE)
    return {labels: float(value) for labels, value in found}


def accounts(family: str = "exchange_account_up") -> set[str]:
    """The accounts that have a sample of a family."""
    return set(re.findall(r'account="([^"]+)"', "\n".join(samples(family))))


@contextmanager
def changed(kind: str, text: str) -> Iterator[None]:
    """A drop-in for `service` or `socket` while this is open."""
    folder = Path("/etc/systemd/system") / f"{NAME}.{kind}.d"
    folder.mkdir()
    (folder / "probe.conf").write_text(text)
    must("systemctl", "daemon-reload")
    try:
        yield
    finally:
        shutil.rmtree(folder)
        must("systemctl", "daemon-reload")


def the_units_have_no_mistake() -> None:
    """systemd-analyze verify says nothing about the units."""
    units = [f"/etc/systemd/system/{NAME}.{kind}" for kind in ("service", "socket")]
    status, said = ran("systemd-analyze", "verify", *units)
    assert (status, said.strip()) == (0, ""), said


def it_is_shut_in() -> None:
    """systemd-analyze security says less than 2.0."""
    said = must("systemd-analyze", "security", "--no-pager", f"{NAME}.service")
    score = re.search(r"Overall exposure level for \S+ ([0-9.]+)", said)
    assert score, said
    assert float(score[1]) < GOAL, said
    print("score", score[1], flush=True)


def a_start_waits_until_it_serves() -> None:
    """A start is over once the exporter serves and not before, and `systemctl status` has a line of it."""
    with changed("service", STALLABLE):
        HOLD.touch()
        must("systemctl", "start", "--no-block", f"{NAME}.service")
        until("the main process", lambda: shown()["MainPID"] != "0")
        assert shown()["ActiveState"] == "activating"
        HOLD.unlink()
        must("systemctl", "start", f"{NAME}.service")
        assert shown()["ActiveState"] == "active"
        assert asked("/-/healthy")[0] == 200  # at once: nobody waits here
    number = len(yaml.safe_load(CONFIG.read_text())["accounts"])
    status = until("the line", lambda: shown()["StatusText"])
    assert re.fullmatch(rf"{number} accounts, \d+ up.*", status), status
    assert status in must("systemctl", "status", "--no-pager", f"{NAME}.service")


def balances_come_with_credentials() -> None:
    """The exchange takes the keys from LoadCredential, and every account has balances."""
    must("systemctl", "start", f"{NAME}.service")
    configured = {account["name"] for account in yaml.safe_load(CONFIG.read_text())["accounts"]}

    def held() -> bool:
        return {
            labels.split('account="')[1].split('"')[0] for labels in samples("exchange_balance_available")
        } == configured

    until("balances of every account", held)
    [start] = samples("process_start_time_seconds").values()
    assert abs(time.time() - start) < 600, start


def nobody_else_reads_its_secrets() -> None:
    """The service runs as a user of its own, without any capability, and nobody else can read what it was given."""
    must("systemctl", "start", f"{NAME}.service")
    pid = shown()["MainPID"]
    status = dict(
        line.split(":\t", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines() if ":\t" in line
    )
    uid = int(status["Uid"].split()[0])
    assert 61184 <= uid <= 65519, uid  # the range of dynamic users
    assert {status[name] for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {"0" * 16}
    assert (status["NoNewPrivs"], status["Seccomp"], status["Umask"]) == ("1", "2", "0077")
    limits = Path(f"/proc/{pid}/limits").read_text()
    assert re.search(r"Max core file size +0 +0 ", limits), limits
    assert re.search(r"Max open files +16384 +16384 ", limits), limits
    copies = list(Path(f"/run/credentials/{NAME}.service").iterdir())
    assert len(copies) == len(list(CREDENTIALS.iterdir()))
    for file in (copies[0], next(CREDENTIALS.iterdir())):
        assert ran("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "cat", str(file))[0] != 0
    secret = next(CREDENTIALS.glob("*-secret")).read_text()
    assert secret not in must("journalctl", "-u", f"{NAME}.service", "--no-pager")
    assert secret not in Path(f"/proc/{pid}/environ").read_text()


def a_reload_takes_a_good_file_over() -> None:
    """A reload takes a good file over, and the service stays up."""
    must("systemctl", "start", f"{NAME}.service")
    before, pid = accounts(), shown()["MainPID"]
    good = CONFIG.read_text()
    fewer = yaml.safe_load(good)
    gone = fewer["accounts"].pop()["name"]
    try:
        CONFIG.write_text(yaml.safe_dump(fewer))
        must("systemctl", "reload", f"{NAME}.service")
        until("the account to be gone", lambda: accounts() == before - {gone})
    finally:
        CONFIG.write_text(good)
    must("systemctl", "reload", f"{NAME}.service")
    until("the account to be back", lambda: accounts() == before)
    assert (shown()["ActiveState"], shown()["MainPID"]) == ("active", pid)


def a_bad_file_changes_nothing() -> None:
    """A bad file changes nothing: the old configuration stays, journal, metric and `systemctl status` say so."""
    must("systemctl", "start", f"{NAME}.service")
    before, pid = accounts(), shown()["MainPID"]
    good = CONFIG.read_text()
    try:
        CONFIG.write_text(good + "nonsense: 1\n")
        must("systemctl", "reload", f"{NAME}.service")
        until("the mistake in the journal", lambda: "nonsense" in journal())
        until("the refusal", lambda: samples(RELOADED) == {"": 0})
        until("the line", lambda: "the configuration file is bad" in shown()["StatusText"])
    finally:
        CONFIG.write_text(good)
    assert accounts() == before
    assert (shown()["ActiveState"], shown()["MainPID"]) == ("active", pid)
    must("systemctl", "reload", f"{NAME}.service")
    until("the good file", lambda: samples(RELOADED) == {"": 1})


def a_stalled_loop_is_ended_and_begun_again() -> None:
    """The watchdog ends a stalled loop (Result=watchdog), the journal tells where it hung, and it is started again."""
    with changed("service", STALLABLE):
        must("systemctl", "start", f"{NAME}.service")
        pid = shown()["MainPID"]
        must("systemctl", "kill", "--kill-who=main", "--signal=USR2", f"{NAME}.service")
        until("the watchdog", lambda: shown()["Result"] == "watchdog")
        until("another process", lambda: shown()["ActiveState"] == "active" and shown()["MainPID"] != pid)
        assert asked("/-/healthy")[0] == 200
        assert shown()["NRestarts"] == "1"
        said = must("journalctl", "-u", f"{NAME}.service", "--no-pager", "-o", "cat")
        assert 'File "/probe/sitecustomize.py"' in said, "the journal does not tell where it hung"


def the_watchdog_is_fed() -> None:
    """A loop that runs is left alone for longer than the watchdog's time."""
    with changed("service", STALLABLE):
        must("systemctl", "start", f"{NAME}.service")
        pid = shown()["MainPID"]
        time.sleep(7)  # twice the watchdog's three seconds
        assert (shown()["ActiveState"], shown()["MainPID"], shown()["NRestarts"]) == ("active", pid, "0")


def a_socket_unit_hands_its_port_over() -> None:
    """The socket unit starts the service at the first scrape, and no scrape is refused while it is started anew."""
    must("systemctl", "start", f"{NAME}.socket")
    try:
        assert shown()["ActiveState"] == "inactive"
        assert "exchange_account_up" in asked("/metrics")[1]
        assert "systemd handed its sockets over" in must("journalctl", "-u", f"{NAME}.service", "--no-pager")
        assert asked("/metrics", host="evil.example.com")[0] == 403
        over = threading.Event()
        wrong: list[str] = []

        def scrape() -> None:
            while not over.is_set():
                try:
                    status, text = asked("/metrics")
                except (OSError, HTTPException) as error:
                    wrong.append(repr(error))
                else:
                    if status != 200:
                        wrong.append(f"{status}: {text}")

        scraping = threading.Thread(target=scrape)
        scraping.start()
        try:
            must("systemctl", "restart", f"{NAME}.service")
        finally:
            over.set()
            scraping.join()
        assert not wrong, wrong
    finally:
        ran("systemctl", "stop", f"{NAME}.socket")


def a_socket_for_others_answers_any_name() -> None:
    """A socket that others can connect to is judged by its own address: any Host is answered."""
    with changed("socket", "[Socket]\nListenStream=\nListenStream=10118\n"):
        must("systemctl", "start", f"{NAME}.socket")
        try:
            assert asked("/metrics", host="evil.example.com")[0] == 200
        finally:
            ran("systemctl", "stop", f"{NAME}.socket")


def a_bad_file_is_no_start() -> None:
    """A configuration with a mistake fails the start, which is tried again until the file is good."""
    good = CONFIG.read_text()
    try:
        CONFIG.write_text(good + "nonsense: 1\n")
        assert ran("systemctl", "start", f"{NAME}.service")[0] != 0
        assert "nonsense" in journal()
    finally:
        CONFIG.write_text(good)
    until("the next try", lambda: shown()["ActiveState"] == "active")


def a_stop_is_over_in_time() -> None:
    """A stop is over before systemd would kill, with exit status 0 and Result=success."""
    must("systemctl", "start", f"{NAME}.service")
    until("a poll", lambda: any(samples("exchange_account_up").values()))
    must("systemctl", "stop", f"{NAME}.service")
    now = shown()
    assert (now["ActiveState"], now["Result"]) == ("inactive", "success")
    assert (now["ExecMainCode"], now["ExecMainStatus"]) == ("1", "0"), now
    assert "Deactivated successfully" in journal()


def the_pages_check_by_hand_works() -> None:
    """The check by hand of deploy/systemd/README.md reads the credentials and asks the exchanges."""
    [command] = re.findall(r"^systemd-run (?:.*\\\n)*.*\n", README.read_text(), re.MULTILINE)
    said = ran("sh", "-c", command)[1]
    assert f"{CONFIG}: {len(yaml.safe_load(CONFIG.read_text())['accounts'])} accounts, good" in said, said
    assert "verdict" in said, said


def a_reload_can_wait() -> None:
    """With Type=notify-reload, a reload is over once the new configuration is in force."""
    with changed("service", "[Service]\nType=notify-reload\nExecReload=\n"):
        must("systemctl", "start", f"{NAME}.service")
        before, good = accounts(), CONFIG.read_text()
        fewer = yaml.safe_load(good)
        gone = fewer["accounts"].pop()["name"]
        try:
            CONFIG.write_text(yaml.safe_dump(fewer))
            must("systemctl", "reload", f"{NAME}.service")
            assert accounts() == before - {gone}  # at once: nobody waits here
        finally:
            CONFIG.write_text(good)


QUESTIONS: Final = (
    the_units_have_no_mistake,
    a_start_waits_until_it_serves,
    it_is_shut_in,
    balances_come_with_credentials,
    nobody_else_reads_its_secrets,
    a_reload_takes_a_good_file_over,
    a_bad_file_changes_nothing,
    the_watchdog_is_fed,
    a_stalled_loop_is_ended_and_begun_again,
    a_socket_unit_hands_its_port_over,
    a_socket_for_others_answers_any_name,
    a_bad_file_is_no_start,
    a_stop_is_over_in_time,
    the_pages_check_by_hand_works,
)
SINCE_253: Final = (a_reload_can_wait,)


def configure() -> None:
    """Write the configuration and the credentials as deploy/systemd/README.md says, for the sandbox's accounts."""
    must("systemctl", "start", "sandbox.service")
    text = until("the sandbox", lambda: Path("/run/sandbox").read_text().partition("A configuration for them:")[2])
    config = yaml.safe_load(text)
    CREDENTIALS.mkdir(parents=True, mode=0o700)
    for account in config["accounts"]:
        for name, secret in account.pop("credentials").items():
            file = CREDENTIALS / f"{account['name']}-{name.replace('api_key', 'key')}"
            file.touch(mode=0o600)
            file.write_text(secret)
    config["defaults"]["credentials"] = {
        "api_key_file": "${CREDENTIALS_DIRECTORY}/account_{account}-key",
        "secret_file": "${CREDENTIALS_DIRECTORY}/account_{account}-secret",
        "passphrase_file": "${CREDENTIALS_DIRECTORY}/account_{account}-passphrase",
    }
    CONFIG.write_text(yaml.safe_dump(config))
    # A unit that nothing refers to is forgotten when it ends, and would have ended well.
    must("systemctl", "enable", f"{NAME}.service")


def tell(sentence: str, problem: str | None) -> None:
    """Write one line of the results."""
    with RESULTS.open("a", encoding="utf-8") as file:
        file.write(json.dumps([sentence, problem]) + "\n")


def main() -> None:
    """Ask everything."""
    configure()
    version = re.match(r"systemd (\d+)", must("systemctl", "--version"))
    assert version
    for question in (*QUESTIONS, *(SINCE_253 if int(version[1]) >= 253 else ())):
        sentence = (question.__doc__ or "").partition("\n")[0]
        try:
            question()
        except AssertionError as error:
            tell(sentence, str(error) or traceback.format_exc())
        except Exception:
            tell(sentence, traceback.format_exc() + journal())
        else:
            tell(sentence, None)
        finally:
            ran("systemctl", "stop", f"{NAME}.service", f"{NAME}.socket")
            ran("systemctl", "reset-failed", f"{NAME}.service")
            HOLD.unlink(missing_ok=True)
    tell("end", None)


if __name__ == "__main__":
    try:
        main()
    except Exception:
        tell("the accounts and the configuration are set up", traceback.format_exc())
