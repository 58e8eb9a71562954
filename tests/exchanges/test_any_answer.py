"""Whatever JSON an exchange sends, a reader gives a result or a named failure: properties over all of them."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exporter.core.errors import REASONS, PollError
from exporter.exchanges.base import Api, Exchange, Reader, Request
from tests.exchanges.driver import from_samples, parse, respond, sample
from tests.exchanges.facts import FOLDER
from tests.exchanges.test_contract import READERS, assert_sound, every_api

SAMPLES = [parse(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*/fixtures/*.json"))]


def names_in(value: Any) -> set[str]:
    if isinstance(value, dict):
        return set(value).union(*map(names_in, value.values()))
    return set().union(*map(names_in, value)) if isinstance(value, list) else set()


NAMES = sorted(names_in(SAMPLES))
ODD = [
    "",
    "0",
    "-1",
    "1e400",
    "NaN",
    "1_000",
    " 12 ",
    "١٢",
    "invalid",
    "trade",
    "loan",
    "margin",
    "200",
    "00000",
    "USDT",
]
leaves = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([10**400, -(10**400)]),
    st.decimals(allow_nan=False, allow_infinity=False),
    st.sampled_from(["1e9999999999", "1e-9999", "9e306", "-9e306"]).map(
        lambda text: Decimal(text) if len(text) < 8 else text
    ),
    st.text(max_size=8),
    st.sampled_from(ODD),
)
json_values = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=4), inner, max_size=6)
    ),
    max_leaves=12,
)


@st.composite
def mutated(draw: st.DrawFn, value: Any) -> Any:
    """The value with one of its parts, at any depth, replaced, removed or doubled."""
    if isinstance(value, dict) and value and draw(st.integers(0, 3)):
        name = draw(st.sampled_from(sorted(value)))
        if not draw(st.integers(0, 5)):
            return {key: inner for key, inner in value.items() if key != name}
        return value | {name: draw(mutated(value[name]))}
    if isinstance(value, list) and value and draw(st.integers(0, 3)):
        index = draw(st.integers(0, len(value) - 1))
        if not draw(st.integers(0, 5)):
            return value + value[index : index + 1]
        return [*value[:index], draw(mutated(value[index])), *value[index + 1 :]]
    return draw(json_values)


def assert_named(error: PollError) -> None:
    """A failure has one of the closed list's reasons, advice, and a message of bearable length."""
    assert error.reason in REASONS
    assert error.advice
    assert len(str(error)) < 500


modest = settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


@pytest.mark.parametrize(("exchange", "api", "reader"), READERS)
@modest
@given(data=st.data())
def test_any_json_gives_a_result_or_a_named_failure(
    exchange: Exchange, api: Api, reader: Callable[[], Reader[Any]], data: st.DataObject
) -> None:
    good = from_samples(exchange.name, api)

    def answer(request: Request) -> Any:
        content = good(request)
        return data.draw(st.one_of(mutated(content), mutated(content), json_values, st.just(content)))

    try:
        result = respond(reader(), answer).result
    except PollError as error:
        assert_named(error)
    else:
        assert_sound(result)


@every_api
@settings(modest, max_examples=80)
@given(data=st.data())
def test_any_body_is_unwrapped_or_refused_by_name(exchange: Exchange, api: Api, data: st.DataObject) -> None:
    bodies = [sample(exchange.name, endpoint.path) for endpoint in api.endpoints]
    refusal = {"code": "x", "rc": 1, "mc": "x", "status": "error", "err-code": "x", "err-msg": "x", "msg": "x"}
    body = data.draw(st.one_of(st.sampled_from(bodies).flatmap(mutated), mutated(refusal), json_values))
    status = data.draw(st.sampled_from([200, 200, 201, 302, 400, 401, 403, 404, 405, 418, 429, 500, 502, 503]))
    unwrap = data.draw(st.sampled_from([api.unwrap, *{each.unwrap for each in api.endpoints if each.unwrap}]))
    try:
        unwrap(status, body)
    except PollError as error:
        assert_named(error)
    else:
        assert status < 400
