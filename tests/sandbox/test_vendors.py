"""A simulated exchange is one file and one line in the map of vendors; what it lacks is told in a sentence."""

import re
from pathlib import Path
from typing import ClassVar

import aiohttp
import pytest
import yaml

import exporter.sandbox
from exporter.sandbox import Fault, Sandbox, SandboxAccount
from exporter.sandbox.demo import build_demo
from exporter.sandbox.vendors import VENDORS
from exporter.sandbox.vendors.base import NO_MODES, Answer, Call, DemoPlan, Held, Limits, Vendor
from tests.sandbox.known import ACCOUNTS, lacking

PACKAGE = Path(exporter.sandbox.__file__).parent


class Toy(Vendor):
    """An exchange that knows one path."""

    name = "toy"
    published_limits: ClassVar[Limits] = {("key", "/holdings"): (1, 1)}
    modes = NO_MODES
    needs = ("api_key", "secret", "passphrase")
    demo = (DemoPlan("toy-desk", "toys", {"spot": {"USDT": Held("12.5")}}),)

    def __init__(self) -> None:
        super().__init__()
        self.private = {"/holdings": lambda _, account: Answer({"USDT": account.wallet("main")["USDT"].available})}

    def key_of(self, call: Call) -> str | None:
        return call.headers.get("X-Toy-Key")

    def identify(self, call: Call) -> SandboxAccount:
        return self.account_of(call)

    def signature_fits(self, call: Call, account: SandboxAccount) -> bool:
        return call.headers.get("X-Toy-Signature") == f"{account.secret} signs {call.path}"

    def refuse(self, call: Call, situation: str) -> Answer:
        return Answer({"no": situation}, 400)

    def unknown(self, call: Call) -> Answer:
        return self.refuse(call, "path")


@pytest.mark.parametrize("name", VENDORS)
def test_an_exchange_stands_in_its_own_file_and_nowhere_else_in_the_sandbox(name: str) -> None:
    assert VENDORS[name].name == name
    mention = re.compile(rf"(?<![a-z]){name}(?![a-z])", re.IGNORECASE)
    files = [file for file in PACKAGE.rglob("*.py") if mention.search(file.read_text())]
    places = {file.relative_to(PACKAGE).with_suffix("").as_posix() for file in files}
    own = f"vendors/{name}"
    assert {place for place in places if place != own and not place.startswith(f"{own}/")} == {"vendors/__init__"}


@pytest.mark.parametrize("name", VENDORS)
def test_tests_know_what_they_must_know_of_every_exchange(name: str) -> None:
    assert lacking(name) == []


def test_tests_say_what_they_do_not_know_of_a_new_exchange() -> None:
    file = "tests/exchanges/toy/sandbox_facts.py"
    (sentence,) = lacking("toy", {**VENDORS, "toy": Toy})
    assert sentence == f"{file} is missing: it says what the tests of every simulated exchange must know of toy"
    (sentence,) = lacking("xt", {**VENDORS, "xt": Toy})
    assert sentence == "tests/exchanges/xt/sandbox_facts.py tells of the modes ('v4', 'legacy'), the vendor has ('',)"


def test_every_kind_of_account_is_tested() -> None:
    assert [(kind.exchange, kind.mode) for kind in ACCOUNTS.values()] == [
        (name, mode) for name, vendor in VENDORS.items() for mode in vendor.modes
    ]


def test_an_exchange_that_lacks_something_cannot_be_made() -> None:
    with pytest.raises(TypeError) as error:
        type("Bare", (Vendor,), {"name": "bare", "unknown": Toy.unknown})
    assert str(error.value) == (
        "the simulated exchange Bare lacks published_limits, modes, needs, demo, "
        "identify, key_of, refuse, signature_fits; see vendors/base.py"
    )


async def test_one_class_in_the_map_is_a_whole_exchange() -> None:
    sandbox = Sandbox(vendors={**VENDORS, "toy": Toy})
    account = build_demo(sandbox, 1).account("toy-desk")
    assert account.credentials == {
        "api_key": "demo-toy-desk-key",
        "secret": "demo-toy-desk-secret",
        "passphrase": "demo-passphrase",
    }
    await sandbox.start()
    url = f"{sandbox.urls['toy']}/holdings"
    headers = {"X-Toy-Key": account.account.key, "X-Toy-Signature": f"{account.account.secret} signs /holdings"}
    async with aiohttp.ClientSession() as session:
        async with session.get(url, headers=headers) as answer:
            assert await answer.text() == '{"USDT":12.5}'
        async with session.get(url, headers={**headers, "X-Toy-Signature": "scribble"}) as answer:
            assert await answer.json() == {"no": "signature"}
    await sandbox.stop()


class Hosted(Toy):
    """The same at two hosts, which say who they are."""

    hosts = (("toy.example", "api.toy.example"), ("futures.toy.example",))

    def __init__(self) -> None:
        super().__init__()
        self.public = {"/name": lambda call: Answer(call.host_name)}


async def test_hosts_that_share_paths_have_a_port_each_and_a_name_in_the_configuration() -> None:
    sandbox = Sandbox(vendors={**VENDORS, "toy": Hosted})
    scenario = build_demo(sandbox, 1)
    await sandbox.start()
    *_, entry = yaml.safe_load(scenario.config_text(sandbox.base_urls))["accounts"]
    assert entry["base_url"] == sandbox.base_urls["toy"]
    assert entry["base_url"]["toy.example"] == entry["base_url"]["api.toy.example"] == sandbox.urls["toy"]
    exchange = sandbox.exchange("toy")
    exchange.faults.append(Fault("http_status", status=503, host="futures.toy.example", times=1))
    async with aiohttp.ClientSession() as session:
        said = []
        for host in ("futures.toy.example", "futures.toy.example", "api.toy.example"):
            async with session.get(f"{entry['base_url'][host]}/name") as answer:
                said.append((answer.status, await answer.text()))
        await exchange.close_port()
        for name in exchange.port_names:
            with pytest.raises(aiohttp.ClientConnectorError):
                await session.get(f"{exchange.url_of(name)}/name")
        await exchange.open_port()
        assert exchange.base_url == entry["base_url"]
        async with session.get(f"{entry['base_url']['futures.toy.example']}/name") as answer:
            assert answer.status == 200
    assert said == [(503, ""), (200, "futures.toy.example"), (200, "toy.example")]
    assert [each.host_name for each in exchange.requests][:3] == [*["futures.toy.example"] * 2, "toy.example"]
    await sandbox.stop()


async def test_ports_are_numbered_by_their_names() -> None:
    sandbox = Sandbox(vendors={"toy": Hosted, "other": type("Other", (Toy,), {"name": "other"})})
    assert sandbox.port_names == ("toy", "other", "futures.toy.example")
    address = "127.77.0.1"  # where nobody else takes a port in between
    await sandbox.start(address)
    ports = sandbox.exchange("toy").ports
    await sandbox.stop()
    await sandbox.start(address, ports)
    assert sandbox.exchange("toy").ports == ports
    await sandbox.stop()


async def test_an_exchange_of_one_host_is_one_address() -> None:
    sandbox = Sandbox(vendors={"toy": Toy})
    await sandbox.start()
    assert sandbox.base_urls == sandbox.urls
    await sandbox.stop()
