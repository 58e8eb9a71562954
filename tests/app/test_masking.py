"""Secrets are found in every spelling in which they could leave the process."""

import html
import json
from base64 import b64encode, urlsafe_b64encode
from tracemalloc import get_traced_memory, start, stop
from urllib.parse import quote, quote_plus, urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.app.masking import FORMER_SECONDS, SHORTEST, SHORTEST_IN_NAMES, Masking, proxy_logins, secrets_of
from exporter.exchanges.values import cut, shown
from exporter.transport.answers import SHOWN, beginning
from tests.kit.accounts import configured

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
        (r"'Timestamp: 1\r\nSIGN: 8899aabbccdd'", r"'Timestamp: 1\r\nSIGN: <secret>'"),
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


def test_a_spelling_that_two_secrets_share_is_masked_while_one_of_them_is_known() -> None:
    mask = masking("abc def", "abc+def")
    mask.keep(["abc+def"], 0.0)
    mask.keep(["abc+def"], FORMER_SECONDS)
    assert mask("abc+def; abc def") == "<secret>; abc def"


def test_a_former_secret_is_masked_for_as_long_as_it_may_show_up_and_no_longer() -> None:
    mask = masking("the-first")
    mask.keep(["the-second"], 1000.0)
    assert mask("the-first the-second") == "<secret> <secret>"
    mask.keep(["the-third"], 1000.0 + FORMER_SECONDS / 2)
    assert mask("the-first the-second the-third") == "<secret> <secret> <secret>"
    mask.keep(["the-third"], 1000.0 + FORMER_SECONDS)
    assert mask("the-first the-second the-third") == "the-first <secret> <secret>"


def test_a_secret_that_comes_back_is_known_for_good() -> None:
    mask = masking("the-first")
    mask.keep(["the-second"], 0.0)
    mask.keep(["the-first"], 10.0)
    mask.keep(["the-first"], 2 * FORMER_SECONDS)
    assert mask("the-first") == "<secret>"


def test_memory_does_not_grow_with_rotations() -> None:
    mask = Masking()

    def rotate(first: int, last: int) -> None:
        for number in range(first, last):
            mask.keep([f"key-number-{number}", f"secret-number-{number}"], number * 60.0)

    rotate(0, 100)
    start()
    rotate(100, 1000)
    before, _ = get_traced_memory()
    rotate(1000, 2000)
    after, _ = get_traced_memory()
    stop()
    assert after - before < 100_000
    assert mask("key-number-1999 key-number-100") == "<secret> key-number-100"


JSON_ESCAPED = "".join(f"\\u{ord(letter):04x}" for letter in SECRET)
HTML_ESCAPED = "".join(f"&#x{ord(letter):x};" for letter in SECRET)


@pytest.mark.parametrize(
    "spelled",
    [
        SECRET.upper(),
        SECRET.swapcase(),
        quote(SECRET.upper(), safe=""),
        JSON_ESCAPED,
        JSON_ESCAPED.upper().replace("\\U", "\\u"),
        json.dumps(JSON_ESCAPED)[1:-1],
        SECRET.replace("/", "\\/"),
        SECRET.replace("+", "\\u002b"),
        SECRET.replace("s", "\\x73"),
        HTML_ESCAPED,
        "".join(f"&#{ord(letter)};" for letter in SECRET),
        html.escape(HTML_ESCAPED),
        quote(quote(SECRET, safe=""), safe=""),
        quote(quote(quote(SECRET, safe=""), safe=""), safe=""),
        "".join(f"%{ord(letter):02x}" for letter in SECRET),
        quote(json.dumps(JSON_ESCAPED)[1:-1], safe=""),
        b64encode(SECRET.encode()).decode().lower(),
    ],
)
def test_a_secret_is_found_under_any_escape_and_in_any_case(spelled: str) -> None:
    assert masking(SECRET)(f"<{spelled}>") == "<<secret>>"


@pytest.mark.parametrize("secret", ["a<b>&\"c'd", "schlüssel 🔑 é", "50%25 off\\u0041", "&lt;tag&gt;", "tab\there"])
def test_odd_letters_are_found_in_every_layer(secret: str) -> None:
    encode = (
        lambda text: json.dumps(text)[1:-1],
        lambda text: quote(text, safe=""),
        html.escape,
        lambda text: repr(text)[1:-1],
        lambda text: ascii(text)[1:-1],
    )
    for first in encode:
        for second in encode:
            text = second(first(secret))
            assert masking(secret)(f"x {text} y") == "x <secret> y", text


@settings(max_examples=100)
@given(
    secret=st.text(st.characters(codec="utf-8"), min_size=SHORTEST, max_size=20), escaped=st.sets(st.integers(0, 19))
)
def test_any_letter_of_a_secret_may_be_escaped(secret: str, escaped: set[int]) -> None:
    letters = [json.dumps(each)[1:-1] if each in '\\"' or not each.isprintable() else each for each in secret]
    for place in escaped & set(range(len(secret))):
        units = secret[place].encode("utf-16-be").hex()
        letters[place] = "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))
    assert masking(secret)(f'{{"msg": "{"".join(letters)}"}}') == '{"msg": "<secret>"}'


PASSPHRASE = "correct horse battery staple 4711"


def pieces(secret: str) -> list[str]:
    """Every piece of a secret that must not show."""
    return [secret[at : at + SHORTEST] for at in range(len(secret) - SHORTEST + 1)]


@pytest.mark.parametrize(
    "secret", [PASSPHRASE, "0123456789" * 4, "Bearer<of>&\"the'key\\\\1", "пароль из слов и цифр 12"]
)
@pytest.mark.parametrize("places", range(60))
def test_no_piece_of_a_secret_shows_wherever_a_text_is_cut(secret: str, places: int) -> None:
    mask = masking(secret)
    told = f"{'-' * places}{secret} is unknown, {secret} too"
    for text in (
        cut(told, 60),
        cut(json.dumps(told), 60),
        cut(quote(told), 60),
        cut(html.escape(told), 60),
        cut(repr({"msg": told}), 60),
        shown(told),
        shown({"message": json.dumps(told)}),
        beginning((" " * (SHOWN - 40) + told + " " * SHOWN).encode()),
    ):
        left = mask(f"HTTP 400: {text} where a number belongs").replace("<secret>", " ")
        assert [piece for piece in pieces(secret) if piece in left] == [], left


@pytest.mark.parametrize("letter", ["x", "é", "€", "🔑"])
@pytest.mark.parametrize("places", range(120, 210))
def test_no_piece_of_a_secret_shows_where_a_body_is_cut(letter: str, places: int) -> None:
    body = letter * places + PASSPHRASE + letter * 800
    left = masking(PASSPHRASE)(beginning(body.encode()))
    assert [piece for piece in pieces(PASSPHRASE) if piece in left] == [], left


def test_what_overlaps_is_masked_whole() -> None:
    assert masking("abcdef", "efghij")("-abcdefghij-") == "-<secret>-"


def test_a_mask_is_no_secret() -> None:
    mask = masking("secret")
    assert mask("a <secret> is secret") == "a <secret> is <secret>"


def test_words_before_an_ellipsis_stay() -> None:
    assert masking("waiter-1", "keyhole")("wait... what a key...") == "<secret>... what a key..."


def test_a_short_word_stays_in_a_name() -> None:
    mask = masking("usdt", "LONGER-THAN-A-COIN")
    assert mask.name("USDT") == "USDT"
    assert mask.name("xLonger-than-a-coin") == "x<secret>"
    assert len("usdt") < SHORTEST_IN_NAMES <= len("LONGER-THAN-A-COIN")


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("http://user:p4ss-word@proxy:3128", "p4ss-word"),
        ("user:p4ss-word@proxy:3128", "p4ss-word"),
        ("http://user:p4%2Fss%40word@proxy:3128", "p4/ss@word"),
        ("http://user:p4%2Fss%40word@proxy:3128", "p4%2Fss%40word"),
        ("http://a-token-and-nothing-else@proxy", "a-token-and-nothing-else"),
        ("http://[nonsense:p4ss-word@", "p4ss-word"),
    ],
)
def test_the_login_of_a_proxy_is_masked(url: str, text: str) -> None:
    found = masking(*proxy_logins({"HTTPS_PROXY": url, "HOME": "/home/of-somebody"}))
    assert found(f"at {text} in /home/of-somebody") == "at <secret> in /home/of-somebody"
    assert masking(*secrets_of([configured(proxy=url)]))(f"at {text}") == "at <secret>"


def test_a_proxy_without_a_login_masks_nothing() -> None:
    assert list(proxy_logins({"http_proxy": "http://proxy:3128", "no_proxy": "localhost,example.org"})) == []


def test_the_login_as_it_is_sent_to_a_proxy_is_masked() -> None:
    sent = b64encode(b"user:p4ss-word").decode()
    assert masking(*proxy_logins({"all_proxy": "http://user:p4ss-word@proxy"}))(f"({sent})") == "(<secret>)"
    for text in (f"Proxy-Authorization: Basic {sent}", f"{{'Authorization': 'Basic {sent}'}}"):
        assert sent not in Masking()(text)
