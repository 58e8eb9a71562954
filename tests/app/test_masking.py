"""Secrets are found in every spelling in which they could leave the process."""

import json
from base64 import b64encode, urlsafe_b64encode
from urllib.parse import quote, quote_plus, urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.app.masking import SHORTEST, Masking

SECRET = "s3cr/et+k=y"


def masking(*secrets: str) -> Masking:
    made = Masking()
    made.add(secrets)
    return made


@pytest.mark.parametrize(
    "spelled",
    [
        SECRET,
        quote(SECRET, safe=""),
        quote(SECRET),
        quote_plus(SECRET),
        quote(SECRET, safe="").lower(),
        urlencode({"k": SECRET}).removeprefix("k="),
        SECRET.encode().hex(),
        SECRET.encode().hex().upper(),
        b64encode(SECRET.encode()).decode(),
        b64encode(SECRET.encode()).decode().rstrip("="),
        urlsafe_b64encode(SECRET.encode()).decode(),
        quote(b64encode(SECRET.encode()).decode(), safe=""),
        json.dumps(SECRET)[1:-1],
        repr(SECRET)[1:-1],
    ],
)
def test_every_spelling_is_masked(spelled: str) -> None:
    assert masking(SECRET)(f"<{spelled}>") == "<<secret>>"


@pytest.mark.parametrize("before", ["", "u", "us", "use", "user"])
@pytest.mark.parametrize("behind", ["", "x", "xy", "xyz"])
def test_a_secret_within_a_base64_text_is_masked(before: str, behind: str) -> None:
    secret = "a-long-enough-secret"
    text = b64encode(f"{before}{secret}{behind}".encode()).decode()
    left = masking(secret)(text).replace("<secret>", "")
    assert len(left) <= 4 * 4  # no more than the ends, which are not the secret's own


def test_every_occurrence_is_masked() -> None:
    assert masking("abcd")("abcd abcdabcd xabcd") == "<secret> <secret><secret> x<secret>"


def test_the_longest_of_several_secrets_is_masked_whole() -> None:
    assert masking("abcdef", "abcdefghij")("abcdefghij abcdef") == "<secret> <secret>"


def test_what_is_too_short_to_tell_from_words_is_left() -> None:
    assert masking("abc", "")("abc abcd") == "abc abcd"
    assert masking("abcd")("abcd") == "<secret>"


@settings(max_examples=100)
@given(secret=st.text(min_size=SHORTEST, max_size=40), before=st.text(max_size=20), behind=st.text(max_size=20))
def test_no_secret_passes_wherever_it_stands(secret: str, before: str, behind: str) -> None:
    masked = masking(secret)(before + secret + behind)
    assert secret not in masked.replace("<secret>", "\0") or secret in "<secret>"


NAMES = (
    *("signature", "AccessKeyId", "accesskey", "ACCESS-SIGN", "ACCESS-KEY", "ACCESS-PASSPHRASE", "X-BM-KEY"),
    *("X-BX-APIKEY", "validate-appkey", "validate-signature", "SIGN"),
)


def named(*names: str) -> Masking:
    made = Masking()
    made.add_names(names)
    return made


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("GET /x?a=1&signature=0AbC&b=2", "GET /x?a=1&signature=<secret>&b=2"),
        ("?Signature=4F65x5A2bLyMVQj3Aqp%2BB4w%2BivaA7n5Oi2SuYtCJ9o%3D", "?Signature=<secret>"),
        ("AccessKeyId=e2xxxxxx-99xxxxxx&order=1", "AccessKeyId=<secret>&order=1"),
        ("accesskey=abc&nonce=1", "accesskey=<secret>&nonce=1"),
        ("url=https%3A%2F%2Fx%3Fsignature%3Dabc", "url=https%3A%2F%2Fx%3Fsignature%3D<secret>"),
        ("{'ACCESS-SIGN': 'q1w2e3=', 'x': 1}", "{'ACCESS-SIGN': '<secret>', 'x': 1}"),
        ('{"ACCESS-PASSPHRASE": "pw"}', '{"ACCESS-PASSPHRASE": "<secret>"}'),
        ("X-BM-SIGN: 8899aabbccdd", "X-BM-SIGN: <secret>"),
        ("X-BX-APIKEY: abc", "X-BX-APIKEY: <secret>"),
        ("validate-signature: ffee", "validate-signature: <secret>"),
        ("('ACCESS-KEY', 'bg_1')", "('ACCESS-KEY', '<secret>')"),
        ("{'SIGN': 'abc', 'x': 1}", "{'SIGN': '<secret>', 'x': 1}"),
        ("SIGN: 8899aabbccdd", "SIGN: <secret>"),
    ],
)
def test_what_signs_is_masked_without_being_known(text: str, masked: str) -> None:
    assert named(*NAMES)(text) == masked


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("X-MBX-APIKEY", "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A"),
        ("KC-API-SIGN", "7QP/oM0ykidMdrfNEUmng8eZjg/ZvPafjIqmxiVfYu4="),
        ("KC-API-KEY", "5c2db93503aa674c74a31734"),
        ("X-BAPI-SIGN", "410e0f387bafb7afd0f1722c068515e09945610124fa11774da1da857b72f30a"),
        ("OK-ACCESS-PASSPHRASE", "correct-horse-9"),
    ],
)
def test_what_other_exchanges_send_is_masked_before_anybody_names_it(name: str, value: str) -> None:
    for text in (f"{name}: {value}", f"{{'{name}': '{value}'}}", f"('{name}', '{value}')", f"{name}={value}"):
        assert value not in Masking()(text)
        assert value not in Masking()(repr(text))


@pytest.mark.parametrize("name", ["signature", "sign", "api_key", "apiKey", "accessKeyId", "passphrase"])
def test_a_query_field_that_tells_a_secret_needs_no_name(name: str) -> None:
    assert Masking()(f"GET /x?{name}=abc&b=2") == f"GET /x?{name}=<secret>&b=2"


@pytest.mark.parametrize(
    "text",
    [
        "the signature is wrong",
        "Signature: not valid",
        "design=flat",
        "signed=1",
        "/v2/user/api-key: 200 requests",
        "/v2/user/api-key, 20000001",
        "the read-only key: expired",
        "a read-only-key: permission 12345678",
        "api-signature-not-valid: Signature not valid: Incorrect Access key",
        "sign: in and look for a notice of 2027-01-31",
    ],
)
def test_words_about_signatures_stay(text: str) -> None:
    assert Masking()(text) == text
    assert named(*NAMES)(text) == text


def test_names_are_kept_when_secrets_are_replaced() -> None:
    mask = named("X-ODD")
    mask.replace(["abcdef"])
    assert mask("X-ODD: 1") == "X-ODD: <secret>"


def test_masking_twice_is_masking_once() -> None:
    mask = masking(SECRET)
    once = mask(f"signature=abc&key={SECRET}")
    assert mask(once) == once


def test_replace_knows_the_new_secrets_only() -> None:
    mask = masking("abcdef")
    mask.replace(["ghijkl"])
    assert mask("abcdef ghijkl") == "abcdef <secret>"
