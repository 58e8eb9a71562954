"""Labels as the exposition format writes them: whatever a value holds, it stays one value."""

from collections.abc import Iterable

from exporter.core.wording import spelled


def quoted(value: str) -> str:
    """A label value as it stands between double quotes."""
    if value.isalnum():  # nearly every currency is, and no letter or digit needs an escape
        return value
    return spelled(value).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def labelled(pairs: Iterable[tuple[str, str]]) -> str:
    """Label pairs as they stand between braces."""
    return ",".join(f'{name}="{quoted(value)}"' for name, value in pairs)
