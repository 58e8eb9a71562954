"""What a client accepts decides format and compression, however oddly it says so."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.web.negotiation import wants_gzip, wants_openmetrics

PROMETHEUS_3 = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,"
    "application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,"
    "text/plain;version=0.0.4;q=0.2,*/*;q=0.1"
)
PROMETHEUS_2 = (
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
)
PROMETHEUS_TEXT_FIRST = "text/plain;version=0.0.4;q=0.6,application/openmetrics-text;version=1.0.0;q=0.5,*/*;q=0.4"
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"


@pytest.mark.parametrize(
    "accept",
    [
        PROMETHEUS_3,
        PROMETHEUS_2,
        "application/openmetrics-text",
        "application/openmetrics-text; version=1.0.0",
        'application/openmetrics-text; version="1.0.0"; charset=utf-8',
        "APPLICATION/OpenMetrics-Text;Q=0.5",
        "  application/openmetrics-text ;  version = 1.0.0 ; q = 0.5  ",
        "application/openmetrics-text;q=0.5, text/plain;q=0.5",
        "application/openmetrics-text, */*",
        "text/plain;q=0, application/openmetrics-text;q=0.1",
        ",,application/openmetrics-text,,",
    ],
)
def test_openmetrics_is_served_to_who_prefers_it(accept: str) -> None:
    assert wants_openmetrics(accept)


@pytest.mark.parametrize(
    "accept",
    [
        "",
        "*/*",
        "text/plain",
        "text/*",
        BROWSER,
        PROMETHEUS_TEXT_FIRST,
        "application/json",
        "application/openmetrics-text;q=0",
        "application/openmetrics-text;q=0.0, text/plain;q=0",
        "application/openmetrics-text;version=0.0.1",
        "application/openmetrics-text;version=2.0.0, text/plain;q=0.1",
        "application/openmetrics-text;q=0.4, text/plain;q=0.5",
        "application/openmetrics-text;q=0.4, */*",
        "application/openmetrics-text;q=nan",
        "application/openmetrics-text;q=inf",
        "application/openmetrics-text;q=-1",
        "application/openmetrics-text;q=2",
        "application/openmetrics-text;q=often",
        "application/openmetrics-textual",
        "application/*",
        ";;;,;q=1,=,",
        "\x00\xff",
    ],
)
def test_text_is_served_to_everybody_else(accept: str) -> None:
    assert not wants_openmetrics(accept)


@pytest.mark.parametrize(
    "encoding",
    ["gzip", "GZIP", "gzip;q=0.1", "deflate, gzip", "x-gzip", "*", "identity;q=0, *;q=0.5", "br;q=1.0, gzip;q=0.8"],
)
def test_gzip_is_served_on_request(encoding: str) -> None:
    assert wants_gzip(encoding)


@pytest.mark.parametrize(
    "encoding",
    [
        "",
        "identity",
        "deflate, br",
        "gzip;q=0",
        "gzip;q=0.000",
        "*;q=0",
        "gzip;q=0, *",
        "gzipped",
        "gzip;q=x",
        "gzip;q=7",
    ],
)
def test_no_gzip_is_served_unasked(encoding: str) -> None:
    assert not wants_gzip(encoding)


HEADERS = st.text(st.sampled_from('abgiptxz/*;=,q.019"\\ -\té\u0661')) | st.text()


@given(HEADERS)
def test_any_header_gets_an_answer(header: str) -> None:
    assert wants_openmetrics(header) in (True, False)
    assert wants_gzip(header) in (True, False)
