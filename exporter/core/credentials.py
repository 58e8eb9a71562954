"""Secrets that mask themselves everywhere, and the credentials of one account."""

from dataclasses import dataclass
from typing import Any, Final, NoReturn

MASK: Final = "<secret>"


class Secret:
    """A secret text that shows itself only to `reveal()`.

    It is masked in repr, str, format, %-formatting, logging and JSON (which refuses it). Copying gives the same
    object; pickling is refused, since a pickle would carry the text out of the process.
    """

    __slots__ = ("_text",)
    _text: str

    def __init__(self, text: str) -> None:
        object.__setattr__(self, "_text", text)

    def reveal(self) -> str:
        """The secret itself; only a signature may ask for it."""
        return self._text

    def __repr__(self) -> str:
        return MASK

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return format(MASK, spec)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other.reveal() == self.reveal()

    def __hash__(self) -> int:
        return hash((Secret, self.reveal()))

    def __bool__(self) -> bool:
        return bool(self.reveal())

    def __setattr__(self, name: str, value: Any) -> NoReturn:
        raise AttributeError("a Secret cannot be changed")

    def __copy__(self) -> "Secret":
        return self

    def __deepcopy__(self, memo: Any) -> "Secret":
        return self

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        raise TypeError("a Secret cannot be pickled")


NOTHING: Final = Secret("")


@dataclass(frozen=True, slots=True)
class Credentials:
    """What signs the requests of one account; which of them an exchange needs stands in `Exchange.credentials`."""

    api_key: Secret
    secret: Secret = NOTHING
    passphrase: Secret = NOTHING
