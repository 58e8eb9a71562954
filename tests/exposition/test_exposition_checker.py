"""The checker of expositions catches each broken one."""

import pytest

from tests.kit.exposition_checker import differences, problems
from tests.kit.scrape import Samples

HEAD = "# HELP held Amount.\n# TYPE held gauge\n"
GOOD = HEAD + 'held{currency="BTC"} 1.5\nheld{currency="ETH"} 0.0\n'


def test_a_good_exposition_has_no_problem() -> None:
    assert problems(GOOD) == []
    assert problems(GOOD + "# EOF\n", openmetrics=True) == []


def test_counters_and_histograms_belong_to_their_family() -> None:
    told = "# HELP {0} Polls.\n# TYPE {0} counter\npolls_total 3\n"
    buckets = (
        '# HELP t Time.\n# TYPE t histogram\nt_bucket{le="1.0"} 1.0\nt_bucket{le="+Inf"} 2\nt_count 2\nt_sum 3.5\n'
    )
    assert problems(told.format("polls_total") + buckets) == []
    assert problems(told.format("polls") + buckets + "# EOF\n", openmetrics=True) == []
    assert problems(told.format("polls") + buckets) != []


@pytest.mark.parametrize(
    ("broken", "problem"),
    [
        (GOOD + 'held{currency="BTC"} 2.0\n', "duplicate"),
        (GOOD + 'held{coin="XT"} 2.0\n', "uneven labels"),
        (GOOD + 'held{currency="XT",currency="XT"} 2.0\n', "uneven labels"),
        (HEAD + 'held{currency="BTC"} NaN\n', "finite"),
        (HEAD + 'held{currency="BTC"} +Inf\n', "finite"),
        (HEAD + 'held{currency="BTC"} inf\n', "finite"),
        (HEAD + 'held{currency="BTC"} 1_0\n', "finite"),
        (HEAD + 'held{currency="BTC"} 1.0 1767225600000\n', "timestamp"),
        (HEAD + 'held{__name="BTC"} 1.0\n', "reserved"),
        (HEAD + 'held{instance="BTC"} 1.0\n', "reserved"),
        (HEAD + 'held{le="1"} 1.0\n', "reserved"),
        (GOOD + "# HELP other Other.\n# TYPE other gauge\nother 1\n" + 'held{currency="XT"} 1.0\n', "together"),
        (GOOD + HEAD, "second HELP of held"),
        (GOOD + "# TYPE held gauge\n", "second TYPE of held"),
        ("# HELP held Amount.\nheld 1.0\n", "TYPE is missing"),
        ("# TYPE held gauge\nheld 1.0\n", "HELP or TYPE is missing"),
        ("held 1.0\n" + HEAD, "before its HELP"),
        ('# HELP held An "amount".\n# TYPE held gauge\nheld 1.0\n', "double quotes"),
        (HEAD + 'held{currency="B"TC"} 1.0\n', "no sample"),
        (HEAD + 'held{currency="B\\TC"} 1.0\n', "no sample"),
        (HEAD + "held{} 1.0\n\n", "no sample"),
        (GOOD + "# HELP h_created X.\n# TYPE h_created gauge\nh_created 1\n", "creation time"),
        (GOOD.removesuffix("\n"), "wrong end"),
        (GOOD + "# EOF\n", "wrong end"),
    ],
)
def test_a_broken_exposition_is_caught(broken: str, problem: str) -> None:
    assert [found for found in problems(broken) if problem in found]


def test_openmetrics_has_to_end_with_its_mark() -> None:
    assert "wrong end" in problems(GOOD, openmetrics=True)


def test_samples_are_read_with_their_escapes() -> None:
    read = Samples(HEAD + 'held{currency="a\\"b\\\\c\\nd"} 1e-08\n')
    assert read == {("held", (("currency", 'a"b\\c\nd'),)): 1e-8}
    assert Samples(GOOD).by("held", "currency") == {"BTC": 1.5, "ETH": 0.0}


def test_formats_that_hold_other_samples_are_caught() -> None:
    assert differences(GOOD, GOOD + "# EOF\n") == []
    assert differences(GOOD, GOOD.replace("1.5", "1.6") + "# EOF\n") != []
    assert differences(GOOD, HEAD + "# EOF\n") != []
