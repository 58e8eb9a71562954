"""prometheus-client's two parsers, which are typed in part only."""

from collections.abc import Callable, Iterable

from prometheus_client.metrics_core import Metric
from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client.parser import text_string_to_metric_families

Parse = Callable[[str], Iterable[Metric]]

text_families: Parse = text_string_to_metric_families
openmetrics_families: Parse = openmetrics.text_string_to_metric_families
