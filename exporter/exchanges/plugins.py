"""Exchanges that other packages bring: each is found by its entry point, and refused with a sentence if it is unfit.

A package names its exchange in its metadata:

    [project.entry-points."exchange_balance_exporter.exchanges"]
    acme = "acme_exchange:EXCHANGE"

The metadata are looked at when somebody asks for a name that is not in the list of exchanges, and a package is loaded
when somebody asks for its exchange. CONTRIBUTING.md, "An exchange in a package of your own", walks through one.
"""

import re
from collections.abc import Collection, Iterator
from importlib.metadata import Distribution, EntryPoint, distributions
from typing import Final, NamedTuple

from exporter.core.errors import UnusableExchange
from exporter.core.wording import visible
from exporter.exchanges import ALIASES, NAMES
from exporter.exchanges.base import Exchange
from exporter.exchanges.description import faults
from exporter.exchanges.values import cut

GROUP: Final = "exchange_balance_exporter.exchanges"

VERSION: Final = 1
"""Of the interface for plug-ins, `exporter.exchanges.plugin_v1`."""

_INTERFACE: Final = re.compile(r"exporter\.exchanges\.plugin_v(\d{1,6})").fullmatch
_OBJECT: Final = re.compile(r"[\w.]+ *: *[\w.]+").fullmatch
_AUTHORS: Final = "tell its authors"


class Offer(NamedTuple):
    """What a package says that it brings.

    Attributes:
        name: of the exchange.
        package: its name and version.
        where: its description is, as module:NAME.
    """

    name: str
    package: str
    where: str


def offers() -> list[Offer]:
    """What the installed packages say that they bring; what else stands in their metadata matters to nobody here."""
    found: dict[str, list[Offer]] = {}
    for each in distributions():
        try:
            listed = each.read_text("entry_points.txt") or ""
        except (OSError, ValueError):
            continue  # it brings nothing that can be found
        if GROUP in listed:
            name, version = _called(each)
            # The first of a name on the path is the one that is imported.
            found.setdefault(re.sub(r"[-_.]+", "-", name.lower()), list(_offered(listed, f"{name} {version}")))
    return [offer for offered in found.values() for offer in offered]


def _called(package: Distribution) -> tuple[str, str]:
    """Its name and version, also where the file that tells them is missing."""
    try:
        return package.name or "of an unknown name", package.version or "of no version"
    except Exception:
        return "of an unknown name", "of no version"


def _offered(listed: str, package: str) -> Iterator[Offer]:
    """The group's lines of the file; importlib's own parser would let any bad line of another group hide them."""
    section = ""
    for line in map(str.strip, listed.splitlines()):
        if line.startswith("["):
            section = line.strip("[] ")
        elif section == GROUP and line and line[0] not in "#;":
            name, _, where = map(str.strip, line.partition("="))
            yield Offer(name, package, where)


def names() -> list[str]:
    """The names of the exchanges that installed packages say they bring."""
    return [offer.name for offer in offers()]


def load(name: str) -> Exchange:
    """The exchange that an installed package brings under this name.

    Raises:
        UnusableExchange: more than one package does, or this one's cannot be loaded, is none, or is described in a way
            that would not hold what is promised of every exchange.
    """
    offered = [offer for offer in offers() if offer.name == name]
    if not offered:
        raise UnusableExchange("comes from no installed package any more: install it again")
    if len(offered) > 1:
        packages = " and ".join(offer.package for offer in offered)
        raise UnusableExchange(visible(f"comes from more than one package, {packages}: uninstall all but one"))
    (offer,) = offered
    if fault := _fault(name, loaded := _loaded(offer)):
        raise _unusable(offer, fault)
    assert isinstance(loaded, Exchange)
    return loaded


def shadowed(wanted: Collection[str]) -> list[str]:
    """Which of these exchanges, all built in, are brought by a package as well: sentences."""
    return [
        visible(f"the package {offer.package} brings an exchange {offer.name}, too; the built-in one is read")
        for offer in offers()
        if ALIASES.get(offer.name, offer.name) in wanted and offer.name in (*NAMES, *ALIASES)
    ]


def _loaded(offer: Offer) -> object:
    if not _OBJECT(offer.where):
        raise _unusable(offer, f"does not name its description there, as in acme_exchange:EXCHANGE: {_AUTHORS}")
    try:
        return EntryPoint(offer.name, offer.where, GROUP).load()
    except ModuleNotFoundError as error:
        wanted = _INTERFACE(error.name or "")
        raise _unusable(offer, _of_another_version(int(wanted[1])) if wanted else _told(error)) from None
    except (Exception, SystemExit) as error:
        raise _unusable(offer, _told(error)) from None


def _told(error: BaseException) -> str:
    said = cut(visible(str(error)), 200)
    if isinstance(error, ImportError) and _INTERFACE(error.name or ""):
        return f"needs a newer exporter ({said}): update exchange-balance-exporter"
    return f"cannot be loaded ({type(error).__name__}: {said}): install it anew with all that it needs, or {_AUTHORS}"


def _of_another_version(wanted: int) -> str:
    way_out = (
        "update exchange-balance-exporter, or install an older release of the package"
        if wanted > VERSION
        else "install a newer release of the package"
    )
    return f"was written for version {wanted} of the interface for plug-ins, and this exporter has {VERSION}: {way_out}"


def _fault(name: str, loaded: object) -> str:
    """What keeps that which was loaded from being the exchange of this name; empty where it is."""
    if not isinstance(loaded, Exchange):
        return f"gives {_article(type(loaded).__name__)} where an Exchange belongs: {_AUTHORS}"
    if loaded.name in (*NAMES, *ALIASES):
        return f"gives an exchange that is built in: write {loaded.name}, and uninstall the package"
    if loaded.name != name:
        return f'calls its exchange "{cut(visible(str(loaded.name)), 60)}" there: {_AUTHORS}'
    if found := faults(loaded):
        more = f"; and {len(found) - 3} more" if len(found) > 3 else ""
        return f"describes it in a way that is refused: {cut(visible('; '.join(found[:3])), 600)}{more}: {_AUTHORS}"
    return ""


def _article(kind: str) -> str:
    return f"an {kind}" if kind[:1].lower() in "aeiou" else f"a {kind}"


def _unusable(offer: Offer, fault: str) -> UnusableExchange:
    where = visible(f"{offer.package} (entry point {offer.name} = {offer.where})")
    return UnusableExchange(f"comes from the package {where}, which {fault}")
