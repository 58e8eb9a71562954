"""What ccxt may send and how it is signed: the row's own method, host and path, and no header of ccxt's own."""

import json
import re
from base64 import urlsafe_b64decode
from collections.abc import Callable, Coroutine
from typing import Any, Final

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from exporter.core.credentials import Credentials, Secret
from exporter.core.errors import AuthError, InternalError
from exporter.exchanges.base import Endpoint, Request, Signed, Work
from exporter.exchanges.ccxt.driving import Call, driven
from exporter.exchanges.ccxt.loading import TESTED, copied, exchange_class, installed
from exporter.exchanges.ccxt.making import exchange
from exporter.exchanges.ccxt.signing import signer
from exporter.exchanges.ccxt.table import TABLE
from tests.with_ccxt.reading import IDS, OTHERS, PASSPHRASE, SECRETS, credentials

each = pytest.mark.parametrize("name", IDS)
NOW: Final = 1_795_000_000_123


def other_ec_key() -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    return pem.decode().replace("\n", r"\n")


def signed(name: str, held: Credentials) -> list[Signed]:
    """A request of each row with a key."""
    api = exchange(f"ccxt/{name}").apis[""]
    filled = {row.path: re.findall(r"{(\w+)}", row.call) for row in TABLE[name].rows}
    asked = [
        Request(each, tuple((field, "unified") for field in filled[each.path])) for each in api.endpoints if each.signed
    ]
    return [api.sign(each, held, "127.0.0.1", NOW) for each in asked]


def parts(sent: Signed) -> dict[str, str]:
    """Headers, fields of the query and fields of the body, by name."""
    query = sent.target.partition("?")[2]
    fields = dict(pair.partition("=")[::2] for pair in query.split("&") if pair)
    body = sent.body.decode()
    if body.startswith("{"):
        fields |= {key: str(value) for key, value in json.loads(body).items()}
    elif body:
        fields |= dict(pair.partition("=")[::2] for pair in body.split("&"))
    return {**sent.headers, **fields}


@each
def test_a_request_is_what_its_row_says_whatever_the_address_it_is_sent_to(name: str) -> None:
    rows = {row.path: row for row in TABLE[name].rows if row.signed}
    for sent in signed(name, credentials(name)):
        row = rows[sent.target.partition("?")[0]]
        assert bool(sent.body) <= (row.method == "POST")


@each
def test_every_part_that_is_made_of_a_secret_is_named_so_that_it_is_masked(name: str) -> None:
    held = credentials(name)
    secret = SECRETS.get(name, OTHERS)
    other = other_ec_key() if name == "coinbase" else secret[4:8] + secret[:4] + secret[8:]
    changed = Credentials(Secret(f"{held.api_key.reveal()}9"), Secret(other), Secret(f"{PASSPHRASE}9"))
    named = {each.lower() for each in TABLE[name].secret_names}
    for one, two in zip(signed(name, held), signed(name, changed), strict=True):
        before, after = parts(one), parts(two)
        differ = {each.lower() for each in before if before[each] != after.get(each)}
        assert differ - RANDOM <= named
        assert differ & named


RANDOM: Final = frozenset({"x-auth-nonce", "echostr"})
"""What ccxt makes up for each request."""


@each
def test_the_time_is_ours_and_no_clock_of_ccxt(name: str) -> None:
    """What is sent of one moment and one key is the same, but for what is made up for each request."""
    for one, two in zip(signed(name, credentials(name)), signed(name, credentials(name)), strict=True):
        before, after = parts(one), parts(two)
        random = {each.lower() for each in before if before[each] != after[each]}
        allowed = {
            "bitstamp": {"x-auth-nonce", "x-auth-signature"},
            "coinbase": {"authorization"},
            "lbank": {"echostr", "sign"},
            "upbit": {"authorization"},
            "bithumb": {"authorization"},
        }
        assert random <= allowed.get(name, set())


@each
def test_nothing_says_that_ccxt_asks(name: str) -> None:
    for sent in signed(name, credentials(name)):
        plain = {each: value for each, value in parts(sent).items() if each not in TABLE[name].secret_names}
        said = " ".join(f"{each}: {value}" for each, value in plain.items() if each not in ENCODED).lower()
        assert not any(word in said for word in ("ccxt", "partner", "broker", "referr", "source", "user-agent"))


@pytest.mark.parametrize(
    "other",
    [{"host": "api.elsewhere.example"}, {"path": "/0/private/Withdraw"}, {"method": "GET"}],
    ids=lambda other: next(iter(other)),
)
def test_what_ccxt_signs_is_not_sent_where_the_table_says_something_else(other: dict[str, Any]) -> None:
    row = TABLE["kraken"].rows[0]._replace(**other)
    endpoint = Endpoint(row.path, (), post=row.method == "POST")
    sign = signer("kraken", TABLE["kraken"], {endpoint: Call(row, endpoint)})
    with pytest.raises(InternalError, match="nothing was sent"):
        sign(Request(endpoint), credentials("kraken"), "api.kraken.com", NOW)


ENCODED: Final = ("X-TXC-PAYLOAD", "X-GEMINI-PAYLOAD", "X-Auth-Nonce", "echostr")
"""In what is random or in base64, any word may stand by chance."""


def test_these_are_all_the_requests_that_are_posted() -> None:
    """Each was looked at: the path alone decides that it reads."""
    assert {f"{row.host}{row.path}" for known in TABLE.values() for row in known.rows if row.method == "POST"} == {
        "api.kraken.com/0/private/BalanceEx",
        "api.crypto.com/exchange/v1/private/user-balance",
        "api.bitfinex.com/v2/auth/r/wallets",
        "www.bitstamp.net/api/v2/account_balances/",
        "api.gemini.com/v1/balances",
        "whitebit.com/api/v4/trade-account/balance",
        "whitebit.com/api/v4/main-account/balance",
        "api.lbank.info/v2/supplement/user_info_account.do",
    }


VECTORS: Final = {
    "kucoin": (
        Credentials(
            Secret("6763f0a1b2c3d4e5f6a7b8c9"),
            Secret("0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"),
            Secret("MadeUpPass1"),
        ),
        {
            "KC-API-TIMESTAMP": "1735689600000",
            "KC-API-PASSPHRASE": "SEPL5lDRGly/OcsPaW7rPzIGYM2jlIvbywfIGWoQcdU=",
            "KC-API-SIGN": "7ujhbfbwdXmnfG8gKtGdSD6TXuY0EfwdajGFpeRAGzQ=",
        },
    ),
    "mexc": (
        Credentials(Secret("mx0vglAbCdEfGhIjKl"), Secret("5e6f7a8b9c0d1e2f3a4b5c6d7e8f9a0b")),
        {"signature": "f97858a73456ab98e2b0f595b486d2c15516327b1c01f04d5c76954161c26eb3"},
    ),
    "kraken": (
        Credentials(Secret("aBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789+/aBcDeFgHiJkLmNoPqR"), Secret(SECRETS["kraken"])),
        {
            "nonce": "1735689600000",
            "API-Sign": "xW9QcmzkO7kckVM4JsqkPhdQYe8zc/s+dmWfCMnewbCymlX/oohS97N6fng35u4UWKP3pK5HPyTzkwgxX+mgZg==",
        },
    ),
}
"""Signatures that were worked out without ccxt, of 2025-01-01 00:00 UTC."""


@pytest.mark.parametrize("name", VECTORS)
def test_a_signature_is_the_one_that_was_worked_out_without_ccxt(name: str) -> None:
    held, expected = VECTORS[name]
    api = exchange(f"ccxt/{name}").apis[""]
    sent = parts(api.sign(Request(api.endpoints[0]), held, "127.0.0.1", 1735689600000))
    assert {each: sent[each] for each in expected} == expected


ED25519: Final = "crbpVhP6C/MwCWoNamd/9rU7HFfcIA/TvaqduwYPqHNUZlg74nXclEzDD6sJCCfZjRuuIpEd8XlqRWOwkLGt/g=="


@pytest.mark.parametrize(
    ("held", "algorithm"),
    [
        (credentials("coinbase"), "ES256"),
        (Credentials(Secret("66666666-7777-4888-8999-aaaaaaaaaaaa"), Secret(ED25519)), "EdDSA"),
    ],
    ids=["ES256", "EdDSA"],
)
def test_a_token_of_coinbase_is_for_this_request_at_the_real_host(held: Credentials, algorithm: str) -> None:
    api = exchange("ccxt/coinbase").apis[""]
    sent = api.sign(Request(api.endpoints[0], (("limit", "250"),)), held, "127.0.0.1", NOW)
    head, claims = (_of_token(sent, place) for place in (0, 1))
    assert (head["alg"], head["kid"]) == (algorithm, held.api_key.reveal())
    assert "GET api.coinbase.com/api/v3/brokerage/accounts" in (claims.get("uri"), *claims.get("uris", ()))
    assert claims["nbf"] == NOW // 1000


def _of_token(sent: Signed, place: int) -> Any:
    part = sent.headers["Authorization"].removeprefix("Bearer ").split(".")[place]
    return json.loads(urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def drive(coroutine: Coroutine[Any, Any, Any], calls: dict[str, Call]) -> list[Request]:
    """What is asked, each answered with nothing."""
    asked: list[Request] = []
    reader = driven(coroutine, calls)
    answer: Any = None
    try:
        while True:
            wish = reader.send(answer)
            assert isinstance(wish, Request | Work)
            if isinstance(wish, Work):
                answer = wish.run()
            else:
                asked.append(wish)
                answer = {}
    except StopIteration:
        return asked


@pytest.mark.parametrize(
    "wish",
    [
        lambda it: it.privatePostWithdraw({"asset": "XBT", "key": "mine", "amount": "1"}),
        lambda it: it.privatePostWalletTransfer({}),
        lambda it: it.publicGetTime({}),
        lambda it: it.fetch2("BalanceEx", ["private"], "POST", {}),
        lambda it: it.fetch("https://api.kraken.com/0/private/BalanceEx", "POST", {}, ""),
        lambda it: it.throttle(1),
        lambda it: it.sleep(1),
    ],
)
def test_what_is_not_in_the_table_ends_before_it_is_sent(wish: Callable[[Any], Coroutine[Any, Any, Any]]) -> None:
    with pytest.raises(InternalError, match="nothing was sent"):
        drive(wish(copied("kraken")), {})


def test_a_wish_by_another_method_than_its_row_is_none_of_the_table() -> None:
    row = TABLE["kraken"].rows[0]
    calls = {row.call: Call(row, exchange("ccxt/kraken").apis[""].endpoints[0])}
    with pytest.raises(InternalError, match="GET private BalanceEx, which is not in the table"):
        drive(copied("kraken").request("BalanceEx", ["private"], "GET", {}), calls)


def test_a_helper_that_swallows_every_exception_does_not_see_ours() -> None:
    """As those of three exchanges do: after what is refused they would go on, and hold nothing."""
    it = copied("kraken")

    async def swallowing() -> dict[str, Any]:
        try:
            await it.privatePostWithdraw({})
        except Exception:
            return {"info": {}}
        return {}

    with pytest.raises(InternalError, match="POST private Withdraw, which is not in the table"):
        drive(swallowing(), {})


def test_a_secret_of_another_kind_is_auth_and_never_quoted() -> None:
    held = Credentials(Secret("some-key"), Secret("this is no base64!"))
    with pytest.raises(AuthError) as caught:
        signed("kraken", held)
    assert "this is" not in f"{caught.value} {caught.value.advice}"


@each
def test_what_ccxt_asks_for_is_what_the_configuration_asks_for(name: str) -> None:
    required = {each for each, needed in exchange_class(name)().requiredCredentials.items() if needed}
    ours = {"api_key": "apiKey", "secret": "secret", "passphrase": "password"}
    assert {ours[each] for each in exchange(f"ccxt/{name}").credentials} == required


def test_the_version_is_the_one_of_the_table() -> None:
    assert installed() == TESTED
