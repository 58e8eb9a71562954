"""`make image-test`: the real Dockerfile built and run, what the image holds and what its process can do."""

import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.image.engine import ROOT, Container, Engine, missing
from tests.kit.certificates import Authority

pytestmark = pytest.mark.timeout(300)

GIVEN: Final = {
    "VERSION": "1.2.3",
    "REVISION": "0123abc",
    "SOURCE": "https://git.example.com/exporter",
    "CREATED": "2026-01-02T03:04:05Z",
}
OWN_MEGABYTES: Final = 80
"""What the environment may weigh: 45 MB at the time of writing."""

HEALTH: Final = ("python", "-m", "exporter.cli.healthy")


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    base = os.environ.get("IMAGE_BASE", "")
    if lacking := missing():
        pytest.fail(
            f"the image cannot be built and run here without {', '.join(lacking)}: `make image-test` installs it"
        )
    assert base, "IMAGE_BASE names no base image: run `make image-test`"
    folder = tmp_path_factory.mktemp("store")
    made = Engine(folder)
    try:
        made.build(Path(base), **GIVEN)
        yield made
    finally:
        made.podman("rm", "--all", "--force", "--time=1", succeeds=False)
        made.podman("rmi", "--all", "--force", succeeds=False)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def demo(engine: Engine) -> Iterator[Container]:
    with engine.running(
        "demo", flags=["--env=http_proxy=http://127.0.0.1:9", "--env=ALL_PROXY=http://127.0.0.1:9"]
    ) as it:
        yield it


@pytest.fixture
def mounted(tmp_path: Path) -> Path:
    """A folder that the image's user can read."""
    tmp_path.chmod(0o755)
    (tmp_path / "config.yaml").write_text(
        "accounts:\n  - {name: a, exchange: htx, credentials: {api_key: k, secret: s}}\n"
    )
    return tmp_path


def mount(folder: Path) -> str:
    return f"--volume={folder}:/config:ro"


def owned(folder: Path) -> None:
    """Give the files to the image's user, who alone may read them, as they hold secrets."""
    for path in folder.iterdir():
        path.chmod(0o600)
        os.chown(path, 65532, 65532)


def test_the_dockerfile_pleases_hadolint() -> None:
    done = subprocess.run(
        [Path(sys.executable).with_name("hadolint"), ROOT / "deploy" / "docker" / "Dockerfile"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_the_image_says_who_runs_what_and_how_its_health_is_asked_for(engine: Engine) -> None:
    config = engine.image()["Config"]
    assert config["User"] == "65532:65532"
    assert config["Entrypoint"] == ["exchange-balance-exporter"]
    assert not config.get("Cmd")
    assert list(config["ExposedPorts"]) == ["10118/tcp"]
    assert tuple(engine.image()["Healthcheck"]["Test"]) == ("CMD", *HEALTH)


def test_the_labels_say_what_the_builder_gave(engine: Engine) -> None:
    labels = {name.rpartition(".")[2]: text for name, text in engine.image()["Config"]["Labels"].items()}
    assert labels["title"] == "exchange-balance-exporter"
    assert labels["licenses"] == "Apache-2.0"
    assert labels["description"]
    assert {name: labels[name.lower()] for name in GIVEN} == GIVEN


def test_what_the_image_adds_is_small_and_nobody_but_root_may_write_it(engine: Engine) -> None:
    size = 0
    with engine.files() as files:
        for path in (files / "opt").rglob("*"):
            found = path.lstat()
            if stat.S_ISLNK(found.st_mode):
                continue
            size += found.st_size
            assert found.st_uid == 0, path
            assert not found.st_mode & (stat.S_ISUID | stat.S_ISGID | stat.S_IWGRP | stat.S_IWOTH), path
        assert not list((files / "opt").glob("exporter/bin/pip*"))
    assert 10_000_000 < size < OWN_MEGABYTES * 1_000_000


def test_the_process_is_not_root_and_can_become_nothing_else(demo: Container) -> None:
    lines = demo.python("print(open('/proc/1/status').read())").splitlines()
    status = {name: value.split() for name, _, value in (line.partition(":") for line in lines)}
    assert status["Uid"] == status["Gid"] == ["65532"] * 4
    assert all(int(status[name][0], 16) == 0 for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"))
    assert status["NoNewPrivs"] == ["1"]
    assert status["Seccomp"] == ["2"]


def test_nothing_of_the_root_can_be_written(demo: Container) -> None:
    program = (
        "import os\n"
        "for folder, _, files in os.walk('/'):\n"
        "    if not folder.startswith(('/proc', '/sys', '/dev')):\n"
        "        [print(path) for path in (folder, *(os.path.join(folder, name) for name in files))\n"
        "         if not os.path.islink(path) and os.access(path, os.W_OK)]\n"
    )
    assert demo.python(program) == ""


def test_the_demo_is_healthy_and_answers_without_tmp_and_whatever_the_proxies(demo: Container) -> None:
    done = demo.does(*HEALTH)
    assert (done.returncode, done.stderr) == (0, "")
    asked = "http.client.HTTPConnection('127.0.0.1', 10118)"
    program = f"import http.client; c = {asked}; c.request('GET', '/metrics'); print(c.getresponse().read().decode())"
    assert "exchange_balance" in demo.python(program)


def test_the_health_check_follows_another_address_and_sigterm_ends_the_exporter(engine: Engine) -> None:
    with engine.running("demo", "--web.listen-address=127.0.0.1:11118", flags=["--tmpfs=/tmp"]) as container:
        assert "addresses=127.0.0.1:11118 " in container.log()
        assert container.does(*HEALTH).returncode == 0
        assert container.stop() == 0


def test_a_configuration_mounted_read_only_serves_over_tls_with_client_certificates(
    engine: Engine, mounted: Path
) -> None:
    Authority(mounted).issue("server")
    (mounted / "web.yml").write_text(
        "tls_server_config: {cert_file: server.crt, key_file: server.key, client_ca_file: ca.crt,"
        " client_auth_type: RequireAndVerifyClientCert}\n"
    )
    owned(mounted)
    flags = ["--config.file=/config/config.yaml", "--web.config.file=/config/web.yml"]
    with engine.running(*flags, flags=[mount(mounted)]) as container:
        assert "scheme=https" in container.log()
        done = container.does(*HEALTH)
        assert (done.returncode, done.stderr) == (0, "")
        assert container.stop() == 0


def test_check_is_a_command_of_the_image(engine: Engine, mounted: Path) -> None:
    owned(mounted)
    done = engine.once("check", "--config.file=/config/config.yaml", flags=[mount(mounted)])
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "/config/config.yaml: 1 account, good\n"


def test_a_wrong_configuration_is_told_in_a_sentence(engine: Engine, mounted: Path) -> None:
    (mounted / "config.yaml").write_text("accounts: [{name: a, exchange: nowhere}]\n")
    owned(mounted)
    done = engine.once("--config.file=/config/config.yaml", flags=[mount(mounted)])
    assert done.returncode == 1
    assert "/config/config.yaml" in done.stderr
    assert "nowhere" in done.stderr
    assert "Traceback" not in done.stderr
