"""The keys of the configuration and what may stand under them."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Annotated, Any, Final, Self, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    PlainValidator,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from exporter.config import scalars
from exporter.config.mistakes import SECRET_NAMES, listed, quoted
from exporter.config.model import SEVERITIES, Of
from exporter.config.scalars import mistake
from exporter.core.credentials import Secret

T = TypeVar("T")


def _distinct(items: tuple[str, ...]) -> tuple[str, ...]:
    for index, item in enumerate(items):
        if item in items[:index]:
            raise mistake(f"{quoted(item)} is listed twice; keep one")
    return items


def _one_or_more(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _secret(value: Any) -> Secret:
    if not isinstance(value, str):
        raise mistake("must be a single text")
    return Secret(value)


def _of(value: Any) -> Of:
    match scalars.word(value):
        case "net":
            return "net"
        case "available":
            return "available"
        case other:
            raise mistake(f"{quoted(other)} is neither net nor available")


def _by_key(read: Callable[[Any], T], key: Callable[[Any], str]) -> Callable[[Any], T | Mapping[str, T]]:
    def either(value: Any) -> T | Mapping[str, T]:
        if not isinstance(value, dict):
            return read(value)
        found: dict[str, T] = {}
        for name, each in value.items():
            try:
                named, read_value = key(name), read(each)
            except PydanticCustomError as error:
                raise mistake(error.message(), name) from None
            if named in found:
                raise mistake(f"{quoted(named)} stands here twice under two spellings; keep one", name)
            found[named] = read_value
        return found

    return either


def _host(value: Any) -> str:
    return str(value).lower().removeprefix("https://").rstrip("/")


def _upper_keys(pegs: dict[str, Decimal | None]) -> dict[str, Decimal | None]:
    names = tuple(scalars.currency(each) for each in pegs)
    _distinct(names)
    return dict(zip(names, pegs.values(), strict=True))


Amount = Annotated[Decimal, BeforeValidator(scalars.amount)]
Word = Annotated[str, BeforeValidator(scalars.name)]
Currency = Annotated[str, BeforeValidator(scalars.currency)]
WalletName = Annotated[str, BeforeValidator(scalars.wallet)]
Hidden = Annotated[Secret, PlainValidator(_secret)]
Interval = Annotated[float, BeforeValidator(scalars.duration(1.0, scalars.DAY))]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, arbitrary_types_allowed=True)


class Match(_Strict):
    """Which accounts a rule is for: each key that is given has to match."""

    account: Annotated[tuple[Word, ...], BeforeValidator(_one_or_more)] = ()
    exchange: Annotated[
        tuple[Annotated[str, BeforeValidator(scalars.exchange_pattern)], ...], BeforeValidator(_one_or_more)
    ] = ()

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        given = [getattr(self, key) for key in self.model_fields_set]
        if not any(given):
            keys = listed(type(self).model_fields)
            raise mistake(f'needs a pattern under {keys}; `account: "*"` matches every account')
        if not all(given) or any(not all(each.values()) for each in given if isinstance(each, dict)):
            raise mistake("holds an empty list, which matches nothing; take the key out")
        return self


class TotalMatch(Match):
    """Which accounts a total is over: each key that is given has to match."""

    label: dict[
        Annotated[str, BeforeValidator(scalars.label_name)],
        Annotated[tuple[Word, ...], BeforeValidator(_one_or_more)],
    ] = {}


class CredentialKeys(_Strict):
    """Secrets, each in one of three spellings, and the day on which the key expires."""

    api_key: Hidden | None = None
    api_key_env: Hidden | None = None
    api_key_file: Hidden | None = None
    secret: Hidden | None = None
    secret_env: Hidden | None = None
    secret_file: Hidden | None = None
    passphrase: Hidden | None = None
    passphrase_env: Hidden | None = None
    passphrase_file: Hidden | None = None
    expires: Annotated[float, BeforeValidator(scalars.end_of_day)] | None = None

    @model_validator(mode="after")
    def _one_spelling_each(self) -> Self:
        for name in SECRET_NAMES:
            spellings = [name + kind for kind in ("", "_env", "_file") if getattr(self, name + kind) is not None]
            if len(spellings) > 1:
                raise mistake(f"{listed(spellings, 'and')} stand side by side; keep exactly one of them")
        return self


class ThresholdEntry(_Strict):
    """Amounts of one currency in one wallet; null takes an inherited one away."""

    currency: Currency
    wallet: WalletName = "main"
    of: Annotated[Of, BeforeValidator(_of)] = "net"
    warning: Amount | None = None
    critical: Amount | None = None
    target: Amount | None = None

    @model_validator(mode="after")
    def _has_a_severity(self) -> Self:
        if not self.model_fields_set.intersection(SEVERITIES):
            raise mistake("has none of warning, critical and target; give at least one")
        return self


class Broken:
    """Stands in a list for an item with a mistake, so that the others keep their places."""


BROKEN: Final = Broken()


def _unless_broken(value: Any, validate: ValidatorFunctionWrapHandler) -> Any:
    return value if value is BROKEN else validate(value)


class UsdEntry(_Strict):
    """USD values of the whole account; null takes an inherited one away."""

    warning: Amount | None = None
    critical: Amount | None = None
    target: Amount | None = None


class Currencies(_Strict):
    """Patterns of the currencies that are shown."""

    include: tuple[Currency, ...] | None = None
    exclude: tuple[Currency, ...] | None = None


class AccountSettings(_Strict):
    """What may stand in `defaults`, in a rule and in an account; null takes back what was inherited."""

    interval: Interval | None = None
    timeout: Annotated[float, BeforeValidator(scalars.duration(0.1, 3600.0))] | None = None
    stale_after: Annotated[float, BeforeValidator(scalars.duration(1.0, 365 * scalars.DAY, zero=True))] | None = None
    credentials: CredentialKeys | None = None
    wallets: Annotated[tuple[WalletName, ...], AfterValidator(_distinct)] | None = None
    labels: (
        dict[
            Annotated[str, BeforeValidator(scalars.label_name)],
            Annotated[str, BeforeValidator(scalars.label_value)] | None,
        ]
        | None
    ) = None
    thresholds: tuple[Annotated[ThresholdEntry, WrapValidator(_unless_broken)], ...] | None = None
    usd: UsdEntry | None = None
    expect: Annotated[tuple[Currency, ...], AfterValidator(_distinct)] | None = None
    currencies: Currencies | None = None
    min_usd: Amount | None = None
    max_currencies: Annotated[int, BeforeValidator(scalars.count)] | None = None
    shard_key: Word | None = None
    options: dict[str, Word | None] | None = None
    base_url: Annotated[str | Mapping[str, str], PlainValidator(_by_key(scalars.base_url, _host))] | None = None
    proxy: Annotated[str, BeforeValidator(scalars.proxy)] | None = None


class Rule(AccountSettings):
    """Settings for the accounts that match."""

    match: Match | None = None


class Entry(AccountSettings):
    """One account. Name and exchange are required; their absence is reported by `validate`."""

    name: Annotated[str, BeforeValidator(scalars.account_name)] = ""
    exchange: Annotated[str, BeforeValidator(scalars.exchange_to_read)] = ""


class ValuationKeys(_Strict):
    """How holdings are valued."""

    enabled: Annotated[bool, BeforeValidator(scalars.boolean)] = True
    interval: Interval = 60.0
    pegs: Annotated[
        dict[Word, Annotated[Decimal, BeforeValidator(scalars.price)] | None], AfterValidator(_upper_keys)
    ] = {}
    also: Annotated[tuple[Currency, ...], AfterValidator(_distinct)] = ()


class TotalEntry(_Strict):
    """Limits on what several accounts hold together. What has to fit together in it is checked by `config.totals`."""

    name: Annotated[str, BeforeValidator(scalars.total_name)] = ""
    match: TotalMatch | None = None
    currency: Currency | None = None
    warning: Amount | None = None
    critical: Amount | None = None
    target: Amount | None = None
    usd: UsdEntry | None = None


class Document(_Strict):
    """The keys of the file; what stands under most of them is validated piece by piece."""

    defaults: Any = None
    rules: Any = None
    rate_share: (
        Annotated[float | Mapping[str, float], PlainValidator(_by_key(scalars.share, scalars.exchange_name))] | None
    ) = None
    valuation: ValuationKeys | None = None
    totals: Any = None
    account_files: tuple[Word, ...] | None = None
    accounts: Any = None
