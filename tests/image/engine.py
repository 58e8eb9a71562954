"""Builds the image by buildah and runs it by podman, without a daemon, in a store of its own."""

import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parents[2]
BASE: Final = "python:3.13-slim-bookworm"
"""The name that the Dockerfile asks for."""

CERTIFICATES: Final = "/etc/ssl/certs/ca-certificates.crt"
STARTS_WITHIN_SECONDS: Final = 30.0

CONFINED: Final = (
    "--runtime=crun",
    "--cgroups=disabled",
    # podman's own health checks need timers of systemd; the tests run the command by exec.
    "--no-healthcheck",
    # podman may not raise limits where CAP_SYS_RESOURCE is missing.
    "--ulimit=nofile=4096:4096",
    "--ulimit=nproc=4096:4096",
    "--network=none",
    "--log-driver=k8s-file",
    "--read-only",
    "--read-only-tmpfs=false",
    "--cap-drop=all",
    "--security-opt=no-new-privileges",
)


class Engine:
    """One store of images and containers."""

    def __init__(self, folder: Path) -> None:
        self._store = [f"--root={folder / 'root'}", f"--runroot={folder / 'run'}", "--storage-driver=vfs"]

    def build(self, base: Path, **arguments: str) -> None:
        """Build the Dockerfile as it stands on this base; the image's name is `exporter`.

        Raises:
            AssertionError: it could not be built; holds the end of the output.
        """
        self.podman("import", "--quiet", str(base), BASE)
        given = [f"--build-arg={name}={value}" for name, value in arguments.items()]
        # For pip alone, where this machine trusts more than Debian does; it is not in the image.
        trust = [f"--volume={CERTIFICATES}:{CERTIFICATES}:ro"] if Path(CERTIFICATES).exists() else []
        # Docker's format, since the one of OCI has no place for a health check.
        how = ["--pull-never", "--isolation=chroot", "--network=host", "--format=docker"]
        dockerfile = str(ROOT / "deploy" / "docker" / "Dockerfile")
        done = _run(["buildah", *self._store, "bud", *how, *trust, *given, "-f", dockerfile, "-t=exporter", str(ROOT)])
        assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]

    def podman(self, *words: str, succeeds: bool = True) -> subprocess.CompletedProcess[str]:
        """Run podman on this store."""
        done = _own_cgroups(["podman", *self._store, "--cgroup-manager=cgroupfs", *words])
        assert not succeeds or done.returncode == 0, done.stdout + done.stderr
        return done

    def image(self) -> dict[str, Any]:
        """What the engine says of the image."""
        found: dict[str, Any] = json.loads(self.podman("image", "inspect", "exporter").stdout)[0]
        return found

    @contextmanager
    def files(self) -> Iterator[Path]:
        """The folder with the image's files."""
        yield Path(self.podman("image", "mount", "exporter").stdout.strip())
        self.podman("image", "unmount", "exporter")

    def once(self, *words: str, flags: Sequence[str] = ()) -> subprocess.CompletedProcess[str]:
        """Run the image with these arguments until it ends by itself."""
        return self.podman("run", "--rm", *CONFINED, *flags, "exporter", *words, succeeds=False)

    @contextmanager
    def running(self, *words: str, flags: Sequence[str] = ()) -> Iterator["Container"]:
        """The image with these arguments, once it serves; removed at the end."""
        container = Container(self, self.podman("run", "-d", *CONFINED, *flags, "exporter", *words).stdout.strip())
        try:
            container.serves()
            yield container
        finally:
            self.podman("rm", "--force", "--time=1", container.name)


class Container:
    """One that runs."""

    def __init__(self, engine: Engine, name: str) -> None:
        self.engine = engine
        self.name = name

    def log(self) -> str:
        done = self.engine.podman("logs", self.name)
        return done.stdout + done.stderr

    def serves(self) -> None:
        """Return once it does."""
        end = time.monotonic() + STARTS_WITHIN_SECONDS
        while "msg=serving" not in (log := self.log()):
            assert time.monotonic() < end, f"it did not begin to serve:\n{log}"
            time.sleep(0.2)  # another process has no event of ours

    def does(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a command in it."""
        return self.engine.podman("exec", self.name, *words, succeeds=False)

    def python(self, program: str) -> str:
        """What this program prints in it."""
        done = self.does("python", "-c", program)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def stop(self) -> int:
        """SIGTERM, and the exit status; 137 if it had to be killed after ten seconds."""
        self.engine.podman("stop", "--time=10", self.name)
        return int(self.engine.podman("inspect", "--format={{.State.ExitCode}}", self.name).stdout)


def missing() -> list[str]:
    """What is not here of all that this needs."""
    wanted = [name for name in ("buildah", "podman", "crun", "unshare") if shutil.which(name) is None]
    return wanted if os.geteuid() == 0 else [*wanted, "root"]


def _own_cgroups(command: list[str]) -> subprocess.CompletedProcess[str]:
    """Run it in a mount namespace of its own: crun wants cgroups of version 2, and the machine may have version 1."""
    script = 'mount -t cgroup2 none /sys/fs/cgroup && exec "$@"'
    return _run(["unshare", "--mount", "--propagation=private", "sh", "-c", script, "sh", *command])


def _run(command: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
