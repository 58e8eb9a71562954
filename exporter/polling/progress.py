"""What one poll has come to so far, while its reads are under way."""

from dataclasses import dataclass, field

from exporter.core.errors import PollError, WrongApi
from exporter.core.model import Reading
from exporter.polling.plan import ALWAYS


@dataclass(slots=True)
class Progress:
    """One poll under way.

    Attributes:
        slot: the moment at which the poll was due.
        give_up_at: the moment after which a request is of no use.
        errors: by wallet that could not be read.
        good: the wallets that were.
        kept: by wallet, what kept it from being asked for.
        opens: by wallet, the moment before which it cannot be read, where a pause says so.
        skipped: why some were left out.
        elsewhere: by wallet, the refusal that says that the account is of another API.
        probed: what was read of the main wallet to prove the API.
        may_switch_api: whether such a refusal is followed up.
        address: our address as the exchange sees it, once it told.
        address_asked: whether it was asked.
    """

    slot: float
    give_up_at: float
    may_switch_api: bool = True
    errors: dict[str, PollError] = field(default_factory=dict)
    good: set[str] = field(default_factory=set)
    kept: dict[str, PollError] = field(default_factory=dict)
    opens: dict[str, float] = field(default_factory=dict)
    skipped: set[str] = field(default_factory=set)
    elsewhere: dict[str, WrongApi] = field(default_factory=dict)
    probed: Reading | None = None
    address: str | None = None
    address_asked: bool = False

    @property
    def tried(self) -> bool:
        """Whether any wallet was read or failed."""
        return bool(self.good or self.errors)

    @property
    def nothing_before(self) -> float:
        """The moment before which nothing can be read, where every wallet of this poll is paused; else long ago."""
        paused = self.opens.keys() >= self.errors.keys() | self.kept.keys()
        return min(self.opens.values()) if self.opens and paused and not self.good else ALWAYS
