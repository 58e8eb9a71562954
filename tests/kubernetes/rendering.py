"""What kubectl and helm make of the files in deploy/kubernetes and deploy/helm, as data."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

ROOT: Final = Path(__file__).parents[2]
KUSTOMIZE: Final = ROOT / "deploy" / "kubernetes"
CHART: Final = ROOT / "deploy" / "helm" / "exchange-balance-exporter"
RELEASE: Final = "exchange-balance-exporter"

Thing = dict[str, Any]


def tool(name: str) -> str:
    """The path of a program of the environment that `make kubernetes-test` sets up."""
    path = Path(os.environ.get("KUBERNETES_TOOLS", ""), name)
    if "KUBERNETES_TOOLS" not in os.environ or not path.exists():
        pytest.fail(f"{name} is not here: run `make kubernetes-test`, which sets it up")
    return str(path)


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


def good(*command: str) -> str:
    """Standard output of a command that succeeds."""
    done = run(*command)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


class Objects(list[Thing]):
    """Rendered objects."""

    def of(self, kind: str) -> list[Thing]:
        return [each for each in self if each["kind"] == kind]

    def one(self, kind: str) -> Thing:
        [found] = self.of(kind)
        return found

    @property
    def pod(self) -> Thing:
        pod: Thing = self.one("StatefulSet")["spec"]["template"]["spec"]
        return pod

    @property
    def container(self) -> Thing:
        [container] = self.pod["containers"]
        return dict(container)

    def environment(self) -> dict[str, Any]:
        return {each["name"]: each.get("value", each.get("valueFrom")) for each in self.container["env"]}


def loaded(text: str) -> Objects:
    return Objects(each for each in yaml.safe_load_all(text) if each is not None)


def kustomized(folder: Path) -> Objects:
    """What `kubectl kustomize` makes of a folder, without a warning."""
    done = run(tool("kubectl"), "kustomize", str(folder))
    assert (done.returncode, done.stderr) == (0, "")
    return loaded(done.stdout)


def templated(*flags: str, release: str = RELEASE) -> Objects:
    """What helm makes of the chart."""
    return loaded(good(tool("helm"), "template", release, str(CHART), "--namespace=holdings", *flags))


class Judge:
    """The schemas, in a process that loads them once."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def problems(self, objects: Sequence[Thing]) -> list[str]:
        """What the schemas say against these objects; nothing where they are good."""
        assert self._process.stdin
        assert self._process.stdout
        assert objects
        self._process.stdin.write(json.dumps(list(objects)) + "\n")
        self._process.stdin.flush()
        found: list[str] = json.loads(self._process.stdout.readline())
        return found


@contextmanager
def judging() -> Iterator[Judge]:
    """The schemas, until the end."""
    command = [tool("python"), str(Path(__file__).with_name("schemas.py"))]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield Judge(process)


def copied(folder: Path) -> Path:
    """The files that kustomize and helm read, in a folder that may be written to."""
    for name in ("deploy/kubernetes", "deploy/prometheus", "deploy/helm", "grafana/dashboards"):
        shutil.copytree(ROOT / name, folder / name, symlinks=True)
    return folder


def labelled(selector: Thing, labels: Thing) -> bool:
    """Whether the labels are what a selector asks for, which has to ask for something."""
    wanted: Thing = selector.get("matchLabels", selector)
    return bool(wanted) and wanted.items() <= labels.items()


def secrets_mounted(folder: Path, files: dict[str, str]) -> Path:
    """A folder of files as the kubelet mounts it: links into a folder with a date, which a link leads to."""
    dated = folder / "..2026_01_02_03_04_05.123456789"
    dated.mkdir(parents=True)
    (folder / "..data").symlink_to(dated.name)
    for name, text in files.items():
        (dated / name).write_text(text)
        (dated / name).chmod(0o440)
        (folder / name).symlink_to(f"..data/{name}")
    return folder


def program(*arguments: str, environ: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run the exporter's command."""
    return subprocess.run(
        [sys.executable, "-m", "exporter", *arguments],
        capture_output=True, text=True, check=False, cwd=ROOT, env={**os.environ, **environ}, timeout=60,
    )  # fmt: skip


def walk(thing: Any) -> Iterator[Any]:
    """Everything within a value, itself included."""
    yield thing
    within: Iterable[Any] = thing.values() if isinstance(thing, dict) else thing if isinstance(thing, list) else ()
    for each in within:
        yield from walk(each)
