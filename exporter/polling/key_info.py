"""Reads once a day what an API key may do, and warns of one that may do more than read."""

import logging
from collections.abc import Awaitable, Callable
from typing import Final

from exporter.core.errors import PollError
from exporter.core.model import KeyInfo
from exporter.exchanges.base import Api, Reader
from exporter.holdings.account import AccountState
from exporter.transport.limits import Skipped

log = logging.getLogger("exporter.poller")

KEY_SECONDS: Final = 24 * 3600.0
RETRY_SECONDS: Final = 900.0
"""Until a key is asked for again after a failure that says nothing about it."""

_ABOUT_THE_KEY: Final = frozenset({"auth", "permission", "exchange", "payload"})


class KeyInfoPoll:
    """Keeps what is known of one account's key up to date. A key that may not ask is no failure.

    Attributes:
        due: moment of the poller's clock of the next read.
    """

    __slots__ = ("_state", "due")

    def __init__(self, state: AccountState) -> None:
        self._state = state
        self.due = float("-inf")

    async def read(self, api: Api, ask: Callable[[Reader[KeyInfo]], Awaitable[KeyInfo]], now: float) -> None:
        """Read it, where the exchange tells anything."""
        if api.key_info is None:
            return
        account, known = self._state.account, self._state.key
        fields = {"exchange": account.exchange, "account": account.name}
        try:
            key = await ask(api.key_info())
        except Skipped:
            return  # the next poll tries again
        except PollError as error:
            self.due = now + (KEY_SECONDS if error.reason in _ABOUT_THE_KEY else RETRY_SECONDS)
            log.debug("the key cannot be asked about", extra={**fields, "reason": error.reason, "error": str(error)})
            return
        self.due = now + KEY_SECONDS
        self._state.key_read(key)
        if key.risks and (known is None or known.permissions != key.permissions):
            advice = "Use a key that may only read: nothing else is needed here."
            log.warning(
                "the key may do more than read", extra={**fields, "permissions": " ".join(key.risks), "advice": advice}
            )
