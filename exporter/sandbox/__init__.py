"""Simulated exchanges that speak the vendors' protocols on loopback and check everything the vendors check.

They stand on their own: nothing here is shared with the code that reads real exchanges, so a request that
passes here was signed by the vendor's rules and not by an agreement of two halves of one program. Third-party
clients may use them in place of the exchange.

    sandbox = Sandbox()
    account = sandbox.add_account(name, key="k", secret="s")  # of one of EXCHANGES
    account.set("spot", "USDT", available="100.5", frozen="1")
    await sandbox.start()
    ...  # point a client at sandbox.urls[name]
    await sandbox.stop()
"""

from exporter.sandbox.accounts import Holding, SandboxAccount
from exporter.sandbox.exchange import Received, SimulatedExchange
from exporter.sandbox.faults import KINDS, Fault
from exporter.sandbox.server import EXCHANGES, Sandbox
from exporter.sandbox.vendors.base import SITUATIONS

__all__ = [
    "EXCHANGES",
    "KINDS",
    "SITUATIONS",
    "Fault",
    "Holding",
    "Received",
    "Sandbox",
    "SandboxAccount",
    "SimulatedExchange",
]
