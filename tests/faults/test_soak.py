"""A small soak: the same course that `make soak` runs for an hour with 200 accounts."""

from dataclasses import replace

from tests.faults.soak import Held, Report, soak
from tests.kit.clock import in_virtual_time


def test_five_accounts_come_through_five_minutes_of_faults() -> None:
    report = in_virtual_time(soak(5, 5.0, 3))
    assert report.polls > 40
    assert report.failures > 5
    assert report.looked_at > 100
    assert report.false == []
    assert report.lost == 0
    assert report.not_recovered == []
    # So few accounts and minutes say nothing about memory, and all about what is left open.
    assert replace(report, end=replace(report.end, memory=report.warm.memory)).problems() == []


def test_the_report_tells_what_grew_what_is_false_and_what_was_lost() -> None:
    small, large = Held(100_000_000, 5, 5, 5, 1), Held(106_000_000, 6, 7, 8, 2)
    good = Report(small, small, 0, looked_at=1)
    assert good.problems() == []
    assert Report(small, replace(small, memory=104_000_000), 0, looked_at=1).problems() == []
    assert len(Report(small, large, 0, looked_at=1).problems()) == 5
    assert Report(small, small, 0).problems() == ["nothing was served"]
    bad = replace(good, false=["a is false"], lost_examples=["b is late"], not_recovered=["c"])
    assert bad.problems() == ["a is false", "c did not recover", "b is late"]
