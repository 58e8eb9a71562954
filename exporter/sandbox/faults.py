"""Faults that a simulated exchange can be told to make: what goes wrong, for whom, and how often."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from exporter.sandbox.vendors.base import ACCOUNT_SITUATIONS, SITUATIONS

WIRE_KINDS: Final = frozenset(
    {
        "hang",  # accepts the request and never says a word
        "hang_after_headers",
        "slow_drip",  # a byte every `seconds`
        "reset",  # the connection is reset in the middle of the body
        "truncated_gzip",
        "gzip_bomb",  # little on the wire, 256 MiB unpacked
        "huge_body",  # `size` bytes, 200 MB unless said
    }
)
"""Faults of the connection, and of the way in which the body is sent."""

WHOLE_KINDS: Final = frozenset(
    {
        "http_status",  # `status`, `body`, `headers`
        "vendor_error",  # `situation`, in the exchange's own words
        "empty",  # HTTP 200 and not one byte
        "html",  # a web page with HTTP 200
        "redirect",  # to `location`
        "body",  # `body` instead of the answer's bytes
        "deep_nesting",  # 100,000 brackets
        "mutate",  # `change` gets the payload and gives another, or alters it in place
    }
)
"""Faults that put another answer in place of the good one."""

ROW_KINDS: Final = frozenset(
    {
        "replace_amounts",  # `value` wherever an amount is
        "many_rows",  # 50,000 of them
        "twins",  # every name again in the other letter case
        "duplicate_rows",  # every row twice
        "hostile_name",  # one more row, with a name that tries to break the exposition
        "empty_list",  # no row at all
    }
)
"""Faults of the rows of a balance answer; of a public answer's rows too, where `path` names it."""

CLOCK_KINDS: Final = frozenset({"clock_skew"})
"""What the exchange believes the time is: `seconds` ahead, or behind if negative."""

KINDS: Final = WIRE_KINDS | WHOLE_KINDS | ROW_KINDS | CLOCK_KINDS

_NEEDED: Final = {
    "http_status": "status",
    "vendor_error": "situation",
    "redirect": "location",
    "body": "body",
    "mutate": "change",
    "clock_skew": "seconds",
}


@dataclass(slots=True)
class Fault:
    """One fault, in force while it stands in an exchange's `faults`. A request meets the first that matches it.

    Attributes:
        kind: one of `KINDS`.
        path: the beginning of the paths that are hit; empty: all.
        host: the host of the exchange that is hit, by its name in `Vendor.hosts`; empty: all.
        account: the key, or the name, of the account that is hit; None: every caller, also without a key.
        times: how many more requests are hit; None: no end.
        status: of `http_status`, `redirect` (302) and `body` (200).
        body: text or bytes of `http_status` and `body`.
        headers: sent as well, of the same two.
        situation: of `vendor_error`, one of `SITUATIONS`. Those of an account leave public paths alone.
        location: where `redirect` points.
        value: the JSON value of `replace_amounts`; a Decimal is written as a number, a float may be NaN.
        change: of `mutate`; gets the payload.
        seconds: between the bytes of `slow_drip` (1), or of `clock_skew`.
        size: of `huge_body`, in bytes.
        served: how many requests it has hit.

    Raises:
        ValueError: an unknown kind or situation, or a kind without what it needs.
    """

    kind: str
    path: str = field(default="", kw_only=True)
    host: str = field(default="", kw_only=True)
    account: str | None = field(default=None, kw_only=True)
    times: int | None = field(default=None, kw_only=True)
    status: int | None = field(default=None, kw_only=True)
    body: str | bytes | None = field(default=None, kw_only=True)
    headers: Mapping[str, str] = field(default_factory=dict, kw_only=True)
    situation: str | None = field(default=None, kw_only=True)
    location: str | None = field(default=None, kw_only=True)
    value: Any = field(default="NaN", kw_only=True)
    change: Callable[[Any], Any] | None = field(default=None, kw_only=True)
    seconds: float | None = field(default=None, kw_only=True)
    size: int = field(default=200_000_000, kw_only=True)
    served: int = field(default=0, kw_only=True)

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"no fault {self.kind!r}; there are {', '.join(sorted(KINDS))}")
        needed = _NEEDED.get(self.kind)
        if needed is not None and getattr(self, needed) is None:
            raise ValueError(f"a fault {self.kind!r} needs {needed}")
        if self.situation is not None and self.situation not in SITUATIONS:
            raise ValueError(f"no situation {self.situation!r}; there are {', '.join(SITUATIONS)}")

    def hits(self, path: str, host: str, key: str | None, name: str | None, *, private: bool) -> bool:
        """Say whether a request meets this fault."""
        if self.times is not None and self.times <= 0:
            return False
        if not path.startswith(self.path) or self.host not in {"", host}:
            return False
        if self.account is not None and (not self.account or self.account not in {key, name}):
            return False
        if private:
            return True
        if self.kind in ROW_KINDS:
            return bool(self.path)
        return self.situation not in ACCOUNT_SITUATIONS

    def use(self) -> None:
        """Count one request that was hit."""
        self.served += 1
        if self.times is not None:
            self.times -= 1
