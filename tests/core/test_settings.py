"""Flags are read as they are documented, and refused with a reason."""

import pytest

from exporter.core.settings import Address, ExternalUrl, external_url, listen_address, shard_ordinal, telemetry_path


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:10118", ("127.0.0.1", 10118)),
        (":10118", ("", 10118)),
        ("localhost:0", ("localhost", 0)),
        ("[::1]:65535", ("::1", 65535)),
        ("[fe80::1%eth0]:80", ("fe80::1%eth0", 80)),
    ],
)
def test_a_listen_address_is_a_host_and_a_port(text: str, address: tuple[str, int]) -> None:
    assert listen_address(text) == Address(*address)


@pytest.mark.parametrize(
    "text",
    ["", "10118", "localhost", "::1:80", "[::1]", "[::1:80", "[v4]:80", "a:65536", "a:-1", "a:１", "a b:80", "a:+1"],
)
def test_what_is_not_a_listen_address_is_refused_by_name(text: str) -> None:
    with pytest.raises(ValueError, match="listen address") as refused:
        listen_address(text)
    assert repr(text) in str(refused.value)


@pytest.mark.parametrize(("text", "ordinal"), [("0", 0), ("3", 3), ("exporter-3", 3), ("a-b-12", 12), ("007", 7)])
def test_a_shard_ordinal_may_be_a_pod_name(text: str, ordinal: int) -> None:
    assert shard_ordinal(text) == ordinal


@pytest.mark.parametrize("text", ["", "-", "exporter", "exporter-", "exporter3", "1.5", "٣", "exporter-3 "])
def test_what_ends_in_no_ordinal_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="shard ordinal"):
        shard_ordinal(text)


@pytest.mark.parametrize("text", ["/metrics", "/probe/balances", "/-/metrics"])
def test_a_path_that_serves_nothing_else_may_serve_metrics(text: str) -> None:
    assert telemetry_path(text) == text


@pytest.mark.parametrize("text", ["", "/", "metrics", "/m?x", "/m x", "/{m}", "/account/x", "/-/ready", "//ü"])
def test_what_cannot_serve_metrics_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="telemetry path"):
        telemetry_path(text)


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("http://exporter:10118", ("http://exporter:10118", "exporter", "")),
        ("https://Ops.Example/", ("https://ops.example", "ops.example", "")),
        ("https://ops.example:443/team/balances/", ("https://ops.example", "ops.example", "/team/balances")),
        ("http://ops.example.:80", ("http://ops.example.", "ops.example", "")),
        ("https://ops.example:8443", ("https://ops.example:8443", "ops.example", "")),
        ("http://[::1]:9090/x", ("http://[::1]:9090", "::1", "/x")),
    ],
)
def test_an_external_url_is_where_a_browser_finds_the_exporter(text: str, url: tuple[str, str, str]) -> None:
    assert external_url(text) == ExternalUrl(*url)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ops.example",
        "//ops.example",
        "ftp://ops.example",
        "http://",
        "http://me:secret@ops.example",
        "http://ops.example:x",
        "http://ops.example:70000",
        "http://ops.example/?q",
        "http://ops.example/#a",
        "http://ops example",
        "http://ops.example//x",
        'http://ops.example/"',
        "http://*.example",
    ],
)
def test_what_is_no_external_url_is_refused_by_name(text: str) -> None:
    with pytest.raises(ValueError, match="external URL") as refused:
        external_url(text)
    assert repr(text) in str(refused.value)
