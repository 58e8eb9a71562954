"""The sandbox's own verifiers against signatures that independent clients produce for made-up keys."""

import pytest

from exporter.sandbox.vendors import bingx, bitget, htx, xt

XT_KEY, XT_SECRET, STAMP = "demo-xt-appkey-001", "demo-xt-secret-002", "1767225600123"


def xt_headers(prefix: str, signature: str) -> dict[str, str]:
    return {
        f"{prefix}algorithms": "HmacSHA256",
        f"{prefix}appkey": XT_KEY,
        f"{prefix}recvwindow": "5000",
        f"{prefix}timestamp": STAMP,
        f"{prefix}signature": signature,
    }


@pytest.mark.parametrize(
    ("prefix", "path", "query", "signature"),
    [
        ("validate-", "/v4/balances", "", "135ffec56ee858933df188de7b86e3d8198c2a32e8775d142ce6bf23f0bf17c5"),
        ("xt-validate-", "/v4/balances", "", "14321bfd37fc176cfe1f53de894dc8651c29794b52801fbd8822239061e85ee1"),
        (
            "validate-",
            "/v4/balances",
            "currencies=usdt,btc",
            "f043710d9f915c21b0b190f69c5e085913edf46dc761593687efa98a08e5f8cf",
        ),
        (
            "xt-validate-",
            "/v4/balances",
            "currencies=usdt%2Cbtc",
            "5e2691c41ed21fc3b3dae8ba45fa2391d36ed69a1b577bd5b56cec2f4b4e734f",
        ),
        (
            "validate-",
            "/v4/balance",
            "currency=usdt",
            "8202ee50cba239f2241f1a95f466d49faa14dde73b349928275cf7b3cfb53611",
        ),
    ],
)
def test_xt_takes_the_known_signature_and_no_other(prefix: str, path: str, query: str, signature: str) -> None:
    headers = xt_headers(prefix, signature)
    assert xt.v4_fits(XT_SECRET, headers, prefix, "GET", path, query)
    assert xt.v4_fits(XT_SECRET, xt_headers(prefix, signature.upper()), prefix, "GET", path, query)
    assert not xt.v4_fits("another", headers, prefix, "GET", path, query)
    assert not xt.v4_fits(XT_SECRET, headers, prefix, "POST", path, query)
    assert not xt.v4_fits(XT_SECRET, headers, prefix, "GET", path, query + "x=1")
    assert not xt.v4_fits(XT_SECRET, {**headers, f"{prefix}timestamp": "1767225600124"}, prefix, "GET", path, query)


@pytest.mark.parametrize(
    ("query", "signature"),
    [
        (
            f"accesskey={XT_KEY}&nonce={STAMP}",
            "330455fde99a5fb4f4b5cf659432f2e36b2f138ac8c447fe33c1ee9619602cb5",
        ),
        (
            f"nonce={STAMP}&account=1&accesskey={XT_KEY}",
            "12989dd0838b9fc9635a054f30f610f29f70f6b07d85dd8bd2deadc73a7719fe",
        ),
    ],
)
def test_xt_legacy_sorts_the_parameters_itself(query: str, signature: str) -> None:
    assert xt.legacy_fits(XT_SECRET, f"{query}&signature={signature}")
    assert xt.legacy_fits(XT_SECRET, f"signature={signature.upper()}&{query}")
    assert not xt.legacy_fits("another", f"{query}&signature={signature}")
    assert not xt.legacy_fits(XT_SECRET, f"{query}&more=1&signature={signature}")
    assert not xt.legacy_fits(XT_SECRET, query)


@pytest.mark.parametrize(
    ("query", "signature"),
    [
        (f"timestamp={STAMP}", "4d62ab8b24d45de55c57b56d0822c2212defa35c33cbf170a7f185848aa7a590"),
        (
            f"recvWindow=5000&timestamp={STAMP}",
            "1e5e069b5fc7dd2a155034044fcabb685a9957c1f8f645cb0eb7a8911a57d6f3",
        ),
        (
            f"accountType=sopt&recvWindow=5000&timestamp={STAMP}",
            "43805ee3ed5efa88e562c051bd9503d68c6c3cfdb4c3e8e789a798216f501d4e",
        ),
    ],
)
def test_bingx_signs_the_query_as_it_stands(query: str, signature: str) -> None:
    secret = "demo-bingx-secret-002"
    assert bingx.fits(secret, f"{query}&signature={signature}")
    assert not bingx.fits("another", f"{query}&signature={signature}")
    assert not bingx.fits(secret, f"{query}&signature={signature.upper()}")
    assert not bingx.fits(secret, f"{query}&asset=BTC&signature={signature}")


HTX_KEY = "a1b2c3d4-e5f60718-29304152-6a7b8"
HTX_SECRET = "5e6f7a8b-9c0d1e2f-3a4b5c6d-7e8f9"
HTX_AUTH = f"AccessKeyId={HTX_KEY}&SignatureMethod=HmacSHA256&SignatureVersion=2&Timestamp=2025-01-01T00%3A00%3A00"
HTX_HOST = "api.huobi.pro"


@pytest.mark.parametrize(
    ("host", "path", "more", "signature"),
    [
        (HTX_HOST, "/v1/account/accounts", "", "reMVey/yIsQtEzpvme+iUDRIO+ButMmtbfhpRsvb3yo="),
        (HTX_HOST, "/v1/account/accounts/100009/balance", "", "Qso5gM6LwQzQ6OIOYdmDxbXFxWkPA+U3lUpI+RUqWEo="),
        (
            HTX_HOST,
            "/v2/account/asset-valuation",
            "&accountType=spot&valuationCurrency=USD",
            "hB8EP0rBsC/MnXmStwbiHL9CWPbH2yLOTzL9Ksf1cXo=",
        ),
        (
            HTX_HOST,
            "/v2/account/valuation",
            "&valuationCurrency=BTC",
            "iPrpuUOuAtQzbjswPHE1Su5v+LSm6537N6vlNc4yJR0=",
        ),
        (
            HTX_HOST,
            "/v2/user/api-key",
            f"&uid=123456&accessKey={HTX_KEY}",
            "5tPvLmQMZwvPmlaFThvclej3RwEpR5w/y5TroHToFOk=",
        ),
        ("api-aws.huobi.pro", "/v1/account/accounts", "", "/kIgQ4MYuxC3/Ckahal+H+KTqYEh0s6kCAYtwXo9Pf0="),
    ],
)
def test_htx_signs_method_host_path_and_sorted_parameters(host: str, path: str, more: str, signature: str) -> None:
    encoded = signature.replace("+", "%2B").replace("/", "%2F").replace("=", "%3D")
    query = f"{HTX_AUTH}{more}&Signature={encoded}"
    assert htx.fits(HTX_SECRET, "GET", host, path, query)
    assert not htx.fits(HTX_SECRET, "POST", host, path, query)
    assert not htx.fits(HTX_SECRET, "GET", "127.0.0.1", path, query)
    assert not htx.fits(HTX_SECRET, "GET", host, path + "/", query)
    assert not htx.fits("another", "GET", host, path, query)


def test_htx_refuses_a_query_that_was_spelled_anew_on_its_way() -> None:
    query = f"{HTX_AUTH}&Signature=reMVey%2FyIsQtEzpvme%2BiUDRIO%2BButMmtbfhpRsvb3yo%3D"
    assert not htx.fits(HTX_SECRET, "GET", HTX_HOST, "/v1/account/accounts", query.replace("%3A", ":"))


BITGET_SECRET = "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0"


@pytest.mark.parametrize(
    ("path", "query", "signature"),
    [
        ("/api/v2/spot/account/assets", "", "wQU1l5ZU1Ja4XIFmF6UoM2nckcnAaJNvwIxhJM1rCQI="),
        (
            "/api/v2/spot/account/assets",
            "assetType=hold_only",
            "ihS+I2RPF3nphTKWj+oShFkfr7BywCMTBl9b63S3mCE=",
        ),
        ("/api/v2/spot/account/assets", "coin=USDT", "JLrjFFSYjpw91V2KguT48/x5A11SSc9s37X8sJ4YGVk="),
        (
            "/api/v2/spot/account/assets",
            "assetType=all&coin=USDT",
            "4mIplYjfJjp7ItcL4FHJTBHFm3ruzTS/BZ5+kTBst94=",
        ),
        ("/api/v2/account/all-account-balance", "", "yJYpg9jjAQdliGbLl8Z4OD5/1O8AckslP7m2LoxObsA="),
        ("/api/v2/spot/account/info", "", "QJRFnpphEhQwBNKKVpcnu+4172uTwjuE3TqWzUwNeLM="),
        (
            "/api/v2/mix/account/accounts",
            "productType=USDT-FUTURES",
            "IshR6JjxqMQ2sgwaUXBnaTUG0y1kxrTDZtii5U5MebY=",
        ),
        ("/api/v2/spot/account/assets", "coin=%24ALT", "5xRe6fzGGAq+wmnhPpcD8QPUR1k/2vk8ZaEnksgNzEo="),
        ("/api/v3/account/assets", "", "ewp0KRYQ/M6APTWJTKL9axEWwlYKiBtYZ6slOHlcBuE="),
        ("/api/v3/account/funding-assets", "", "sEe7lANrrxNjDTU7iDq3Aye+KS+Di7hXaBgPVBRhX6c="),
        ("/api/v3/account/info", "", "whqbId8dUbajTlM3gaAX+CMA8x2qOZYmO72LnXtHI5c="),
    ],
)
def test_bitget_decodes_the_query_before_it_checks(path: str, query: str, signature: str) -> None:
    moment = "1735689600000"
    assert bitget.fits(BITGET_SECRET, signature, moment, "GET", path, query)
    assert not bitget.fits(BITGET_SECRET, signature, "1735689600001", "GET", path, query)
    assert not bitget.fits(BITGET_SECRET, signature, moment, "GET", path, query, body="{}")
    assert not bitget.fits(BITGET_SECRET, signature, moment, "GET", path, query + "&x=1")
    assert not bitget.fits("another", signature, moment, "GET", path, query)
