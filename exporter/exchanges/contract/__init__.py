"""What every exchange must keep, as one function over its description and an answer for each of its endpoints.

For tests, of ours and of those who bring an exchange in a package of their own:

    def test_it_keeps_what_every_exchange_keeps() -> None:
        assert broken_promises(EXCHANGE, {"/v1/time": '{"now": 1767225600123}', ...}) == []

Nothing is sent: requests are signed at a made-up moment with made-up credentials, and readers are given these answers,
also with parts of them changed, removed, or in great number.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from exporter.exchanges.base import Exchange
from exporter.exchanges.contract.case import Case, Conversation, parse, respond
from exporter.exchanges.contract.promises import PROMISES
from exporter.exchanges.description import faults
from exporter.exchanges.values import cut

__all__ = ["Conversation", "broken_promises", "parse", "respond"]


def broken_promises(
    exchange: Exchange,
    answers: Mapping[str, str],
    *,
    pair: tuple[str, str] = ("BTC", "USDT"),
    names_key_again: Collection[str] = (),
    null_is_empty: Collection[str] = (),
    harmless: Collection[str] = (),
) -> list[str]:
    """What of the contract an exchange does not keep, one sentence each; none where it keeps all.

    Args:
        exchange: its description.
        answers: path of each endpoint -> a good answer, whole, as JSON: a wallet holds a few currencies, prices and
            markets list more than one pair.
        pair: base and quote of a pair that the answer with the prices prices.
        names_key_again: paths whose request names the API key twice.
        null_is_empty: wallets in whose answer the exchange is known to write null for a list without rows, whatever
            was held.
        harmless: paths that hold a word like `order`, and were looked at: they only list such things.
    """
    if found := faults(exchange):
        return found
    return [
        f"API {name}: {sentence}" if name else sentence
        for name, api in exchange.apis.items()
        for sentence in _of_api(Case(exchange, name, api, answers, pair, names_key_again, null_is_empty, harmless))
    ]


def _of_api(case: Case) -> Iterator[str]:
    lacking = [each.path for each in case.api.endpoints if each.path not in case.answers]
    if lacking:
        yield f"there is no answer for {', '.join(dict.fromkeys(lacking))}"
        return
    for promise in PROMISES:
        try:
            yield from promise(case)
        except Exception as error:
            yield f"{_named(promise)}: {type(error).__name__}: {cut(str(error), 300)}"


def _named(promise: Callable[..., Any]) -> str:
    return (promise.__doc__ or "").partition("\n")[0].rstrip(".")
