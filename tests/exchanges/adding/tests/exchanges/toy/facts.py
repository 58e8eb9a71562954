"""What the shared tests must know of Toy."""

from exporter.core.model import Reading
from exporter.exchanges import toy
from exporter.exchanges.base import Reader, Request, RowMemory
from tests.exchanges.driver import NOW, credentials
from tests.exchanges.facts import ApiFacts, Facts, Sent, Shape


def one_pair(memory: RowMemory) -> Reader[Reading]:
    """What isolated margin tells of the pair that its row below is of."""
    reading = yield from toy.read_isolated(memory)
    return reading.parts.get("isolated_margin/AB", Reading())


FACTS = Facts(
    ban_scope="ip",
    ban_seconds=300.0,
    apis={
        "": ApiFacts(
            path="/api/balances",
            wallets={
                "spot": Shape(
                    keys=("data",),
                    row={"coin": "X", "free": "1", "used": "2"},
                    currency="coin",
                    required=("free", "used"),
                    mapped=("1", "2", "0", "3", None),
                ),
                "isolated_margin": Shape(
                    keys=("data",),
                    row={"pair": "A_B", "coin": "X", "free": "1", "used": "2"},
                    currency="coin",
                    required=("free", "used"),
                    mapped=("1", "2", "0", "3", None),
                    read=one_pair,
                ),
            },
            sent=(
                Sent(
                    name="balances",
                    signed=toy.sign(Request(toy.BALANCES), credentials("toy-key", "toy-secret"), "", NOW),
                    line="/api/balances",
                    headers={"X-TOY-SIGN": "a7ad4c5f88afeeca1fb83b7f43a5fac398e757683297a4e802f4faa3391c8d48"},
                ),
            ),
            signature="X-TOY-SIGN",
            refusal={"code": "1006", "words": "{}"},
            price="last",
        )
    },
)
