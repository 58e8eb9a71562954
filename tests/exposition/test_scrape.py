"""The parser that tests share reads a scrape strictly."""

import pytest

from tests.kit.scrape import Samples

SCRAPE = """\
# HELP held Amount.
# TYPE held gauge
held{account="a",currency="BTC"} 1.5
held{currency="a\\"b\\\\c\\nd",account="a"} 1e-08
held{account="b",currency="BTC"} 0.0
up 1
"""


def test_samples_are_found_by_some_of_their_labels() -> None:
    samples = Samples(SCRAPE)
    assert len(samples) == 4
    assert samples.one("held", account="b") == 0
    assert samples.one("up") == 1
    assert samples.of("held", currency="BTC") == [
        ({"account": "a", "currency": "BTC"}, 1.5),
        ({"account": "b", "currency": "BTC"}, 0.0),
    ]
    assert samples.by("held", "currency", account="a") == {"BTC": 1.5, 'a"b\\c\nd': 1e-8}
    assert samples.by("held", "account", "currency", account="b") == {("b", "BTC"): 0.0}


def test_what_is_not_there_is_none_and_not_zero() -> None:
    samples = Samples(SCRAPE)
    assert samples.one("held", account="c") is None
    assert (samples.of("hel"), samples.by("hel", "account")) == ([], {})


def test_one_sample_is_one() -> None:
    with pytest.raises(AssertionError, match="3 samples of held"):
        Samples(SCRAPE).one("held")


@pytest.mark.parametrize(
    "line", ["", "held", "held 1 1767225600000", 'held{currency="B"TC"} 1', 'held{currency="B\\TC"} 1', "{} 1"]
)
def test_a_line_that_is_no_sample_is_refused(line: str) -> None:
    with pytest.raises(AssertionError, match="no sample"):
        Samples(f"{SCRAPE}{line}\n")


def test_a_series_that_stands_there_twice_is_refused() -> None:
    with pytest.raises(AssertionError, match="twice"):
        Samples(SCRAPE + 'held{currency="BTC",account="a"} 2\n')
