"""Every way to be refused, answered with the vendor's own code and HTTP status."""

from typing import Any

import pytest

from exporter.sandbox import SITUATIONS, Fault
from tests.sandbox.facts import Code
from tests.sandbox.filled import NOW, FilledSandbox, code_of
from tests.sandbox.known import ACCOUNTS, FACTS

SIGNED = {kind: facts.window for kind, (_, _, facts) in ACCOUNTS.items() if facts.window is not None}
"""Every kind of account whose reads are signed, and for how many seconds a stamp is good."""


@pytest.mark.parametrize("kind", ACCOUNTS)
async def test_an_unknown_key_is_refused(filled: FilledSandbox, kind: str) -> None:
    account = filled.accounts[kind]
    accounts = filled.sandbox.exchange(account.exchange).accounts
    del accounts[account.key]
    assert await filled.refusal(kind) == ACCOUNTS[kind].facts.refusals["key"]


@pytest.mark.parametrize("kind", SIGNED)
async def test_a_wrong_secret_is_refused(filled: FilledSandbox, kind: str) -> None:
    filled.client.secret = "not the secret"
    assert await filled.refusal(kind) == ACCOUNTS[kind].facts.refusals["signature"]


@pytest.mark.parametrize("kind", sorted(ACCOUNTS.keys() - SIGNED))
async def test_a_wrong_secret_goes_unnoticed_where_reads_are_not_signed(filled: FilledSandbox, kind: str) -> None:
    filled.client.secret = "not the secret"
    assert await filled.succeeds(kind)


@pytest.mark.parametrize(("kind", "seconds"), SIGNED.items())
async def test_a_stamp_is_good_within_the_window_and_not_beyond(filled: FilledSandbox, kind: str, seconds: int) -> None:
    late = ACCOUNTS[kind].facts.refusals["clock"]
    filled.client.now = NOW - seconds + 1
    assert await filled.succeeds(kind)
    filled.client.now = NOW - seconds - 2
    assert await filled.refusal(kind) == late
    filled.client.now = NOW + seconds + 2
    assert await filled.refusal(kind) == late


@pytest.mark.parametrize("kind", [kind for kind, (_, _, facts) in ACCOUNTS.items() if facts.own_window])
async def test_the_callers_own_window_counts_where_there_is_one(filled: FilledSandbox, kind: str) -> None:
    filled.client.own["window"] = "30000"
    filled.client.now = NOW - 20
    assert await filled.succeeds(kind)


@pytest.mark.parametrize("kind", ACCOUNTS)
async def test_a_key_that_is_bound_elsewhere_is_refused(filled: FilledSandbox, kind: str) -> None:
    filled.accounts[kind].ips = ("192.0.2.1",)
    assert await filled.refusal(kind) == ACCOUNTS[kind].facts.refusals["ip"]
    filled.accounts[kind].ips = ("192.0.2.1", "127.0.0.1")
    assert await filled.succeeds(kind)


@pytest.mark.parametrize("kind", ACCOUNTS)
async def test_a_key_that_may_not_read_is_refused(filled: FilledSandbox, kind: str) -> None:
    filled.accounts[kind].permissions = ("trade",)
    assert await filled.refusal(kind) == ACCOUNTS[kind].facts.refusals["permission"]


@pytest.mark.parametrize("kind", ACCOUNTS)
async def test_an_expired_key_is_refused(filled: FilledSandbox, kind: str) -> None:
    filled.accounts[kind].expires_days = 0
    assert await filled.refusal(kind) == ACCOUNTS[kind].facts.refusals["expired"]


@pytest.mark.parametrize(
    ("kind", "header", "code"),
    [(kind, *each) for kind, (_, _, facts) in ACCOUNTS.items() for each in facts.without_header.items()],
)
async def test_a_missing_header_has_its_own_code(filled: FilledSandbox, kind: str, header: str, code: Code) -> None:
    filled.client.drop = header
    assert await filled.refusal(kind) == code


@pytest.mark.parametrize(
    ("kind", "target", "code"),
    [(kind, *each) for kind, (_, _, facts) in ACCOUNTS.items() for each in facts.unfinished.items()],
)
async def test_missing_parameters_are_named(filled: FilledSandbox, kind: str, target: str, code: Code) -> None:
    assert code_of(kind, await filled.client.raw(ACCOUNTS[kind].exchange, target)) == code


@pytest.mark.parametrize("exchange", FACTS)
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_what_no_exchange_has_is_refused_the_vendors_way(
    filled: FilledSandbox, exchange: str, method: str
) -> None:
    status, members = FACTS[exchange].unknown
    target = filled.main_path(exchange) if method == "POST" else "/no/such/path"
    reply = await filled.client.raw(exchange, target, method=method)
    assert reply.status == status
    answer: dict[str, Any] = reply.json()
    assert {name: answer[name] for name in members} == members


@pytest.mark.parametrize("kind", ACCOUNTS)
@pytest.mark.parametrize("situation", SITUATIONS)
async def test_every_situation_can_be_called_for(filled: FilledSandbox, situation: str, kind: str) -> None:
    faults = filled.sandbox.exchange(ACCOUNTS[kind].exchange).faults
    faults[:] = [Fault("vendor_error", situation=situation)]
    assert await filled.refusal(kind) == ACCOUNTS[kind].facts.refusals[situation]
    faults.clear()
    assert await filled.succeeds(kind)


async def test_refusals_of_an_account_leave_public_paths_alone(filled: FilledSandbox) -> None:
    faults = filled.sandbox.exchange("htx").faults
    faults.append(Fault("vendor_error", situation="key"))
    assert (await filled.client.raw("htx", "/market/tickers")).json()["status"] == "ok"
    faults[:] = [Fault("vendor_error", situation="rate")]
    assert (await filled.client.raw("htx", "/market/tickers")).json()["err-msg"] == "request limit"
