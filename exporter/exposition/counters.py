"""The exporter's own counters and gauges: API calls, clock offsets, scheduler, configuration, process."""

import platform
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from typing import Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics
from prometheus_client.registry import Collector

from exporter import __version__
from exporter.exposition.families import FAMILIES
from exporter.exposition.filters import Filters

_CODES: Final = frozenset(map(str, (*(status.value for status in HTTPStatus), *range(520, 528), 530, "error")))
"""Values of the `code` label: every status that has a meaning, Cloudflare's own among them, and `error` for none."""

BUCKETS: Final = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

# A `_created` gauge beside every counter would be series that nobody asked for.
disable_created_metrics()


class Counters:
    """Everything that is worked out at a scrape by prometheus-client, in a registry of its own.

    It is what the transport reports to, as its `Meters`.

    Attributes:
        clock_offsets: asked at a scrape for the seconds that each exchange's clock is ahead of ours.
    """

    def __init__(self) -> None:
        registry = self.registry = CollectorRegistry()
        self._requests = _counter("exchange_api_requests_total", registry)
        self._durations = Histogram(
            *_described("exchange_api_request_duration_seconds"), buckets=BUCKETS, registry=registry
        )
        self._retries = _counter("exchange_api_retries_total", registry)
        self._waits = _counter("exchange_api_rate_limit_wait_seconds_total", registry)
        self._request_of: dict[tuple[str, str, str], Counter] = {}
        self._duration_of: dict[tuple[str, str], Histogram] = {}
        self.clock_offsets = _Offsets(registry)
        self.lag = _gauge("exchange_exporter_scheduler_lag_seconds", registry)
        self.accounts = _gauge("exchange_exporter_accounts", registry)
        self.shard = _gauge("exchange_exporter_shard_ordinal", registry)
        self.shards = _gauge("exchange_exporter_shards", registry)
        self.reload_successful = _gauge("exchange_exporter_config_last_reload_successful", registry)
        self.reload_time = _gauge("exchange_exporter_config_last_reload_success_timestamp_seconds", registry)
        self.config_hash = _gauge("exchange_exporter_config_hash", registry)
        _gauge("exchange_exporter_build_info", registry).labels(__version__, platform.python_version()).set(1)
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)

    def exchange(self, name: str) -> None:
        """Let the counters of a configured exchange start at 0."""
        self._retries.labels(name)
        self._waits.labels(name)

    def requested(self, exchange: str, endpoint: str, code: str, seconds: float) -> None:
        """Count one HTTP request and its time; a code that nobody knows is counted as `other`."""
        if code not in _CODES:
            code = "other"
        counter = self._request_of.get((exchange, endpoint, code))
        if counter is None:
            counter = self._request_of[exchange, endpoint, code] = self._requests.labels(exchange, endpoint, code)
        counter.inc()
        histogram = self._duration_of.get((exchange, endpoint))
        if histogram is None:
            histogram = self._duration_of[exchange, endpoint] = self._durations.labels(exchange, endpoint)
        histogram.observe(seconds)

    def retried(self, exchange: str) -> None:
        """Count one request that was sent again."""
        self._retries.labels(exchange).inc()

    def waited(self, exchange: str, seconds: float) -> None:
        """Count the time that a read waited for its rate."""
        self._waits.labels(exchange).inc(seconds)

    def tail(self, openmetrics: bool, filters: Filters) -> bytes:
        """Render everything of the registry that the filters let through, without an EOF line."""
        source = _Chosen(self.registry, filters) if filters.labels() else self.registry
        if not openmetrics:
            return generate_latest(source)
        lines: bytes = generate_openmetrics(source)
        return lines.removesuffix(b"# EOF\n")


class _Offsets(Collector):
    """The offset of each exchange's clock, from a function as other gauges of prometheus-client may have one."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._read: Callable[[], Mapping[str, float]] = dict
        registry.register(self)

    def set_function(self, read: Callable[[], Mapping[str, float]]) -> None:
        self._read = read

    def describe(self) -> Iterable[Metric]:
        return [GaugeMetricFamily(*_described("exchange_api_clock_offset_seconds")[:2])]

    def collect(self) -> Iterable[Metric]:
        name, told, labels = _described("exchange_api_clock_offset_seconds")
        family = GaugeMetricFamily(name, told, labels=labels)
        for exchange, seconds in self._read().items():
            family.add_metric([exchange], seconds)
        yield family


class _Chosen(CollectorRegistry):
    """The registry's families that carry the labels asked for, with the samples that match."""

    def __init__(self, registry: CollectorRegistry, filters: Filters) -> None:
        super().__init__()
        self._registry = registry
        self._filters = filters

    def collect(self) -> Iterable[Metric]:
        wanted = self._filters.labels()
        for metric in self._registry.collect():
            labels = [
                family.labels for family in FAMILIES.values() if family.name.removesuffix("_total") == metric.name
            ]
            if not labels or not all(label in labels[0] for label in wanted):
                continue
            metric.samples = [
                sample for sample in metric.samples if self._filters.match(sample.labels.get("exchange"), None)
            ]
            if metric.samples:
                yield metric


def _described(name: str) -> tuple[str, str, tuple[str, ...]]:
    family = FAMILIES[name]
    return name, family.help, family.labels


def _counter(name: str, registry: CollectorRegistry) -> Counter:
    return Counter(*_described(name), registry=registry)


def _gauge(name: str, registry: CollectorRegistry) -> Gauge:
    return Gauge(*_described(name), registry=registry)
