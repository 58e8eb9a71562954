"""A small Debian with the exporter and its units installed, and how it is booted."""

import json
import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
UNITS: Final = ROOT / "deploy" / "systemd"
SERVICE: Final = UNITS / "exchange-balance-exporter.service"
SOCKET: Final = UNITS / "exchange-balance-exporter.socket"

BOOT_SECONDS: Final = 240
"""How long the booted machine may take for everything that is asked of it."""

_INCLUDE: Final = "systemd,systemd-sysv,dbus,python3,python3-venv,ca-certificates"
_PREFIX: Final = "/opt/exchange-balance-exporter"
_PROBE: Final = f"""\
[Unit]
After=multi-user.target
[Service]
Type=oneshot
ExecStart={_PREFIX}/bin/python /probe/probe.py
ExecStopPost=/bin/systemctl poweroff --no-block
[Install]
WantedBy=default.target
"""
_SANDBOX: Final = f"""\
[Service]
Type=exec
DynamicUser=yes
ExecStart={_PREFIX}/bin/exchange-balance-exporter sandbox --sandbox.port=20120
StandardOutput=file:/run/sandbox
"""


class Broken(Exception):
    """The test itself cannot be done; says why."""


def machine_with_the_wheel(folder: Path, suite: str) -> Path:
    """The root of a Debian of this suite, with the exporter below /opt and the units in /etc.

    Raises:
        Broken: something could not be made; says what the program that failed said last.
    """
    root, wheels = folder / "root", folder / "wheels"
    options = ("--variant=minbase", f"--include={_INCLUDE}", "--aptopt=Acquire::Languages none")
    keys = "--keyring=/usr/share/keyrings/debian-archive-keyring.gpg"
    debian = subprocess.Popen(
        ["mmdebstrap", "--quiet", *options, keys, suite, str(root), _mirror()],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    pip = (sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check")
    try:
        _run(*pip, "wheel", "--no-deps", "--wheel-dir", str(wheels), str(ROOT))
    finally:
        said, _ = debian.communicate()
    if debian.returncode:
        raise Broken(f"mmdebstrap could not make a Debian of the suite {suite!r}:\n{said.strip()}")
    [wheel] = wheels.iterdir()
    version = _run("chroot", str(root), "python3", "-c", "import sys; print('%d.%d' % sys.version_info[:2])").strip()
    # What the machine has no network for: the packages for its own Python, by the pip that is set up here.
    chosen = ("--only-binary=:all:", f"--python-version={version}", "-c", str(ROOT / "constraints.txt"))
    _run(*pip, "download", *chosen, "--dest", str(wheels), str(wheel))
    shutil.move(wheels, root / "wheels")
    _run("chroot", str(root), "python3", "-m", "venv", _PREFIX)
    files = [f"/wheels/{file.name}" for file in (root / "wheels").iterdir()]
    offline = ("install", "--quiet", "--disable-pip-version-check", "--no-index", "--no-deps", *files)
    _run("chroot", str(root), f"{_PREFIX}/bin/pip", *offline)
    _set_up(root)
    return root


def _mirror() -> str:
    """Debian's mirror, as the installed sources name it."""
    chosen = ("--format", "$(REPO_URI)", "Identifier: Packages", "Origin: Debian", "Label: Debian")
    found = _run("apt-get", "indextargets", *chosen).split()
    if not found:
        raise Broken("the installed sources of apt name no mirror of Debian; `apt-get update` may have to be run")
    return found[0]


def _set_up(root: Path) -> None:
    units = root / "etc" / "systemd" / "system"
    for unit in (SERVICE, SOCKET):
        shutil.copy(unit, units)
    (units / "probe.service").write_text(_PROBE)
    (units / "sandbox.service").write_text(_SANDBOX)
    (units / "multi-user.target.wants" / "probe.service").symlink_to("../probe.service")
    (root / "etc" / "machine-id").write_text("")
    (root / "probe").mkdir()
    for name in ("probe.py", "sitecustomize.py"):
        shutil.copy(Path(__file__).parent / "inside" / name, root / "probe" / name)
    shutil.copy(UNITS / "README.md", root / "probe")


def boot(root: Path, console: Path) -> list[tuple[str, str | None]]:
    """Boot the machine, let the probe ask, and return its sentences, each with the problem, if there is one.

    Raises:
        Broken: it did not boot, or did not end; says what its console showed last.
    """
    _, files = resource.getrlimit(resource.RLIMIT_NOFILE)
    nspawn = [
        *("systemd-nspawn", "--quiet", "--register=no", "--private-network", "--resolv-conf=off", "--timezone=off"),
        *("--link-journal=no", f"--rlimit=RLIMIT_NOFILE={files}", f"--machine=exporter-{os.getpid()}"),
        *("--directory", str(root), "--boot"),
    ]
    if not Path("/run/systemd/system").exists():
        # Without systemd here nobody makes a cgroup for the machine, and version 2 of them may not be mounted.
        prepared = 'mount -t cgroup2 none /sys/fs/cgroup && exec "$@"'
        nspawn = ["unshare", "-m", "--propagation", "private", "sh", "-c", prepared, "sh", *nspawn, "--keep-unit"]
    with console.open("wb") as file:
        running = subprocess.Popen(nspawn, stdin=subprocess.DEVNULL, stdout=file, stderr=file)
        try:
            running.wait(BOOT_SECONDS)
        except subprocess.TimeoutExpired:
            pass
        finally:
            if running.poll() is None:
                running.terminate()
                try:
                    running.wait(20)
                except subprocess.TimeoutExpired:
                    running.kill()
                    running.wait()
    lines = _lines(root / "probe" / "results")
    if not lines or lines[-1] != ["end", None]:
        told = "\n".join(f"{sentence}: {problem or 'holds'}" for sentence, problem in lines)
        last = console.read_text("utf-8", "replace")[-3000:]
        raise Broken(f"the machine did not come to the end of its questions:\n{told}\nIts console:\n{last}")
    return [(str(sentence), problem) for sentence, problem in lines[:-1]]


def _lines(results: Path) -> list[list[str | None]]:
    return [json.loads(line) for line in results.read_text("utf-8").splitlines()] if results.exists() else []


def _run(*command: str) -> str:
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    if done.returncode:
        raise Broken(f"{command[0]} ended with {done.returncode}:\n{done.stdout.strip()[-3000:]}")
    return done.stdout
