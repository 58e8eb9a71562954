"""The faults: how each is switched on, for whom, and what the exporter makes of it."""

import asyncio
import socket
import ssl
from base64 import b64encode
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, Final
from urllib.parse import quote

from exporter.sandbox import Fault
from tests.faults.shapes import as_numbers, reshaped
from tests.faults.stage import Stage
from tests.faults.variants import VARIANTS, Variant
from tests.kit.scrape import KINDS, Amounts

PAGE: Final = "<html><head><title>Attention required</title></head><body>Ray ID 7f3a</body></html>"
HOSTILE: Final = 'USDT"} 1\nFAKE_METRIC 2'
LONG: Final = "1234567890123456789012345678.901234567891"


@dataclass
class Scene:
    """One fault in force for one account, or for its whole exchange."""

    stage: Stage
    name: str
    whole: bool
    good_tls: ssl.SSLContext | None = None
    bad_tls: ssl.SSLContext | None = None
    undo: list[Callable[[], Awaitable[None] | None]] = field(default_factory=list)

    @property
    def variant(self) -> Variant:
        return self.stage.members[self.name].variant

    @property
    def exchange(self) -> Any:
        return self.stage.sandbox.exchange(self.variant.exchange)

    @property
    def path(self) -> str:
        return self.stage.path(self.name)

    def add(self, fault: Fault) -> None:
        """Have the exchange make a fault until the scene ends."""
        fault.account = None if self.whole else self.stage.members[self.name].secrets["api_key"]
        self.exchange.faults.append(fault)
        self.undo.append(lambda: self.exchange.faults.remove(fault))

    async def end(self) -> None:
        """Put everything right again."""
        for undo in reversed(self.undo):
            done = undo()
            if done is not None:
                await done
        self.undo.clear()

    async def reopen(self) -> None:
        """Drop every connection to the exchange; the next one resolves its name again."""
        await self.exchange.close_port()
        await self.exchange.open_port()
        self.stage.drop_connections()


Switch = Callable[[Scene], Awaitable[None] | None]
Seen = Callable[[Scene, Amounts], Amounts]


@dataclass(frozen=True)
class Trouble:
    """One row of the table.

    Attributes:
        on: switches it on.
        reason: what the wallet then fails for on most exchanges; None where it is no failure.
        seen: what is served meanwhile where it is no failure, made of the truth.
        whole: whether it hits everything at that exchange, public calls included, rather than one account.
        tls: whether the exchanges speak TLS.
        heavy: whether an answer costs so much that one has to do.
        side: whether it hits a wallet beside the main one, where there is one.
        later: whether it is a failure only where something was held before.
        adds: whether it adds a currency, whose row is missing when it is over.
        twins: whether it adds another spelling of each currency.
        rests: whether it says for how long nothing is to be asked, which concerns everybody on some exchanges.
        others: reasons on the variants that differ, by their names.
    """

    on: Switch
    reason: str | None
    seen: Seen | None = None
    whole: bool = False
    tls: bool = False
    heavy: bool = False
    side: bool = False
    later: bool = False
    adds: bool = False
    twins: bool = False
    rests: bool = False
    others: Mapping[str, str | None] = field(default_factory=dict)

    def expected(self, variant: Variant) -> str | None:
        """The reason on one variant."""
        return self.others.get(variant.name, self.reason)

    def is_alone(self, variant: Variant) -> bool:
        """Whether others on the same exchange would notice."""
        return self.whole or (self.rests and variant.facts.rests)

    def aftermath(self, variant: Variant) -> str | None:
        """The reason for which the wallet fails once it is over; None where it does not."""
        return "payload" if self.adds and variant.api.wallets[variant.main].lists_zeros else None


def made(kind: str, **options: Any) -> Switch:
    """A fault of the sandbox as it stands."""
    return lambda scene: scene.add(Fault(kind, **options))


def rows(kind: str, **options: Any) -> Switch:
    """A fault of the rows of the main wallet."""
    return lambda scene: scene.add(Fault(kind, path=scene.path, **options))


def reshaping(level: str) -> Switch:
    """The main wallet's answer, bent at one level."""
    return lambda scene: scene.add(
        Fault("mutate", path=scene.path, change=lambda payload: reshaped(scene.variant, payload, level))
    )


async def refuse_connections(scene: Scene) -> None:
    await scene.exchange.close_port()
    scene.undo.append(scene.exchange.open_port)


async def resolve_nothing(scene: Scene) -> None:
    unresolved, port = scene.stage.loop.unresolved, scene.exchange.port
    unresolved.add(port)
    scene.undo.append(lambda: unresolved.discard(port))
    await scene.reopen()


async def show_bad_certificate(scene: Scene) -> None:
    async def show(context: ssl.SSLContext | None) -> None:
        scene.exchange._ssl = context
        await scene.reopen()

    scene.undo.append(lambda: show(scene.good_tls))
    await show(scene.bad_tls)


async def answer_no_connect(scene: Scene) -> None:
    """Put a listener there whose queue is full: connection attempts get no answer."""
    await scene.exchange.close_port()
    deaf = socket.socket()
    deaf.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    deaf.bind(("127.0.0.1", scene.exchange.port))
    deaf.listen(0)
    queued = []
    for _ in range(4):
        waiting = socket.socket()
        waiting.setblocking(False)
        waiting.connect_ex(("127.0.0.1", scene.exchange.port))
        queued.append(waiting)

    async def listen_again() -> None:
        for waiting in (*queued, deaf):
            waiting.close()
        await scene.exchange.open_port()

    scene.undo.append(listen_again)


async def send_elsewhere(scene: Scene) -> None:
    """Redirect to another server, which notes whoever comes."""
    came: list[bytes] = []

    async def visited(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        came.append(await reader.read(1))
        writer.close()

    elsewhere = await asyncio.start_server(visited, "127.0.0.1", 0)
    host, port = elsewhere.sockets[0].getsockname()

    async def close() -> None:
        elsewhere.close()
        await elsewhere.wait_closed()
        assert not came, "somebody followed the redirect"

    scene.undo.append(close)
    scene.add(Fault("redirect", location=f"http://{host}:{port}/api", status=307))


def forbid_a_wallet(scene: Scene) -> None:
    _, path = scene.variant.side_wallet(scene.stage.accounts[scene.name])
    scene.add(Fault("vendor_error", situation="permission", path=path))


def step_the_clock(seconds: float) -> Switch:
    def step(scene: Scene) -> None:
        clock = scene.stage.clock
        clock.step += seconds
        scene.undo.append(lambda: setattr(clock, "step", clock.step - seconds))

    return step


def contradict(scene: Scene) -> None:
    """Bitget says of each mode that the account is of the other one; elsewhere there are no modes."""
    if scene.variant.exchange == "bitget":
        scene.add(_says_of_the_mode("/api/v2/", "40085"))
        scene.add(_says_of_the_mode("/api/v3/", "40084"))


def name_the_other_mode(scene: Scene) -> None:
    """Bitget says that the account is of the other mode, and answers nothing there."""
    if scene.variant.exchange == "bitget":
        here, there, code = ("/api/v2/", "/api/v3/", "40085")
        if scene.variant.mode == "unified":
            here, there, code = there, here, "40084"
        scene.add(_says_of_the_mode(here, code))
        scene.add(Fault("http_status", status=500, body="{}", path=there))


def _says_of_the_mode(path: str, code: str) -> Fault:
    return Fault(
        "http_status", status=400, body=f'{{"code": "{code}", "msg": "the other mode", "data": null}}', path=path
    )


def hold_long_numbers(scene: Scene) -> None:
    scene.stage.accounts[scene.name].set("main", "USDT", LONG, "0.0000000000000000000000000000000000000001")


def echo(page: bool) -> Switch:
    """The exchange repeats every credential in what it says."""

    def switch(scene: Scene) -> None:
        secrets = scene.stage.members[scene.name].secrets.values()
        told = " ".join(f"{each} {quote(each, safe='')} {b64encode(each.encode()).decode()}" for each in secrets)
        if page:
            scene.add(Fault("http_status", status=500, body=f"<html>{told}</html>"))
            return
        words = told.replace('"', "")
        said = ", ".join(f'"{name}": "{words}"' for name in ("msg", "message", "info", "err-msg", "retMsg"))
        codes = ", ".join(f'"{name}": "odd"' for name in ("code", "label", "mc", "err-code", "retCode"))
        body = f'{{{codes}, "rc": 1, "status": "error", "ma": ["{words}"], {said}}}'
        scene.add(Fault("body", body=body))

    return switch


def doubled(scene: Scene, truth: Amounts) -> Amounts:
    # Members of a JSON object cannot be told apart once they are read: the last one stands.
    factor = 1 if not scene.variant.shape.currency else 2
    return {key: factor * value for key, value in truth.items()}


def twins(scene: Scene, truth: Amounts) -> Amounts:
    del scene
    return {**truth, **{(coin.swapcase(), kind): value for (coin, kind), value in truth.items()}}


def with_a_hostile_name(scene: Scene, truth: Amounts) -> Amounts:
    first = {(HOSTILE, kind): truth["USDT", kind] for kind in KINDS}
    if scene.variant.shape.kind:  # one row is one amount there
        first[HOSTILE, "frozen"] = 0.0
    return {**truth, **first}


def name_coins_after_a_key(scene: Scene) -> None:
    """Two more coins, called like the key that was sent, in both letter cases."""
    variant, key = scene.variant, scene.stage.members[scene.name].secrets["api_key"]

    def named(payload: Any) -> Any:
        rows = variant.found(payload, len(variant.shape.keys))
        for name in (key, key.swapcase()):
            if isinstance(rows, dict):
                rows[name] = next(iter(rows.values()))
            else:
                rows.append({**rows[0], variant.shape.currency: name})
        return payload

    scene.add(Fault("mutate", path=scene.path, change=named))


def with_masked_names(scene: Scene, truth: Amounts) -> Amounts:
    kinds = {kind: 0.0 if scene.variant.shape.kind and kind == "frozen" else truth["USDT", kind] for kind in KINDS}
    return {**truth, **{(name, kind): kinds[kind] for name in ("<secret>", "<secret>-2") for kind in KINDS}}


def no_btc(scene: Scene, truth: Amounts) -> Amounts:
    del scene
    return {key: 0.0 if key[0] == "BTC" else value for key, value in truth.items()}


def nothing(scene: Scene, truth: Amounts) -> Amounts:
    del scene
    return dict.fromkeys(truth, 0.0)


def no_usdt(scene: Scene, truth: Amounts) -> Amounts:
    """Its row cannot be read: neither its last amounts nor 0 is served, and BTC goes on."""
    del scene
    return {key: value for key, value in truth.items() if key[0] != "USDT"}


def minus_one(scene: Scene, truth: Amounts) -> Amounts:
    """What -1 in every amount comes to."""
    amounts = {"available": -1.0, "frozen": -1.0, "locked": 0.0} | dict(scene.variant.facts.minus_ones)
    return {key: amounts[key[1]] for key in truth}


def unreadable(on: Switch) -> Trouble:
    """No amount of any row can be read: a list of four rows is no answer then, of a shorter one nothing is served."""
    return Trouble(on, None, seen=neither_amounts_nor_zeros)


def neither_amounts_nor_zeros(scene: Scene, truth: Amounts) -> Amounts:
    del scene, truth
    return {}


_TROUBLES: Final[Mapping[str, Trouble]] = {
    "refused_connection": Trouble(refuse_connections, "network", whole=True),
    "dns_failure": Trouble(resolve_nothing, "network", whole=True),
    "unknown_authority": Trouble(show_bad_certificate, "tls", whole=True, tls=True),
    "expired_certificate": Trouble(show_bad_certificate, "tls", whole=True, tls=True),
    "connect_hang": Trouble(answer_no_connect, "timeout", whole=True),
    "hang": Trouble(made("hang"), "timeout", whole=True),
    "hang_after_headers": Trouble(made("hang_after_headers"), "timeout"),
    "hang_after_headers_everywhere": Trouble(made("hang_after_headers"), "timeout", whole=True),
    "slow_drip": Trouble(made("slow_drip"), "timeout"),
    "reset_in_mid_body": Trouble(made("reset"), "network"),
    "truncated_gzip": Trouble(made("truncated_gzip"), "payload"),
    "gzip_bomb": Trouble(made("gzip_bomb"), "payload"),
    "200_mb_body": Trouble(made("huge_body"), "payload"),
    "empty_200": Trouble(made("empty"), "payload"),
    "html_200": Trouble(made("html"), "http"),
    "html_403": Trouble(made("http_status", status=403, body=PAGE), "http"),
    "html_503": Trouble(made("http_status", status=503, body=PAGE), "http"),
    "html_503_everywhere": Trouble(made("http_status", status=503, body=PAGE), "http", whole=True),
    "429": Trouble(made("http_status", status=429), "rate_limited"),
    "429_retry_after": Trouble(
        made("http_status", status=429, headers={"Retry-After": "7"}, body="{}"), "rate_limited", rests=True
    ),
    "418": Trouble(made("http_status", status=418, body="{}"), "banned", whole=True),
    "500": Trouble(made("http_status", status=500, body="{}"), "http"),
    "502": Trouble(made("http_status", status=502), "http"),
    "504": Trouble(made("http_status", status=504, body="upstream timed out"), "http"),
    "vendor_key": Trouble(made("vendor_error", situation="key"), "auth"),
    "vendor_signature": Trouble(made("vendor_error", situation="signature"), "auth"),
    "vendor_clock": Trouble(made("vendor_error", situation="clock"), "clock"),
    "vendor_ip": Trouble(made("vendor_error", situation="ip"), "ip"),
    "vendor_permission": Trouble(made("vendor_error", situation="permission"), "permission"),
    "vendor_rate": Trouble(made("vendor_error", situation="rate"), "rate_limited", rests=True),
    "vendor_maintenance": Trouble(made("vendor_error", situation="maintenance"), "maintenance"),
    "vendor_frozen": Trouble(made("vendor_error", situation="frozen"), "exchange"),
    "redirect": Trouble(send_elsewhere, "http"),
    "contradicting_modes": Trouble(contradict, None),
    "unproven_mode": Trouble(name_the_other_mode, None),
    **{
        f"shape_of_{level}": Trouble(reshaping(level), "payload")
        for level in ("the_whole", "the_code", "the_content", "the_rows", "a_name")
    },
    "shape_of_a_row": Trouble(reshaping("a_row"), "payload", seen=no_usdt),
    "shape_of_an_amount": Trouble(reshaping("an_amount"), None, seen=no_usdt),
    "numbers_as_numbers": Trouble(lambda scene: scene.add(Fault("mutate", path=scene.path, change=as_numbers)), None),
    "amount_null": unreadable(rows("replace_amounts", value=None)),
    "amount_empty": unreadable(rows("replace_amounts", value="")),
    "amount_nan": unreadable(rows("replace_amounts", value="NaN")),
    "amount_nan_literal": Trouble(rows("replace_amounts", value=float("nan")), "payload"),
    "amount_infinity": unreadable(rows("replace_amounts", value="Infinity")),
    "amount_1e400": unreadable(rows("replace_amounts", value="1e400")),
    "amount_1e400_literal": unreadable(rows("replace_amounts", value=Decimal("1E+400"))),
    "amount_negative": Trouble(reshaping("negative_amounts"), None, seen=minus_one),
    "amount_underscore": unreadable(rows("replace_amounts", value="1_000")),
    "amount_blanks": unreadable(rows("replace_amounts", value=" 12 ")),
    "amount_arabic_digits": unreadable(rows("replace_amounts", value="١٢")),
    "amount_true": unreadable(rows("replace_amounts", value=True)),
    "forty_digits": Trouble(hold_long_numbers, None),
    "nesting": Trouble(made("deep_nesting"), "payload"),
    "duplicate_currencies": Trouble(rows("duplicate_rows"), None, seen=doubled),
    "case_twins": Trouble(rows("twins"), None, seen=twins, twins=True),
    "50000_rows": Trouble(rows("many_rows"), "payload", heavy=True),
    "hostile_name": Trouble(rows("hostile_name"), None, seen=with_a_hostile_name, adds=True),
    "empty_list": Trouble(rows("empty_list"), None, seen=nothing, later=True),
    "zeros": Trouble(rows("replace_amounts", value="0"), None, seen=nothing),
    "zeros_once": Trouble(rows("replace_amounts", value="0", times=1), None),
    "a_missing_coin": Trouble(reshaping("without_btc"), None, seen=no_btc, later=True),
    "null_instead_of_a_list": Trouble(reshaping("null_rows"), "payload", seen=nothing, later=True),
    "forbidden_wallet": Trouble(forbid_a_wallet, "permission", side=True),
    "exchange_clock_ahead": Trouble(made("clock_skew", seconds=90.0), None, whole=True),
    "exchange_clock_behind": Trouble(made("clock_skew", seconds=-90.0), None, whole=True),
    "own_clock_forwards": Trouble(step_the_clock(3600.0), None, whole=True),
    "own_clock_backwards": Trouble(step_the_clock(-3600.0), None, whole=True),
    "echo_of_secrets": Trouble(echo(page=True), "http"),
    "refusal_with_secrets": Trouble(echo(page=False), "exchange"),
    "coins_named_like_a_key": Trouble(name_coins_after_a_key, None, seen=with_masked_names, adds=True),
}

TROUBLES: Final = {
    fault: replace(
        trouble,
        others={name: each.facts.reasons[fault] for name, each in VARIANTS.items() if fault in each.facts.reasons},
    )
    for fault, trouble in _TROUBLES.items()
}
"""By the name that stands in the table."""
