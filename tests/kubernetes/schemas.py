"""Judges rendered objects by the schemas of Kubernetes, from 1.27 to the newest, and the models of Prometheus Operator.

A program of its own, since these packages live in the environment of `make kubernetes-test`. Each line of its standard
input is a JSON list of objects; it answers each with one line, the JSON list of what is wrong.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import kubernetes_validate
from cloudcoil.models.prometheus_operator import v1
from kubernetes_validate import utils
from pydantic import ValidationError

OLDEST = (1, 27)
VERSIONS = sorted({tuple(map(int, each.split(".")[:2])) for each in utils.all_versions()})
OPERATOR = "monitoring.coreos.com/v1"

utils.schema_contents = cache(utils.schema_contents)  # it reads 3 MB for every object otherwise


def wrong(thing: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with one object; a kind that nobody knows is."""
    if thing["apiVersion"] == OPERATOR:
        try:
            model = getattr(v1, thing["kind"]).model_validate(thing)
        except (AttributeError, ValidationError) as error:
            yield " ".join(str(error).split())
            return
        # Unknown keys are dropped, not refused.
        if model.model_dump(by_alias=True, exclude_unset=True, mode="json") != thing:
            yield "a key or the form of a value is not the operator's"
        return
    for version in (each for each in VERSIONS if each >= OLDEST):
        try:
            kubernetes_validate.validate(thing, ".".join(map(str, version)), strict=True)
        except kubernetes_validate.ValidationError as error:
            yield f"{version}: {'.'.join(map(str, error.path))}: {error.message}"
        except kubernetes_validate.SchemaNotFoundError as error:
            yield f"{version}: {error}"


def main() -> None:
    """Judge what stands on standard input."""
    for line in sys.stdin:
        found = [
            f"{each['kind']}/{each['metadata']['name']}: {what}" for each in json.loads(line) for what in wrong(each)
        ]
        print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main()
