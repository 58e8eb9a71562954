"""What keeps a wallet from being read without a word of the exchange: a pause or want of a token, as it is shown."""

import math
from typing import Final

from exporter.core.errors import Banned, PollError, RateLimited
from exporter.core.wording import moment
from exporter.transport.limits import Skipped

_SHARE: Final = (
    "Raise `interval`, or `rate_share` where no bot shares the limit; the log of the start names a limit that is asked "
    "too much of."
)


def kept_by(skip: Skipped, opens: float) -> PollError:
    """What is said of a wallet for which nothing could be sent.

    Args:
        skip: why not.
        opens: when a pause ends, in seconds since the epoch.
    """
    if skip.reason == "rate":
        return RateLimited("our share of the exchange's limits allowed no request in time", advice=_SHARE)
    until = moment(float(math.ceil(opens)))
    if skip.banned:
        return Banned(f"the exchange has banned this key or address: nothing is sent until {until}")
    return RateLimited(f"the exchange asked for a pause: nothing is sent until {until}")
