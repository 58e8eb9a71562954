"""The words in which `tests/exchanges/NAME/sandbox_facts.py` says what the sandbox's shared tests must know of NAME."""

import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

Code = tuple[int, Any]
"""HTTP status and the vendor's own code."""


class Unsigned(NamedTuple):
    """A read before it is signed; `own` holds what only one exchange's signer knows."""

    path: str
    query: str
    key: str
    secret: str
    passphrase: str
    now: float
    own: Mapping[str, str]

    @property
    def milliseconds(self) -> str:
        """The time as most exchanges want it."""
        return str(int(self.now * 1000))


class Signed(NamedTuple):
    """What signing makes of it: the raw query, and headers."""

    query: str
    headers: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class ModeFacts:
    """What the shared tests must know of the accounts of one mode.

    Attributes:
        path: where the main wallet is read; `{id}` stands for the number of its account.
        keys: lead from the whole answer to its rows; 0 into a list of one thing.
        currency: the field of a row that names its currency; empty where the rows are members of an object.
        amount: a field of a row that holds an amount.
        sign: signs a read by hand, written for these tests from the vendor's pages.
        success: a member of every good answer; None where the HTTP status alone says that it is one.
        refusals: each of `SITUATIONS`, and `expired`, to what is answered.
        code: finds the vendor's code in an answer that says no.
        window: for how many seconds a stamp is good, either way; None where reads are not signed.
        own_window: whether the caller may ask for another, by `window` among its own words.
        without_header: a header that a signed read is sent without, to what is answered.
        unfinished: the raw target of a read that lacks something, to what is answered; the key is `key-of-` and the
            kind of account.
    """

    path: str
    keys: tuple[str | int, ...]
    currency: str
    amount: str
    sign: Callable[[Unsigned], Signed]
    success: tuple[str, Any] | None
    refusals: Mapping[str, Code]
    code: Callable[[Any], Any] = lambda answer: answer["code"]
    window: int | None
    own_window: bool = False
    without_header: Mapping[str, Code] = field(default_factory=dict)
    unfinished: Mapping[str, Code] = field(default_factory=dict)

    def rows(self, answer: Any) -> list[tuple[str, Any]]:
        """Each row of a balance answer with its currency."""
        for key in self.keys:
            answer = answer[key]
        return [(row[self.currency], row) for row in answer] if self.currency else list(answer.items())


@dataclass(frozen=True, kw_only=True)
class SandboxFacts:
    """What the shared tests must know of one simulated exchange.

    Attributes:
        modes: as in the vendor's class.
        unknown: HTTP status of a path that it does not have, and members of the answer.
        left: a header that tells how much of a limit is left, and what it says after the first read of the main
            wallet; None where there is no such header.
    """

    modes: Mapping[str, ModeFacts]
    unknown: tuple[int, Mapping[str, Any]]
    left: tuple[str, str] | None


def mac(secret: str, text: str) -> bytes:
    """The HMAC-SHA256 that all signers by hand need."""
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).digest()
