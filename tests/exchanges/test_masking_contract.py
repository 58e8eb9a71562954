"""Whatever `sign` makes of a secret is masked in the log, on the status page and in a traceback, unknown as it is."""

import html
import io
import json
import logging
import sys
from urllib.parse import quote

import pytest

from exporter.app import logs
from exporter.app.masking import Masking, secret_names
from exporter.core.errors import AuthError
from exporter.exchanges import EXCHANGES
from exporter.exchanges.base import Api, Exchange
from exporter.exchanges.description import made_of_secrets, requests_of, sent_fields, signed
from tests.exchanges.test_contract import every_api
from tests.kit.accounts import WALL, broken, configured
from tests.kit.pages import page


def masking(exchange: Exchange) -> Masking:
    """What masks while an account of this exchange is configured, without knowing any secret of it."""
    made = Masking()
    made.add_names(secret_names(EXCHANGES, [configured(exchange=exchange.name)]))
    return made


def texts(api: Api) -> list[str]:
    """A signed request as it could get into a message: raw, as Python prints it, as JSON, percent-encoded."""
    found = []
    for request in requests_of(api):
        if request.endpoint.signed:
            sent = signed(api, request)
            headers = dict(sent.headers)
            found += [sent.target, quote(sent.target, safe=""), str(headers), str(list(headers.items()))]
            found += [repr(str(headers)), json.dumps(headers), json.dumps(json.dumps(headers))]
            found += ["\r\n".join(f"{name}: {value}" for name, value in headers.items())]
            found += [str(sent_fields(sent)), json.dumps(sent_fields(sent))]
    return found


def leaked(text: str, secrets: dict[str, str]) -> list[str]:
    return [name for name, value in secrets.items() if value in text or quote(value, safe="") in text]


@every_api
def test_an_api_names_exactly_the_fields_that_it_makes_of_secrets(exchange: Exchange, api: Api) -> None:
    assert made_of_secrets(api).keys() == set(api.secret_names)


@every_api
def test_without_its_names_something_would_pass(exchange: Exchange, api: Api) -> None:
    secrets = made_of_secrets(api)
    assert secrets
    assert any(leaked(text, secrets) for text in texts(api))


@every_api
@pytest.mark.parametrize("as_json", [False, True])
def test_the_log_masks_what_signs(exchange: Exchange, api: Api, as_json: bool) -> None:
    secrets, lines = made_of_secrets(api), logs.Lines(io.StringIO(), masking(exchange), as_json=as_json)
    for text in texts(api):
        told = {"msg": "sent %s", "args": (text,), "sent": text, "headers": {"of": text}}
        record = logging.makeLogRecord({"levelno": logging.INFO, **told})
        assert leaked(lines.format(record), secrets) == []


@every_api
def test_a_traceback_masks_what_signs(exchange: Exchange, api: Api) -> None:
    secrets, lines = made_of_secrets(api), logs.Lines(io.StringIO(), masking(exchange), as_json=False)
    for text in texts(api):
        try:
            raise ValueError(text)
        except ValueError:
            record = logging.LogRecord("x", logging.ERROR, __file__, 1, "a bug", None, sys.exc_info())
        line = lines.format(record)
        assert "ValueError" in line
        assert leaked(line, secrets) == []


@every_api
def test_the_status_page_masks_what_signs(exchange: Exchange, api: Api) -> None:
    secrets = made_of_secrets(api)
    for text in texts(api):
        told = page([broken(AuthError(text, advice=text))], now=0.0, wall=WALL, version="1", masked=masking(exchange))
        assert "&lt;secret&gt;" in told or not leaked(text, secrets)
        assert leaked(html.unescape(told), secrets) == []
