"""Everything that can go wrong, drawn as one tree; each class owns its reason and its advice to the operator.

    ExporterError
    ├─ ConfigError            the configuration cannot be used; carries every mistake
    ├─ UnusableExchange       an exchange is known by its name, and cannot be used here
    └─ PollError              one read of one wallet failed; `reason` is a metric label
       ├─ AuthError           auth          key, secret or passphrase refused
       ├─ PermissionMissing   permission    the key may not read this wallet
       ├─ IpRefused           ip            the key is bound to other addresses
       ├─ ClockRefused        clock         our timestamp is outside the exchange's window
       ├─ RateLimited         rate_limited  too many requests
       │  └─ UserLimited      rate_limited  too many of this user's, whatever they ask
       ├─ Banned              banned        blocked for ignoring the limits
       ├─ Maintenance         maintenance   the exchange is being worked on
       ├─ TimedOut            timeout       no whole answer within the deadline
       ├─ Unreachable         network       DNS, connect, reset
       ├─ TlsFailed           tls           certificate or handshake
       ├─ BadStatus           http          an HTTP status or page that is no API answer
       ├─ BadPayload          payload       an answer of a shape, or with numbers, that we do not know
       ├─ ExchangeRefused     exchange      the exchange said no in its own words
       │  ├─ WrongApi         exchange      the account is of another generation or mode
       │  ├─ NotOpened        exchange      the product was never opened: nothing is there
       │  └─ UnknownAccount   exchange      an account id that the exchange no longer knows
       └─ InternalError       internal      a bug of ours

Policy follows the class and stands in one place each: what a repeat within the read can change (`repeat`),
and how far the next poll moves away (`slow`).
"""

from collections.abc import Iterable
from typing import ClassVar, Final, Literal, Self

REASONS: Final = (
    "auth",
    "permission",
    "ip",
    "clock",
    "rate_limited",
    "banned",
    "maintenance",
    "timeout",
    "network",
    "tls",
    "http",
    "payload",
    "exchange",
    "internal",
)
"""The closed list of reasons, in the order of the README's table of failures."""


class ExporterError(Exception):
    """Root of all errors that this program raises on purpose."""


class ConfigError(ExporterError):
    """The configuration cannot be used.

    Attributes:
        mistakes: one finished sentence for each mistake, with file and line where they are known.
    """

    def __init__(self, mistakes: Iterable[str]) -> None:
        self.mistakes = tuple(mistakes)
        super().__init__("\n".join(self.mistakes))


class UnusableExchange(ExporterError):
    """An exchange is known by its name, and cannot be used here; says why, and what to do, as the end of a sentence."""


class PollError(ExporterError):
    """One read of one wallet failed.

    Attributes:
        reason: one of `REASONS`; the value of the `reason` label.
        repeat: whether the same request, sent again at once, may be answered differently.
        slow: whether the account (for `permission`, its wallet) is tried rarely from now on, since a repeat
            can only make things worse.
        advice: what the operator does next.
        retry_after: seconds that the exchange asked us to wait, if it did.
        retry_at: the moment until which it asked us to, by its own clock, in milliseconds since the epoch.
    """

    reason: ClassVar[str]
    repeat: bool = False
    slow: ClassVar[bool] = False
    advice: str = ""

    def __init__(
        self,
        message: str,
        *,
        advice: str | None = None,
        retry_after: float | None = None,
        repeat: bool | None = None,
    ) -> None:
        super().__init__(message)
        if advice is not None:
            self.advice = advice
        if repeat is not None:
            self.repeat = repeat
        self.retry_after = retry_after
        self.retry_at: int | None = None

    def bare(self) -> Self:
        """This error without the frames that it came through.

        They hold the answer and all that was made of it, for as long as the error itself is held. Whoever keeps an
        error keeps it bare.
        """
        self.__cause__ = self.__context__ = None
        return self.with_traceback(None)


class AuthError(PollError):
    """The exchange does not accept the credentials."""

    reason = "auth"
    slow = True
    advice = (
        "Check key, secret and passphrase on the exchange's API page: the key may be mistyped, deleted or expired. "
        "A rewritten secret file is picked up by itself."
    )


class PermissionMissing(PollError):
    """The key is good but may not read this wallet."""

    reason = "permission"
    slow = True
    advice = "Tick the read permission for this wallet on the exchange's API page, or leave it out of `wallets`."


class IpRefused(PollError):
    """The key is bound to addresses, and ours is not among them."""

    reason = "ip"
    slow = True
    advice = "Add the address that this exporter leaves from to the key's allow-list on the exchange's API page."


class ClockRefused(PollError):
    """Our timestamp is outside the window that the exchange accepts, also after measuring its clock again."""

    reason = "clock"
    advice = "Set this machine's clock by NTP and look at exchange_api_clock_offset_seconds."


class RateLimited(PollError):
    """The exchange answered that we ask too often.

    Attributes:
        shuts: the scope of which the exchange says so: every call of this `uid`, `key` or `ip` then waits as long as it
            asks for. Empty where it says nothing of the kind: only the call that it refused does.
    """

    reason = "rate_limited"
    shuts: ClassVar[Literal["", "uid", "key", "ip"]] = ""
    advice = (
        "Raise `interval` or lower `rate_share`, and see what else uses this key or address: bots share the limits."
    )


class UserLimited(RateLimited):
    """The exchange answered that all calls of this user together are too many."""

    shuts = "uid"


class AddressLimited(RateLimited):
    """The exchange answered that all calls from our address together are too many."""

    shuts = "ip"
    advice = (
        "Raise `interval` or lower `rate_share`, and see what else asks this exchange from this address: all of it "
        "shares the limit, whatever its key."
    )


class Banned(PollError):
    """The exchange has blocked this key or address for a while."""

    reason = "banned"
    slow = True
    advice = (
        "Nothing is sent until the ban is over. Raise `interval` or lower `rate_share`, and find the program "
        "on this key or address that ignored the limits."
    )


class Maintenance(PollError):
    """The exchange says that it is being worked on."""

    reason = "maintenance"
    repeat = True
    advice = "Wait: the exchange is being worked on. See its status page for the end."


class TimedOut(PollError):
    """No whole answer came within the deadline."""

    reason = "timeout"
    repeat = True
    advice = (
        "Look at the network path to the exchange, such as a NAT or firewall that forgets connections; if its answers "
        "are slow but whole, raise `timeout`."
    )


class Unreachable(PollError):
    """The exchange's host could not be reached: DNS, connect or a broken connection."""

    reason = "network"
    repeat = True
    advice = "Check DNS, firewall, proxy and `base_url` from this machine; then the exchange's status page."


class TlsFailed(PollError):
    """The TLS handshake failed or the certificate is not trusted."""

    reason = "tls"
    advice = (
        "Check who answers at this address: a proxy that opens TLS, an expired certificate, or missing CA certificates "
        "on this machine (`SSL_CERT_FILE` names others)."
    )


class BadStatus(PollError):
    """An HTTP status, page or redirect that is not an answer of the API."""

    reason = "http"
    repeat = True
    advice = (
        "A page instead of an answer, often a CDN's block or an outage. "
        "See its beginning in the debug log and try the address from this machine."
    )


class BadPayload(PollError):
    """An answer of a shape that we do not know, or with something else where a number belongs."""

    reason = "payload"
    advice = (
        "The exchange may have changed its API: look for a newer version of this exporter, else report the beginning "
        "of the answer from the debug log."
    )


class ExchangeRefused(PollError):
    """The exchange refused in its own words, for a reason that fits no other class."""

    reason = "exchange"
    advice = (
        "Look the code up in the exchange's error list; often the account itself is restricted or its type differs."
    )


class WrongApi(ExchangeRefused):
    """The exchange proved that the account belongs to another of its APIs.

    Attributes:
        api: the name of the API that serves this account, a key of `Exchange.apis`.
    """

    def __init__(self, message: str, *, api: str, advice: str | None = None) -> None:
        super().__init__(message, advice=advice)
        self.api = api


class NotOpened(ExchangeRefused):
    """The exchange says that the account never opened this product: there is no such wallet, and nothing is in it.

    For a wallet that holds nothing as far as is known this is no failure but an empty answer. A wallet that holds
    something cannot have been closed to us by these words alone: there it is a refusal like others.
    """

    advice = (
        "Nothing, if this account has no such wallet; if it should, open it on the exchange's site. What it held is "
        "believed to be gone once it is no longer served."
    )


class UnknownAccount(ExchangeRefused):
    """An account id is no longer known to the exchange, so the list of wallets has to be read again."""

    advice = "Nothing: the list of wallets is read again by itself."


class InternalError(PollError):
    """A bug of ours; the log has its traceback."""

    reason = "internal"
    advice = "Please report this with the traceback from the log; other accounts are not affected."
