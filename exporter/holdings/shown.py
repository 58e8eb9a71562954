"""What the configuration says of one wallet's currencies: which are expected, which are shown."""

from dataclasses import dataclass
from decimal import Decimal
from fnmatch import fnmatchcase

from exporter.config import Account
from exporter.core.model import ZERO


@dataclass(frozen=True, slots=True)
class Rules:
    """What the configuration says of one wallet's currencies.

    Attributes:
        expected: labels that read 0 when a good answer leaves them out; exempt from everything below.
        include, exclude: patterns on labels.
        min_usd: holdings worth less (debts included) do not start to be shown.
        max_currencies: of currencies that are shown without being expected.
    """

    expected: frozenset[str] = frozenset()
    include: tuple[str, ...] = ("*",)
    exclude: tuple[str, ...] = ()
    min_usd: Decimal = ZERO
    max_currencies: int = 500

    def wanted(self, label: str) -> bool:
        """Whether `include` and `exclude` let the currency be shown."""
        return (
            label in self.expected
            or (self.include == ("*",) and not self.exclude)
            or (
                any(fnmatchcase(label, pattern) for pattern in self.include)
                and not any(fnmatchcase(label, pattern) for pattern in self.exclude)
            )
        )


def wallet_of(named: str, main: str) -> str:
    """The name of the wallet that a threshold is about; `main` stands for the main one."""
    return main if named == "main" else named


def rules_of(account: Account, wallet: str, main: str) -> Rules:
    """The rules of one wallet of an account whose main wallet is `main`."""
    expected = {each.currency for each in account.thresholds if wallet_of(each.wallet, main) == wallet}
    if wallet == main:
        expected.update(account.expect)
    return Rules(frozenset(expected), account.include, account.exclude, account.min_usd, account.max_currencies)
