"""Writes the rule files as PrometheusRules, the form in which Prometheus Operator takes them, for kustomize.

`python -m tests.deploy.prometheus_rules` writes deploy/kubernetes/monitoring/rules anew. kustomize cannot make an
object of a file; helm can, and the chart reads the rule files themselves.
"""

from pathlib import Path
from typing import Any, Final

import yaml

DEPLOY: Final = Path(__file__).parents[2] / "deploy"
SOURCES: Final = DEPLOY / "prometheus" / "rules"
WRITTEN: Final = DEPLOY / "kubernetes" / "monitoring" / "rules"
HEAD: Final = "# deploy/prometheus/rules/{name}.yml for Prometheus Operator, written by `make generated`.\n"


class _Plain(yaml.SafeDumper):
    """Without anchors, and with texts of several lines as blocks, so that a difference can be read."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Plain.add_representer(str, _text)


def prometheus_rule(source: Path) -> dict[str, Any]:
    """The object for one rule file, whose spec is what the file holds."""
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": {"name": f"exchange-balance-exporter-{source.stem}"},
        "spec": yaml.safe_load(source.read_text("utf-8")),
    }


def files() -> dict[Path, str]:
    """Each file with its text."""
    return {
        WRITTEN / f"{source.stem}.yaml": HEAD.format(name=source.stem)
        + yaml.dump(prometheus_rule(source), Dumper=_Plain, sort_keys=False, allow_unicode=True, width=10_000)
        for source in sorted(SOURCES.glob("*.yml"))
    }


def main() -> None:
    """Write them, and remove those of rule files that are gone."""
    texts = files()
    for left in set(WRITTEN.glob("*.yaml")) - set(texts):
        left.unlink()
    for file, text in texts.items():
        file.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
