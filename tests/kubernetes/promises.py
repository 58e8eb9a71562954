"""`make kubernetes-test`: kustomize and helm render what Kubernetes takes and the program means, and both the same."""

import copy
import json
import re
import tarfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

import exporter
from exporter.cli.flags import PROGRAM, parse
from exporter.core.settings import CONFIG_VARIABLE
from tests.docs.kubernetes_tables import request_mib
from tests.kit.processes import require
from tests.kubernetes.rendering import (
    CHART,
    KUSTOMIZE,
    RELEASE,
    ROOT,
    Judge,
    Objects,
    Thing,
    copied,
    good,
    judging,
    kustomized,
    labelled,
    loaded,
    program,
    run,
    secrets_mounted,
    templated,
    tool,
    walk,
)

pytestmark = pytest.mark.timeout(180)

OVERLAYS: Final = sorted(path.name for path in (KUSTOMIZE / "overlays").iterdir())
VALUES: Final = sorted((CHART / "ci").glob("*-values.yaml"))
RULES: Final = sorted((ROOT / "deploy" / "prometheus" / "rules").glob("*.yml"))
DASHBOARDS: Final = sorted((ROOT / "grafana" / "dashboards").glob("*.json"))
ALONE: Final = [KUSTOMIZE / "base", KUSTOMIZE / "monitoring", ROOT / "deploy" / "prometheus", DASHBOARDS[0].parent]
"""Folders that an overlay of one's own may name."""

PAGE: Final = (KUSTOMIZE / "README.md").read_text("utf-8")


def ci(name: str) -> str:
    return f"--values={CHART / 'ci' / f'{name}-values.yaml'}"


def named(text: str) -> Any:
    return pytest.param(lambda: kustomized(KUSTOMIZE / "overlays" / text), id=f"kustomize {text}")


RENDERINGS: Final = [
    *(named(name) for name in OVERLAYS),
    *(pytest.param(lambda file=file: templated(f"--values={file}"), id=f"helm {file.stem}") for file in VALUES),
]
Render = Callable[[], Objects]


@pytest.fixture(scope="session")
def judge() -> Iterator[Judge]:
    with judging() as it:
        yield it


def test_kubernetes_and_the_operator_take_every_overlay(judge: Judge) -> None:
    assert OVERLAYS == ["prometheus-operator", "sharded", "single"]
    for name in OVERLAYS:
        assert judge.problems(kustomized(KUSTOMIZE / "overlays" / name)) == []


@pytest.mark.parametrize("folder", ALONE, ids=lambda path: path.name)
def test_they_take_what_an_overlay_of_ones_own_names(judge: Judge, folder: Path) -> None:
    assert judge.problems(kustomized(folder)) == []


@pytest.mark.parametrize("file", VALUES, ids=lambda path: path.stem)
def test_they_take_the_chart_with_each_file_of_values(judge: Judge, file: Path) -> None:
    assert judge.problems(templated(f"--values={file}")) == []


@pytest.mark.parametrize(
    ("kind", "path", "key", "value", "told"),
    [
        ("StatefulSet", "spec template spec containers 0", "livenesProbe", {}, "livenesProbe"),
        ("StatefulSet", "spec", "replicas", "3", "replicas"),
        ("NetworkPolicy", "spec ingress 0", "form", [], "form"),
        ("PodDisruptionBudget", "spec", "maxUnavailabel", 1, "maxUnavailabel"),
        ("ServiceMonitor", "spec endpoints 0", "intervall", "30s", "operator's"),
        ("ServiceMonitor", "spec endpoints 0", "interval", "often", "interval"),
        ("PrometheusRule", "spec groups 0 rules 0", "fro", "5m", "operator's"),
        ("PrometheusRule", "spec groups 0 rules 0", "for", "long", "for"),
        ("ConfigMap", "", "kind", "ConfigMapp", "ConfigMapp"),
        ("ServiceMonitor", "", "kind", "ServiceMonitour", "ServiceMonitour"),
    ],
)  # fmt: skip
def test_the_schemas_refuse_what_is_wrong(
    judge: Judge, kind: str, path: str, key: str, value: object, told: str
) -> None:
    objects = kustomized(KUSTOMIZE / "overlays" / "prometheus-operator")
    place: Any = copy.deepcopy(objects.of(kind)[0])
    thing = place
    for step in path.split():
        place = place[int(step)] if step.isdigit() else place[step]
    place[key] = value
    found = judge.problems([thing])
    assert found
    assert told in found[0]


def expanded(text: str, given: Mapping[str, Any]) -> str:
    """An argument with `$(NAME)` as the kubelet fills it in."""
    return re.sub(r"\$\((\w+)\)", lambda found: str(given[found[1]]), text)


@pytest.mark.parametrize("render", RENDERINGS)
def test_the_pods_flags_are_the_programs_and_each_shard_is_polled_by_one_pod(render: Render) -> None:
    objects = render()
    stateful, environment = objects.one("StatefulSet"), objects.environment()
    assert environment["POD_NAME"] == {"fieldRef": {"fieldPath": "metadata.name"}}
    assert environment["SHARD_TOTAL"] == str(stateful["spec"]["replicas"])
    ordinals = []
    for number in range(stateful["spec"]["replicas"]):
        given = {**environment, "POD_NAME": f"{stateful['metadata']['name']}-{number}"}
        arguments = [expanded(each, given) for each in objects.container["args"]]
        flags = parse(arguments, {CONFIG_VARIABLE: environment[CONFIG_VARIABLE]})
        assert flags.shard_total == stateful["spec"]["replicas"]
        assert flags.listen_addresses == [f":{objects.container['ports'][0]['containerPort']}"]
        ordinals.append(flags.shard_ordinal)
    assert ordinals == list(range(stateful["spec"]["replicas"]))


def test_the_overlays_have_the_shards_that_they_say() -> None:
    assert kustomized(KUSTOMIZE / "overlays" / "single").one("StatefulSet")["spec"]["replicas"] == 1
    assert kustomized(KUSTOMIZE / "overlays" / "sharded").one("StatefulSet")["spec"]["replicas"] == 3


def test_another_number_of_shards_in_an_overlay_moves_the_total_and_nothing_else(tmp_path: Path) -> None:
    file = copied(tmp_path) / "deploy/kubernetes/overlays/sharded/kustomization.yaml"
    more = "{op: add, path: /spec/template/spec/containers/0/env/-, value: {name: MY_SHARD_TOTAL, value: mine}}"
    patch = f"patches:\n  - target: {{kind: StatefulSet}}\n    patch: |\n      - {more}\n"
    file.write_text(file.read_text("utf-8").replace("count: 3", "count: 7") + patch)
    objects = kustomized(file.parent)
    assert objects.one("StatefulSet")["spec"]["replicas"] == 7
    environment = objects.environment()
    assert (environment["SHARD_TOTAL"], environment["MY_SHARD_TOTAL"]) == ("7", "mine")


@pytest.mark.parametrize("render", RENDERINGS)
def test_every_selector_finds_what_it_is_for(render: Render) -> None:
    objects = render()
    stateful, service = objects.one("StatefulSet"), objects.one("Service")
    labels = stateful["spec"]["template"]["metadata"]["labels"]
    assert stateful["spec"]["serviceName"] == service["metadata"]["name"]
    selectors = [stateful["spec"]["selector"], service["spec"]["selector"]]
    selectors += [each["spec"]["selector"] for each in objects.of("PodDisruptionBudget")]
    selectors += [each["spec"]["podSelector"] for each in objects.of("NetworkPolicy")]
    selectors += [each["labelSelector"] for each in objects.pod["topologySpreadConstraints"]]
    assert len(selectors) >= 4
    assert all(labelled(each, labels) for each in selectors), selectors
    [port] = service["spec"]["ports"]
    assert port["targetPort"] == objects.container["ports"][0]["name"]
    for monitor in objects.of("ServiceMonitor"):
        assert labelled(monitor["spec"]["selector"], service["metadata"]["labels"])
        assert [each["port"] for each in monitor["spec"]["endpoints"]] == [port["name"]]
    for probe in (objects.container["livenessProbe"], objects.container["readinessProbe"]):
        assert probe["httpGet"]["port"] == port["targetPort"]


@pytest.mark.parametrize("render", RENDERINGS)
def test_pods_are_restricted(render: Render) -> None:
    """What the Pod Security Standard of that name asks for, a read-only root, and no token."""
    objects = render()
    pod, container = objects.pod, objects.container
    assert pod["automountServiceAccountToken"] is False
    assert pod["enableServiceLinks"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    dockerfile = (ROOT / "deploy" / "docker" / "Dockerfile").read_text("utf-8")
    user, group = (pod["securityContext"][key] for key in ("runAsUser", "runAsGroup"))
    assert f"\nUSER {user}:{group}\n" in dockerfile
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert not {"hostNetwork", "hostPID", "hostIPC", "initContainers"} & set(pod)
    kinds = {key for each in pod["volumes"] for key in each} - {"name"}
    assert kinds <= {"configMap", "secret"}
    for account in objects.of("ServiceAccount"):
        assert account["automountServiceAccountToken"] is False
        assert account["metadata"]["name"] == pod["serviceAccountName"]


@pytest.mark.parametrize("render", RENDERINGS)
def test_what_is_mounted_is_there_and_read_only_and_secrets_are_for_the_pods_group_alone(render: Render) -> None:
    objects = render()
    volumes = {each["name"]: each for each in objects.pod["volumes"]}
    mounts = {each["name"]: each for each in objects.container["volumeMounts"]}
    assert set(volumes) == set(mounts)
    assert all(each["readOnly"] is True and "subPath" not in each for each in mounts.values())
    maps = {each["metadata"]["name"] for each in objects.of("ConfigMap") if "config.yaml" in each["data"]}
    assert not maps or volumes["config"]["configMap"]["name"] in maps
    environment = objects.environment()
    assert environment[CONFIG_VARIABLE] == f"{mounts['config']['mountPath']}/config.yaml"
    assert environment["CREDENTIALS_DIRECTORY"] == mounts["credentials"]["mountPath"]
    assert all(each["secret"]["defaultMode"] == 0o440 for each in volumes.values() if "secret" in each)
    assert objects.pod["securityContext"]["fsGroup"] == objects.pod["securityContext"]["runAsGroup"]


@pytest.mark.parametrize("render", RENDERINGS)
def test_the_network_is_the_scraper_in_and_names_and_https_out(render: Render) -> None:
    spec = render().one("NetworkPolicy")["spec"]
    assert spec["policyTypes"] == ["Ingress", "Egress"]
    [incoming] = spec["ingress"]
    assert incoming["ports"] == [{"port": "metrics", "protocol": "TCP"}]
    [scraper] = incoming["from"]
    assert scraper == {
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}},
        "podSelector": {"matchLabels": {"app.kubernetes.io/name": "prometheus"}},
    }
    names, world, *more = spec["egress"]
    assert {(each["port"], each["protocol"]) for each in names["ports"]} == {(53, "UDP"), (53, "TCP")}
    assert names["to"][0]["podSelector"] == {"matchLabels": {"k8s-app": "kube-dns"}}
    assert world["ports"] == [{"port": 443, "protocol": "TCP"}]
    four, six = (each["ipBlock"] for each in world["to"])
    assert four["cidr"] == "0.0.0.0/0"
    assert {"10.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16"} <= set(four["except"])
    assert (six["cidr"], six["except"]) == ("::/0", ["fc00::/7", "fe80::/10"])
    assert all(each["ports"] and each["to"] for each in more)


def test_the_example_of_a_configuration_loads_with_secrets_as_the_kubelet_mounts_them(tmp_path: Path) -> None:
    objects = kustomized(KUSTOMIZE / "overlays" / "single")
    config = secrets_mounted(tmp_path / "config", objects.one("ConfigMap")["data"])
    secrets = secrets_mounted(tmp_path / "secrets", {"grid-1-key": "k", "grid-1-secret": "s"})
    environ = {CONFIG_VARIABLE: str(config / "config.yaml"), "CREDENTIALS_DIRECTORY": str(secrets)}
    done = program("check", environ=environ)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("config.yaml: 1 account, good\n")


def test_a_changed_configuration_restarts_the_pods(tmp_path: Path) -> None:
    base = copied(tmp_path) / "deploy" / "kubernetes" / "base"
    before = kustomized(base).one("StatefulSet")
    (base / "config.yaml").write_text("accounts: []\n")
    assert kustomized(base).one("StatefulSet")["spec"]["template"] != before["spec"]["template"]
    of_chart = [
        templated(*flags).one("StatefulSet")["spec"]["template"] for flags in ([], ["--set=config=accounts: []"])
    ]
    assert of_chart[0] != of_chart[1]


def test_configmaps_hold_rules_and_dashboards_byte_for_byte() -> None:
    [rules] = kustomized(ROOT / "deploy" / "prometheus")
    assert rules["data"] == {each.name: each.read_text("utf-8") for each in RULES}
    wanted = {each.name: each.read_text("utf-8") for each in DASHBOARDS}
    operator = kustomized(KUSTOMIZE / "overlays" / "prometheus-operator")
    for objects in (operator, templated(ci("prometheus-operator"))):
        maps = [each for each in objects.of("ConfigMap") if "config.yaml" not in each["data"]]
        assert {name: text for each in maps for name, text in each["data"].items()} == wanted
        assert all(each["metadata"]["labels"]["grafana_dashboard"] == "1" for each in maps)
        assert all(len(json.dumps(each)) < 1_000_000 for each in maps)  # a ConfigMap holds a mebibyte


def test_prometheusrules_hold_the_rule_files() -> None:
    wanted = {f"{PROGRAM}-{each.stem}": yaml.safe_load(each.read_text("utf-8")) for each in RULES}
    operator = kustomized(KUSTOMIZE / "overlays" / "prometheus-operator")
    for objects in (operator, templated(ci("prometheus-operator"))):
        assert {each["metadata"]["name"]: each["spec"] for each in objects.of("PrometheusRule")} == wanted


@pytest.mark.parametrize("name", OVERLAYS)
def test_the_chart_renders_what_the_overlay_does(name: str) -> None:
    ours, helms = kustomized(KUSTOMIZE / "overlays" / name), templated(ci(name))
    assert common(helms) == common(ours)
    assert len(ours) >= 5


def common(objects: Objects) -> dict[tuple[str, str], Thing]:
    """The objects without what either of both tools adds: labels of helm, and how a changed configuration shows."""
    [config] = [each["metadata"]["name"] for each in objects.of("ConfigMap") if "config.yaml" in each["data"]]
    text = json.dumps(objects).replace(f'"name": "{config}"', f'"name": "{PROGRAM}"')
    found = {}
    for thing in json.loads(text):
        for meta in (each for each in walk(thing) if isinstance(each, dict) and "labels" in each):
            for label in ("app.kubernetes.io/version", "app.kubernetes.io/managed-by", "helm.sh/chart"):
                meta["labels"].pop(label, None)
            if thing["kind"] == "StatefulSet" and "annotations" in meta:
                assert list(meta.pop("annotations")) == ["checksum/config"]
            if thing["kind"] == "ConfigMap" and "grafana_dashboard" in meta["labels"]:
                meta["labels"] = {"grafana_dashboard": "1"}  # the folder of dashboards knows no application
        found[thing["kind"], thing["metadata"]["name"]] = thing
    assert len(found) == len(objects)
    return found


@pytest.mark.parametrize("flags", [[], *([f"--values={file}"] for file in VALUES)], ids=str)
def test_the_chart_is_linted_without_a_warning(flags: list[str]) -> None:
    told = good(tool("helm"), "lint", "--strict", str(CHART), *flags)
    assert "1 chart(s) linted, 0 chart(s) failed" in told
    assert "[WARNING]" not in told
    assert "[ERROR]" not in told


def test_the_charts_versions_are_the_programs() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text("utf-8"))
    assert (chart["version"], chart["appVersion"]) == (exporter.__version__, exporter.__version__)
    assert templated().container["image"] == f"{PROGRAM}:{exporter.__version__}"


def test_the_files_of_values_together_set_all_but_what_makes_the_pods_restricted() -> None:
    said = set[str]().union(*(yaml.safe_load(file.read_text("utf-8")) for file in VALUES))
    values = set(yaml.safe_load((CHART / "values.yaml").read_text("utf-8")))
    assert values - said == {"config", "nameOverride", "podSecurityContext", "securityContext"}


def test_names_follow_the_release(judge: Judge) -> None:
    objects = templated("--set=serviceMonitor.enabled=true", release="desk")
    assert {each["metadata"]["name"] for each in objects if each["kind"] != "Secret"} == {f"desk-{PROGRAM}"}
    volumes = {each["name"]: each for each in objects.pod["volumes"]}
    assert volumes["credentials"]["secret"]["secretName"] == f"desk-{PROGRAM}-credentials"
    assert judge.problems(objects) == []


def test_secrets_of_the_values_are_in_a_secret_that_is_mounted_and_nowhere_else() -> None:
    objects = templated("--set=credentials.values.grid-1-key=verysecret")
    secret = objects.one("Secret")
    volumes = {each["name"]: each for each in objects.pod["volumes"]}
    assert volumes["credentials"]["secret"]["secretName"] == secret["metadata"]["name"]
    assert secret["data"] == {"grid-1-key": "dmVyeXNlY3JldA=="}
    assert "verysecret" not in json.dumps(objects)


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (["--set=shards=0"], "shards"),
        (["--set=shards=two"], "shards"),
        (["--set=shard=2"], "shard"),
        (["--set=serviceMonitor.enable=true"], "enable"),
        (["--set=serviceMonitor.interval=often"], "interval"),
        (["--set=config.accounts=x"], "config"),
        (["--set=image.digest=latest"], "digest"),
        (["--set=extraArgs={--shard.total=2}"], "extraArgs"),
        (["--set=extraArgs={--web.listen-address=:1}"], "extraArgs"),
        (["--set=extraEnv[0].name=SHARD_TOTAL", "--set=extraEnv[0].value=2"], "extraEnv"),
        (["--set-json=networkPolicy.from=[]"], "from"),
        (["--set=credentials.values.a/b=c"], "a/b"),
        (["--set=credentials.values.a=b", "--set=credentials.existingSecret=c"], "one of them names the secrets"),
    ],
    ids=str,
)
def test_values_that_cannot_be_meant_are_refused(flags: list[str], told: str) -> None:
    done = run(tool("helm"), "template", RELEASE, str(CHART), *flags)
    assert done.returncode != 0
    assert told in done.stderr


def test_the_package_holds_rules_dashboards_and_nothing_that_is_for_us(tmp_path: Path) -> None:
    good(tool("helm"), "package", str(CHART), "--destination", str(tmp_path))
    [package] = tmp_path.iterdir()
    assert package.name == f"{PROGRAM}-{exporter.__version__}.tgz"
    with tarfile.open(package) as archive:
        files = {each.name.removeprefix(f"{PROGRAM}/"): archive.extractfile(each) for each in archive if each.isfile()}
        held = {name: file.read() for name, file in files.items() if file is not None}
    for source, folder in [*((each, "rules") for each in RULES), *((each, "dashboards") for each in DASHBOARDS)]:
        assert held[f"files/{folder}/{source.name}"] == source.read_bytes()
    assert not [name for name in held if "kustomization" in name or name.startswith("ci/")]
    before = templated(ci("prometheus-operator"))
    flags = ["--namespace=holdings", ci("prometheus-operator")]
    after = good(tool("helm"), "template", RELEASE, str(package), *flags)
    assert list(yaml.safe_load_all(after)) == before


def test_the_notes_name_the_secret_and_what_comes_next() -> None:
    told = good(tool("helm"), "install", RELEASE, str(CHART), "--namespace=holdings", "--dry-run=client")
    notes = told.partition("NOTES:")[2]
    assert f"Secret {PROGRAM}-credentials" in notes
    assert f"exec {PROGRAM}-0 -- {PROGRAM} check --online" in notes
    assert "{{" not in notes


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as the page has it: what `files` writes, a configuration, and the page's own files."""
    folder = tmp_path_factory.mktemp("place")
    done = program("files", str(folder / "exporter"), environ={})
    assert done.returncode == 0, done.stderr
    overlay, values, scrape = re.findall(r"(?ms)^```yaml\n(.*?)^```$", PAGE)
    (folder / "kustomization.yaml").write_text(overlay)
    (folder / "values.yaml").write_text(values)
    (folder / "prometheus.yml").write_text(scrape)
    (folder / "config.yaml").write_text("accounts: []\n")
    return folder


def helm_of_the_page(place: Path) -> Objects:
    [command] = re.findall(r"(?ms)^helm upgrade --install (.*?)^```$", PAGE)
    words = command.replace("\\\n", " ").replace("config=config.yaml", f"config={place / 'config.yaml'}").split()
    words = [str(place / word) if word.startswith(("exporter/", "values.yaml")) else word for word in words]
    return loaded(good(tool("helm"), "template", *words))


def test_what_files_writes_renders_as_the_checkout_does(place: Path) -> None:
    deploy = place / "exporter" / "deploy"
    for name in OVERLAYS:
        assert kustomized(deploy / "kubernetes" / "overlays" / name) == kustomized(KUSTOMIZE / "overlays" / name)
    flags = [ci("prometheus-operator"), "--namespace=holdings"]
    written = loaded(good(tool("helm"), "template", RELEASE, str(deploy / "helm" / PROGRAM), *flags))
    assert written == templated(ci("prometheus-operator"))


def test_the_pages_overlay_and_its_values_are_good_and_mean_the_same(judge: Judge, place: Path) -> None:
    ours, helms = kustomized(place), helm_of_the_page(place)
    assert judge.problems(ours) == []
    assert judge.problems(helms) == []
    for objects in (ours, helms):
        assert (objects.one("StatefulSet")["spec"]["replicas"], objects.environment()["SHARD_TOTAL"]) == (4, "4")
        assert objects.container["image"] == f"registry.example.com/{PROGRAM}:{exporter.__version__}"
        assert objects.container["resources"]["requests"]["memory"] == f"{request_mib(1_000)}Mi"
        assert objects.container["resources"]["limits"]["memory"] == f"{2 * request_mib(1_000)}Mi"
        assert {"config.yaml": "accounts: []\n"} in [each["data"] for each in objects.of("ConfigMap")]
        for each in (*objects.of("PrometheusRule"), *objects.of("ServiceMonitor")):
            assert each["metadata"]["labels"]["release"] == "kube-prometheus-stack"
    assert all(each["metadata"]["namespace"] == "holdings" for each in ours)
    one, other = common(ours), common(helms)
    assert one.keys() == other.keys()
    for key, thing in one.items():
        assert {**thing, "metadata": None} == {**other[key], "metadata": None}


def test_the_pages_commands_for_secrets_are_kubectls(tmp_path: Path) -> None:
    (tmp_path / "key.txt").write_text("k")
    (tmp_path / "secret.txt").write_text("s")
    commands = re.findall(r"(?m)^kubectl (-n holdings create secret (?:.*\\\n)*[^|\n]*)", PAGE)
    assert len(commands) == 2
    for command in commands:
        words = command.replace("\\\n", " ").replace("key.txt", str(tmp_path / "key.txt"))
        words = words.replace("=secret.txt", f"={tmp_path / 'secret.txt'}").replace("--dry-run=client -o yaml", "")
        secret = loaded(good(tool("kubectl"), *words.split(), "--dry-run=client", "-o=yaml")).one("Secret")
        assert secret["metadata"]["name"] == kustomized(KUSTOMIZE / "base").pod["volumes"][1]["secret"]["secretName"]
        assert secret["data"] == {"grid-1-key": "aw==", "grid-1-secret": "cw=="}


def test_prometheus_takes_the_pages_scrape_configuration(place: Path) -> None:
    assert "SUCCESS" in good(require("promtool"), "check", "config", str(place / "prometheus.yml"))
    [job] = yaml.safe_load((place / "prometheus.yml").read_text("utf-8"))["scrape_configs"]
    [name] = job["dns_sd_configs"][0]["names"]
    service = kustomized(KUSTOMIZE / "base").one("Service")
    port = service["spec"]["ports"][0]["name"]
    assert name == f"_{port}._tcp.{service['metadata']['name']}.holdings.svc.cluster.local"
