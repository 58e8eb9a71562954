"""A wallet is never empty because something failed: what ccxt takes for nothing is a failure here, with a reason."""

from typing import Final

import pytest

from exporter.core.errors import InternalError, PollError
from exporter.exchanges.ccxt.table import TABLE
from exporter.transport.conversation import Transport
from tests.kit.clock import FakeClock
from tests.with_ccxt.reading import IDS, Desk, desk
from tests.with_ccxt.samples import SAMPLES
from tests.with_ccxt.stand_in import Answer

each = pytest.mark.parametrize("name", IDS)

MAIN: Final = {
    name: {row.call: row for row in known.rows}[next(iter(known.wallets.values())).calls[-1]]
    for name, known in TABLE.items()
}
"""The row by which the main wallet is read."""

PAGE: Final = "<!DOCTYPE html><html><body>Just a moment...</body></html>"
GENERIC: Final = '{"code":-99999,"msg":"no","message":"no","error":"no"}'

FAILURES: Final = {
    "a page with status 200": (Answer(200, PAGE, "text/html"), {"http"}),
    "a redirect": (Answer(302, PAGE, "text/html", {"Location": "https://elsewhere.example/login"}), {"http"}),
    "a page with status 403": (Answer(403, PAGE, "text/html"), {"http"}),
    "a page with status 500": (Answer(500, PAGE, "text/html"), {"http"}),
    "a page with a status that ccxt does not know": (Answer(523, PAGE, "text/html"), {"http"}),
    "null": (Answer(200, "null"), {"payload"}),
    "nothing": (Answer(200, ""), {"payload"}),
    "a word": (Answer(200, '"fine"'), {"payload"}),
    "an object with nothing in it": (Answer(200, "{}"), {"payload", "exchange"}),
    "JSON that is cut short": (Answer(200, '{"result":{"a'), {"payload"}),
    "a refusal with a status that ccxt does not know": (Answer(402, '{"note":"pay"}'), {"http", "exchange"}),
    "an error of a kind that nobody knows": (Answer(200, GENERIC), {"payload", "exchange"}),
    "too many requests": (Answer(429, GENERIC), {"rate_limited"}),
    "a list of nothing": (Answer(200, "[[]]"), {"payload", "exchange"}),
    "too many rows": (Answer(200, "[" + "{}," * 20_001 + "{}]"), {"payload", "exchange"}),
}


async def failure(it: Desk, wallet: str) -> PollError:
    """What the read of a wallet fails with; it has to."""
    with pytest.raises(PollError) as caught:
        await it.wallet(wallet)
    assert not isinstance(caught.value, InternalError)
    return caught.value


@each
@pytest.mark.parametrize("what", FAILURES)
async def test_no_wallet_is_empty_because_of(name: str, what: str, transport: Transport, clock: FakeClock) -> None:
    answer, reasons = FAILURES[what]
    for wallet in SAMPLES[name].wallets:
        async with desk(name, transport, clock) as it:
            it.stand_in.instead = answer
            assert (await failure(it, wallet)).reason in reasons


@each
async def test_a_key_that_is_refused_is_auth(name: str, transport: Transport, clock: FakeClock) -> None:
    async with desk(name, transport, clock) as it:
        it.stand_in.instead = Answer(*SAMPLES[name].refusal)
        error = await failure(it, it.api.main)
        assert (error.reason, bool(error.advice)) == ("auth", True)


@pytest.mark.parametrize("name", [name for name in IDS if MAIN[name].holds[0] not in "[{"])
async def test_the_list_of_a_wallet_that_is_missing_is_no_empty_list(
    name: str, transport: Transport, clock: FakeClock
) -> None:
    """Another word stands in the place of the list's own name."""
    field = MAIN[name].holds.rstrip("[]{}").rpartition(".")[2]
    async with desk(name, transport, clock) as it:
        it.stand_in.answers = {
            path: text.replace(f'"{field}"', '"elsewhere"') for path, text in it.stand_in.answers.items()
        }
        assert (await failure(it, it.api.main)).reason in {"payload", "exchange"}
