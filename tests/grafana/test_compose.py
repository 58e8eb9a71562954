"""The compose file is valid and wires together what is really there."""

import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from exporter.cli.flags import parse, settings_of
from tests.grafana.lint import SOURCE
from tests.grafana.queries import DASHBOARDS, ROOT
from tests.kit.processes import require

DOCKER = ROOT / "deploy" / "docker"
COMPOSE = DOCKER / "compose.yaml"
PROVISIONING = ROOT / "grafana" / "provisioning"


def _load(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def _services() -> dict[str, Any]:
    services: dict[str, Any] = _load(COMPOSE)["services"]
    return services


def _mounts(service: str) -> dict[str, Path]:
    """Paths in the container and what is mounted there from the repository."""
    mounts = (volume.split(":") for volume in _services()[service].get("volumes", []))
    return {mount[1]: (DOCKER / mount[0]).resolve() for mount in mounts if mount[0].startswith(".")}


def _check(schema: str, path: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, str(path)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_compose_file_follows_the_specification() -> None:
    checked = _check("vendor.compose-spec", COMPOSE)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_the_specification_refuses_an_unknown_key(tmp_path: Path) -> None:
    broken = tmp_path / "compose.yaml"
    broken.write_text(COMPOSE.read_text(encoding="utf-8").replace("read_only:", "readonly:"), encoding="utf-8")
    assert _check("vendor.compose-spec", broken).returncode != 0


def test_everything_that_is_mounted_is_there() -> None:
    for service in _services():
        for inside, outside in _mounts(service).items():
            assert outside.exists(), f"{service}: {inside}"
    assert (DOCKER / _services()["exporter"]["build"]["context"] / "deploy" / "docker" / "Dockerfile").exists()


def test_alertmanager_runs_the_shipped_configuration() -> None:
    inside = Path("/etc/alertmanager/alertmanager.yml")
    assert f"--config.file={inside}" in _services()["alertmanager"]["command"]
    assert (_mounts("alertmanager")[str(inside.parent)] / inside.name).exists()


def test_ports_are_published_on_loopback_only() -> None:
    for service in _services().values():
        assert all(port.startswith("127.0.0.1:") for port in service["ports"])


def test_the_exporter_runs_the_demo_read_only_without_rights() -> None:
    exporter = _services()["exporter"]
    assert exporter["command"] == ["demo"]
    assert exporter["read_only"] is True
    assert exporter["cap_drop"] == ["ALL"]


def test_addresses_name_services_of_the_file() -> None:
    services = set(_services())
    prometheus = _load(DOCKER / "prometheus.yml")
    alertmanagers = prometheus["alerting"]["alertmanagers"][0]["static_configs"][0]["targets"]
    scraped = prometheus["scrape_configs"][0]["static_configs"][0]["targets"]
    environment = _services()["grafana"]["environment"]
    asked = [environment[name].removeprefix("http://") for name in ("PROMETHEUS_URL", "ALERTMANAGER_URL")]
    assert {address.split(":")[0] for address in (*alertmanagers, *scraped, *asked)} <= services


def test_grafana_finds_its_dashboards_and_data_sources() -> None:
    mounts = _mounts("grafana")
    provider = _load(PROVISIONING / "dashboards" / "exchange-balance.yaml")["providers"][0]
    assert mounts[provider["options"]["path"]] == DASHBOARDS
    assert provider["allowUiUpdates"] is False
    assert mounts["/etc/grafana/provisioning"] == PROVISIONING
    home = Path(_services()["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"])
    assert (mounts[str(home.parent)] / home.name).exists()


def test_data_sources_take_their_urls_from_the_environment_that_compose_sets() -> None:
    sources = _load(PROVISIONING / "datasources" / "prometheus.yaml")["datasources"]
    names = {re.fullmatch(r"\$\{(\w+)\}", source["url"])[1] for source in sources}  # type: ignore[index]
    assert names <= _services()["grafana"]["environment"].keys()
    assert [source["type"] for source in sources if source.get("isDefault")] == [SOURCE["type"]]


def test_grafana_knows_the_scrape_interval() -> None:
    interval = _load(DOCKER / "prometheus.yml")["global"]["scrape_interval"]
    source = _load(PROVISIONING / "datasources" / "prometheus.yaml")["datasources"][0]
    assert source["jsonData"]["timeInterval"] == interval


@pytest.mark.servers
def test_prometheus_accepts_its_configuration_and_the_rules(tmp_path: Path) -> None:
    promtool = require("promtool")
    rules = _mounts("prometheus")["/etc/prometheus/rules"]
    configuration = tmp_path / "prometheus.yml"
    text = (DOCKER / "prometheus.yml").read_text(encoding="utf-8")
    configuration.write_text(text.replace("/etc/prometheus/rules", str(rules)), encoding="utf-8")
    checked = subprocess.run(
        [promtool, "check", "config", str(configuration)], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "rules found" in checked.stdout


def test_the_image_is_pinned_unprivileged_and_listens_where_it_can_be_reached() -> None:
    lines = (DOCKER / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ").splitlines()
    users = [line.split()[1] for line in lines if line.startswith("USER")]
    assert users
    assert all(re.fullmatch(r"[1-9]\d*:[1-9]\d*", user) for user in users)
    assert {line.split()[1] for line in lines if line.startswith("FROM")} == {"${PYTHON_IMAGE}"}
    commands = [command for line in lines if line.startswith("RUN") for command in line.split("&&")]
    assert len([each for each in commands if "pip install" in each]) == 3
    fetching = [each for each in commands if re.search("pip (install|wheel)", each)]
    assert all("--require-hashes" in each or "--no-index" in each for each in fetching)
    assert 'ENTRYPOINT ["exchange-balance-exporter"]' in lines
    assert _environment()["EXCHANGE_BALANCE_EXPORTER_LISTEN_ADDRESS"] == ":10118"
    copied = {name for line in lines if line.startswith("COPY") and "--from" not in line for name in line.split()[1:-1]}
    assert all((ROOT / name).exists() for name in copied), copied
    let_in = {line[1:] for line in (DOCKER / "Dockerfile.dockerignore").read_text().splitlines() if line[:1] == "!"}
    assert let_in == {each for name in copied for each in let_in if Path(name).is_relative_to(each)}
    assert all(any(Path(name).is_relative_to(each) for each in let_in) for name in copied)


def _environment() -> dict[str, str]:
    """What the image's last stage sets."""
    stage = (DOCKER / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ").rpartition("\nFROM ")[2]
    set_there = [word for line in stage.splitlines() if line.startswith("ENV ") for word in line.split()[1:]]
    return dict(word.split("=", 1) for word in set_there)


def test_the_images_address_is_a_default_that_a_flag_replaces() -> None:
    environment = _environment()
    assert settings_of(parse([], environment)).listen_addresses == (":10118",)
    own = parse(["--web.listen-address=127.0.0.1:9"], environment)
    assert settings_of(own).listen_addresses == ("127.0.0.1:9",)


def test_the_images_health_is_asked_for_by_a_module_that_it_holds_and_by_no_shell() -> None:
    text = (DOCKER / "Dockerfile").read_text(encoding="utf-8")
    match = re.search(r"^HEALTHCHECK .*\n +CMD (\[.+\])$", text, re.MULTILINE)
    assert match is not None
    python, flag, module = json.loads(match[1])
    assert (python, flag) == ("python", "-m")
    assert importlib.util.find_spec(module) is not None


def test_every_image_of_the_compose_file_has_a_whole_version() -> None:
    images = [service["image"] for service in _services().values() if "build" not in service]
    assert len(images) == 3
    assert all(re.search(r":v?\d+\.\d+\.\d+$", image) for image in images), images
