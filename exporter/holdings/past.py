"""The last failures of an account, in little memory: those that repeat each other are one with a count."""

from sys import intern
from typing import Final, NamedTuple

MOST: Final = 20
"""Failures that are kept of one account."""

_LONGEST: Final = 200
"""Letters of a message that are kept."""


class Past(NamedTuple):
    """One failure of one wallet, once or several times in a row.

    Attributes:
        wallet: its name.
        reason: from the closed list.
        message: its beginning.
        since: when the wallet had begun to fail, seconds since the epoch; the same in all failures up to a good read.
        first, last: when it failed so, seconds since the epoch.
        times: how often.
    """

    wallet: str
    reason: str
    message: str
    since: float
    first: float
    last: float
    times: int


def with_one_more(
    kept: tuple[Past, ...], wallet: str, reason: str, message: str, *, since: float, at: float
) -> tuple[Past, ...]:
    """The failures that are kept once there is one more, the latest last.

    The same failure of a wallet that was not read well meanwhile is counted with the one before. Equal messages are one
    object, whichever account they are of: when an exchange fails, thousands of accounts hear the same words.
    """
    message = intern(message if len(message) <= _LONGEST else f"{message[:_LONGEST]}...")
    same = next((each for each in kept if each[:4] == (wallet, reason, message, since)), None)
    if same is None:
        one = Past(wallet, reason, message, since, at, at, 1)
        return (*kept, one)[-MOST:]
    return (*(each for each in kept if each is not same), same._replace(last=at, times=same.times + 1))
