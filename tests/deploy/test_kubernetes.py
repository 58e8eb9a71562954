"""What stands in deploy/kubernetes fits the program and the files it is made of; `make kubernetes-test` renders it."""

from pathlib import Path
from typing import Any, Final

import pytest
import yaml

import exporter
from exporter.app.process import BLOCKED_SECONDS, SCRAPE_SECONDS, STOP_SECONDS
from exporter.cli.flags import PROGRAM
from exporter.core.settings import OWN_PATHS
from exporter.transport.connections import KEPT
from tests.deploy import prometheus_rules
from tests.deploy.conftest import DEPLOY, ROOT
from tests.docs.kubernetes_tables import request_mib

FOLDER: Final = DEPLOY / "kubernetes"
CHART: Final = DEPLOY / "helm" / PROGRAM
RULES: Final = sorted((DEPLOY / "prometheus" / "rules").glob("*.yml"))
DASHBOARDS: Final = sorted((ROOT / "grafana" / "dashboards").glob("*.json"))


def read(path: Path) -> Any:
    return yaml.safe_load(path.read_text("utf-8"))


STATEFULSET: Final = read(FOLDER / "base" / "statefulset.yaml")
POD: Final = STATEFULSET["spec"]["template"]["spec"]
[CONTAINER] = POD["containers"]


def generated(folder: Path) -> list[str]:
    """The files that a kustomization's ConfigMaps hold."""
    found = read(folder / "kustomization.yaml")
    return sorted(file for each in found["configMapGenerator"] for file in each["files"])


def test_the_rules_as_configmap_and_as_objects_are_all_rule_files() -> None:
    assert generated(DEPLOY / "prometheus") == [f"rules/{each.name}" for each in RULES]
    listed = read(FOLDER / "monitoring" / "kustomization.yaml")["resources"]
    assert sorted(listed) == [*(f"rules/{each.stem}.yaml" for each in RULES), "servicemonitor.yaml"]


def test_the_dashboards_as_configmaps_are_all_dashboards() -> None:
    assert generated(ROOT / "grafana" / "dashboards") == [each.name for each in DASHBOARDS]


@pytest.mark.parametrize("source", RULES, ids=lambda path: path.stem)
def test_each_prometheusrule_holds_its_rule_file(source: Path) -> None:
    written = prometheus_rules.WRITTEN / f"{source.stem}.yaml"
    rule = read(written)
    assert rule["spec"] == read(source)
    assert (rule["kind"], rule["metadata"]["name"]) == ("PrometheusRule", f"{PROGRAM}-{source.stem}")
    assert written.read_text("utf-8") == prometheus_rules.files()[written], "run `make generated`"


def test_no_prometheusrule_is_left_of_a_rule_file_that_is_gone() -> None:
    assert set(prometheus_rules.WRITTEN.iterdir()) == set(prometheus_rules.files())


def test_the_image_has_the_version_of_the_program() -> None:
    [image] = read(FOLDER / "base" / "kustomization.yaml")["images"]
    assert image["newTag"] == exporter.__version__
    assert image["name"] == CONTAINER["image"]


def test_what_it_asks_of_a_node_is_what_the_benchmarks_say_that_the_named_accounts_take() -> None:
    mib = request_mib(250)
    assert CONTAINER["resources"] == {
        "requests": {"cpu": "50m", "memory": f"{mib}Mi"},
        "limits": {"memory": f"{2 * mib}Mi"},  # none on CPU: it would hold up scrapes and health checks
    }
    for file in (FOLDER / "base" / "statefulset.yaml", CHART / "values.yaml"):
        assert "Enough for 250 accounts of 50 currencies" in file.read_text("utf-8")
    assert "The base asks for what 250 accounts take." in (FOLDER / "README.md").read_text("utf-8")


def test_it_is_scraped_as_the_example_of_a_server_does_and_a_shard_of_the_pages_size_stays_below_the_limits() -> None:
    spec = read(FOLDER / "monitoring" / "servicemonitor.yaml")["spec"]
    server = read(DEPLOY / "prometheus" / "prometheus.yml")
    [job] = server["scrape_configs"]
    assert spec["sampleLimit"] == job["sample_limit"] == 2 * 250_000
    [endpoint] = spec["endpoints"]
    assert endpoint["interval"] == server["global"]["scrape_interval"]
    assert endpoint["scrapeTimeout"] == server["global"]["scrape_timeout"]
    page = " ".join((FOLDER / "README.md").read_text("utf-8").split())
    assert f"keep 2,000 connections of {KEPT:,} that may rest open" in page
    assert "They serve 250,000 series, half of what `sampleLimit` lets pass" in page


def test_the_charts_files_are_links_to_all_rules_and_dashboards() -> None:
    for folder, sources in (("rules", RULES), ("dashboards", DASHBOARDS)):
        links = sorted((CHART / "files" / folder).iterdir())
        assert all(link.is_symlink() for link in links)
        assert [link.resolve() for link in links] == sources


def test_the_charts_example_of_a_configuration_is_the_bases() -> None:
    assert read(CHART / "values.yaml")["config"] == (FOLDER / "base" / "config.yaml").read_text("utf-8")


def test_it_is_probed_where_the_program_tells_and_not_ended_before_it_calls_itself_stalled() -> None:
    live, ready = CONTAINER["livenessProbe"], CONTAINER["readinessProbe"]
    assert live["httpGet"]["path"] in OWN_PATHS
    assert ready["httpGet"]["path"] in OWN_PATHS
    assert (live["httpGet"]["path"], ready["httpGet"]["path"]) == ("/-/healthy", "/-/ready")
    # A loop that is blocked does not answer: only one that is blocked for longer than it calls healthy may be ended.
    assert live["periodSeconds"] * (live["failureThreshold"] - 1) > BLOCKED_SECONDS


def test_a_stop_has_the_time_that_it_takes() -> None:
    assert POD["terminationGracePeriodSeconds"] > STOP_SECONDS + SCRAPE_SECONDS
