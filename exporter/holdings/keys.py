"""What a person should know of an account's API key: that it can do more than read, or that it ends soon."""

from typing import Final

from exporter.core.wording import span
from exporter.holdings.account import AccountState

EXPIRY_WARNING_SECONDS: Final = 14 * 86400.0


def key_warnings(account: AccountState, wall: float) -> list[str]:
    """Sentences about an API key that may do more than read, or that ends soon.

    Args:
        account: as it is served.
        wall: this moment, seconds since the epoch.
    """
    found = []
    if account.key is not None and account.key.risks:
        found.append(f"The key can {' and '.join(account.key.risks)}; a read-only one is enough.")
    if account.key_expires is not None:
        left = account.key_expires - wall
        if left <= 0:
            found.append(f"The key expired {span(-left)} ago.")
        elif left < EXPIRY_WARNING_SECONDS:
            found.append(f"The key expires in {span(left)}.")
    return found
