"""A secret shows itself to `reveal()` alone."""

import copy
import json
import logging
import pickle
import traceback
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from io import StringIO
from pprint import pformat
from string import Template
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict, ValidationError

from exporter.core.credentials import MASK, Credentials, Secret

TEXT = "Marked+Secret/="
SECRET = Secret(TEXT)


@dataclass(frozen=True)
class Holder:
    name: str
    secret: Secret


class Model(BaseModel):
    model_config = ConfigDict(arbitrary_types_allowed=True)
    secret: Secret
    number: int


def raised(error: Exception) -> str:
    try:
        raise error
    except Exception as caught:
        return "".join(traceback.format_exception(caught)) + repr(caught) + str(caught)


SHOWN: dict[str, Callable[[], Any]] = {
    "repr": lambda: repr(SECRET),
    "str": lambda: str(SECRET),
    "format": lambda: format(SECRET),
    "format with a width": lambda: f"{SECRET:>30}",
    "f-string": lambda: f"{SECRET}",
    "f-string with conversion": lambda: f"{SECRET!r} {SECRET!s} {SECRET!a}",
    "percent": lambda: "%s %r %a" % (SECRET, SECRET, SECRET),  # noqa: UP031
    "str.format": lambda: "{0} {0!r} {name}".format(SECRET, name=SECRET),  # noqa: UP032
    "template": lambda: Template("$secret").substitute(secret=SECRET),
    "in a list": lambda: repr([SECRET, {"a": SECRET}, (SECRET,)]),
    "pretty-printed": lambda: pformat({"credentials": [SECRET, Credentials(SECRET, SECRET)]}),
    "in a dataclass": lambda: repr(Holder("a", SECRET)),
    "in a dataclass as dict": lambda: repr(asdict(Holder("a", SECRET))),
    "in credentials": lambda: repr(Credentials(SECRET, SECRET, SECRET)),
    "in replaced credentials": lambda: repr(replace(Credentials(SECRET), secret=SECRET)),
    "in a model": lambda: repr(Model(secret=SECRET, number=1)) + str(Model(secret=SECRET, number=1)),
    "a copy": lambda: repr(copy.copy(SECRET)) + repr(copy.deepcopy({"a": [SECRET]})),
    "in an exception": lambda: raised(ValueError("no good", SECRET)),
    "in an exception group": lambda: raised(ExceptionGroup("both", [ValueError(SECRET), KeyError(SECRET)])),
    "its attributes": lambda: repr(getattr(SECRET, "__dict__", "none")) + repr(dir(SECRET)),
}


@pytest.mark.parametrize("way", SHOWN)
def test_a_secret_masks_itself(way: str) -> None:
    shown = SHOWN[way]()
    assert TEXT not in shown
    assert "Marked" not in shown


def test_a_secret_says_that_it_is_one() -> None:
    assert str(SECRET) == repr(SECRET) == MASK == "<secret>"
    assert SECRET.reveal() == TEXT


def test_a_secret_stays_masked_in_the_log() -> None:
    stream = StringIO()
    logger = logging.Logger("test")  # noqa: LOG001 - pytest must not see it
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter("%(message)s %(extra)s %(args)s"))
    logger.addHandler(handler)
    logger.error("%s and %r", SECRET, Credentials(SECRET), extra={"extra": SECRET})
    try:
        raise ValueError(SECRET)
    except ValueError:
        logger.exception("with a traceback", extra={"extra": [SECRET]})
    assert stream.getvalue().count(MASK) >= 4
    assert "Marked" not in stream.getvalue()


def test_json_refuses_a_secret() -> None:
    with pytest.raises(TypeError) as error:
        json.dumps({"secret": SECRET})
    assert "Marked" not in str(error.value)
    assert json.dumps({"secret": SECRET}, default=str) == f'{{"secret": "{MASK}"}}'


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_secret_can_not_be_pickled(protocol: int) -> None:
    for value in (SECRET, [SECRET], Credentials(SECRET), Holder("a", SECRET)):
        with pytest.raises(TypeError) as error:
            pickle.dumps(value, protocol)
        assert "Marked" not in raised(error.value)


def test_a_message_of_validation_does_not_show_a_secret() -> None:
    with pytest.raises(ValidationError) as error:
        Model.model_validate({"secret": SECRET, "number": SECRET})
    assert MASK in str(error.value)
    assert "Marked" not in str(error.value) + repr(error.value) + repr(error.value.errors())


def test_a_traceback_with_local_variables_does_not_show_a_secret() -> None:
    def fails(secret: Secret) -> None:
        held = [secret]
        raise ValueError(len(held))

    try:
        fails(SECRET)
    except ValueError as error:
        told = "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
    assert f"held = [{MASK}]" in told
    assert "Marked" not in told


def test_a_secret_can_not_be_changed() -> None:
    with pytest.raises(AttributeError) as error:
        SECRET.text = "other"
    assert "Marked" not in str(error.value)
    with pytest.raises(AttributeError):
        SECRET._text = "other"
    assert SECRET.reveal() == TEXT


def test_secrets_are_equal_by_their_text_and_to_nothing_else() -> None:
    assert Secret("a") == Secret("a") != Secret("b")
    assert len({Secret("a"), Secret("a")}) == 1
    assert Secret("a") != "a"
    assert hash(Secret("a")) != hash("a")
    assert not Secret("")
    assert Secret("a")


def test_a_secret_is_no_text() -> None:
    secret: Any = SECRET
    attempts: list[Callable[[], object]] = [
        lambda: "".join([secret]),
        lambda: "a" + secret,
        lambda: bytes(secret),
        lambda: list(secret),
        lambda: secret.encode(),
    ]
    for attempt in attempts:
        with pytest.raises((TypeError, AttributeError)) as error:
            attempt()
        assert "Marked" not in str(error.value)
