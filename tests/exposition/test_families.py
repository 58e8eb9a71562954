"""The table of metrics, and the counters that are worked out at a scrape."""

import re
from typing import Any

import pytest

from exporter.exposition.counters import Counters
from exporter.exposition.families import COUNTED, FAMILIES, RENDERED, Family
from exporter.exposition.filters import Filters
from tests.kit.exposition_checker import differences, problems
from tests.kit.scrape import Samples


def counters(offsets: dict[str, float] | None = None) -> Counters:
    made = Counters()
    if offsets is not None:
        made.clock_offsets.set_function(lambda: offsets)
    made.exchange("htx")
    made.exchange("xt")
    made.requested("htx", "/v1/account/accounts", "200", 0.2)
    made.requested("htx", "/v1/account/accounts", "200", 0.02)
    made.requested("xt", "/v4/balances", "error", 20.0)
    made.retried("xt")
    made.waited("xt", 1.5)
    return made


def text(made: Counters, filters: Filters | None = None) -> str:
    return made.tail(False, filters or Filters()).decode()


@pytest.mark.parametrize("family", FAMILIES.values(), ids=lambda family: family.name)
def test_every_family_is_described_as_users_expect(family: Family) -> None:
    assert re.fullmatch(r"exchange_[a-z_]+", family.name)
    assert family.name.endswith("_total") == (family.kind == "counter")
    assert family.help.endswith(".")
    assert not re.search(r'["\\\n]', family.help)
    assert len(set(family.labels)) == len(family.labels)


def test_no_family_stands_in_the_table_twice() -> None:
    assert len(FAMILIES) == len(RENDERED) + len(COUNTED)


@pytest.mark.parametrize(
    "name", [name for name in FAMILIES if name.startswith("exchange_balance_") and "thr" not in name]
)
def test_the_help_of_balances_says_that_they_are_polled(name: str) -> None:
    assert "exchange_account_poll_interval_seconds" in FAMILIES[name].help


def test_a_counter_is_named_as_each_format_wants_it() -> None:
    family = FAMILIES["exchange_polls_total"]
    assert b"# TYPE exchange_polls_total counter\n" in family.head(openmetrics=False)
    assert b"# TYPE exchange_polls counter\n" in family.head(openmetrics=True)


def test_requests_are_counted_and_timed() -> None:
    told = text(counters())
    assert Samples(told).by("exchange_api_requests_total", "exchange", "endpoint", "code") == {
        ("htx", "/v1/account/accounts", "200"): 2,
        ("xt", "/v4/balances", "error"): 1,
    }
    assert Samples(told).by("exchange_api_request_duration_seconds_count", "exchange") == {"htx": 2, "xt": 1}
    assert Samples(told).by("exchange_api_request_duration_seconds_sum", "exchange")["xt"] == 20
    buckets = Samples(told).by("exchange_api_request_duration_seconds_bucket", "exchange", "le")
    assert buckets["htx", "0.05"] == 1
    assert buckets["htx", "0.25"] == 2
    assert (buckets["xt", "10.0"], buckets["xt", "+Inf"]) == (0, 1)


def test_a_status_that_no_standard_knows_is_counted_as_other() -> None:
    made = Counters()
    for code in (*range(100, 1000), "error", "999999", ""):
        made.requested("htx", "/a", str(code), 0.1)
    codes = Samples(text(made)).by("exchange_api_requests_total", "code")
    assert {"200", "302", "401", "418", "429", "503", "522", "530", "error", "other"} <= codes.keys()
    assert not {"218", "799", "999999", ""} & codes.keys()
    assert sum(codes.values()) == 903
    assert len(codes) < 80


def test_retries_and_waits_start_at_zero_for_every_configured_exchange() -> None:
    told = text(counters())
    assert Samples(told).by("exchange_api_retries_total", "exchange") == {"htx": 0, "xt": 1}
    assert Samples(told).by("exchange_api_rate_limit_wait_seconds_total", "exchange") == {"htx": 0, "xt": 1.5}


def test_clock_offsets_are_read_at_the_scrape() -> None:
    offsets = {"htx": 0.25}
    made = counters(offsets)
    offsets["htx"] = -90.0
    assert Samples(text(made)).by("exchange_api_clock_offset_seconds", "exchange") == {"htx": -90}


def test_the_exporter_tells_about_itself() -> None:
    made = counters()
    made.accounts.set(3)
    made.lag.set_function(lambda: 0.75)
    told = text(made)
    assert Samples(told).by("exchange_exporter_accounts") == {(): 3}
    assert Samples(told).by("exchange_exporter_scheduler_lag_seconds") == {(): 0.75}
    assert len(Samples(told).by("exchange_exporter_build_info", "version")) == 1
    assert "process_cpu_seconds_total" in told
    assert "python_info" in told
    assert "_created" not in told


def test_both_formats_are_sound_and_hold_the_same_samples() -> None:
    made = counters({"htx": 1.0})
    told, openmetrics = (_lasting(made.tail(each, Filters()).decode()) for each in (False, True))
    assert problems(told) == []
    assert problems(openmetrics + "# EOF\n", openmetrics=True) == []
    assert differences(told, openmetrics) == []


@pytest.mark.parametrize("openmetrics", [False, True])
def test_a_filter_by_exchange_keeps_what_carries_it(openmetrics: bool) -> None:
    told = counters({"htx": 1.0, "xt": 2.0}).tail(openmetrics, Filters(exchanges=("xt",))).decode()
    assert Samples(told).by("exchange_api_clock_offset_seconds", "exchange") == {"xt": 2}
    assert set(Samples(told).by("exchange_api_request_duration_seconds_count", "exchange")) == {"xt"}
    assert "htx" not in told
    assert "process_" not in told
    assert "exchange_exporter" not in told


@pytest.mark.parametrize("filters", [Filters(accounts=("desk",)), Filters(("xt",), ("desk",)), Filters(("mtgox",))])
def test_a_filter_that_no_counter_matches_leaves_nothing(filters: Any) -> None:
    assert text(counters({"xt": 1.0}), filters) == ""


def _lasting(told: str) -> str:
    """Without what is another number at every scrape."""
    return "".join(line for line in told.splitlines(keepends=True) if "process_" not in line)
