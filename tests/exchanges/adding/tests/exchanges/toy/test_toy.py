"""Toy as its pages would tell, were there any: two amounts a coin, and one code for each refusal."""

import pytest

from exporter.core.errors import (
    AuthError,
    ClockRefused,
    ExchangeRefused,
    IpRefused,
    Maintenance,
    NotOpened,
    PermissionMissing,
    PollError,
    RateLimited,
)
from exporter.exchanges import toy
from tests.exchanges.driver import amounts, read

API = toy.EXCHANGE.apis[""]


def test_free_and_used_are_available_and_frozen() -> None:
    assert amounts(read("toy", API, "spot").balances) == {
        "USDT": ("100.5", "7.25", "0", "107.75", None),
        "BTC": ("0.125", "0", "0", "0.125", None),
    }


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (1001, AuthError),
        (1002, AuthError),
        (1003, ClockRefused),
        (1004, IpRefused),
        (1005, PermissionMissing),
        (1006, RateLimited),
        (1007, Maintenance),
        (1008, ExchangeRefused),
        (1009, NotOpened),
    ],
)
def test_a_code_has_one_meaning(code: int, kind: type[PollError]) -> None:
    with pytest.raises(PollError) as error:
        API.unwrap(403, {"code": code, "words": "no", "data": None})
    assert type(error.value) is kind


def test_each_pair_that_holds_something_is_a_wallet() -> None:
    parts = read("toy", API, "isolated_margin").parts
    assert {name: amounts(part.balances) for name, part in parts.items()} == {
        "isolated_margin/BTCUSDT": {"BTC": ("0.25", "0", "0", "0.25", None), "USDT": ("0", "40", "0", "40", None)}
    }
