"""The contract of every exchange, what only Acme has, and the exporter itself against the simulated Acme."""

import json
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest
from acme_exchange import BALANCES, EXCHANGE, read_earn, read_spot, sign, unwrap
from answers import ANSWERS
from simulated import KEY, SECRET, Acme, acme

from exporter.exchanges.contract import broken_promises, parse, respond
from exporter.exchanges.plugin_v1 import AuthError, Credentials, Reading, Request, RowMemory, Secret


def test_it_keeps_what_every_exchange_keeps() -> None:
    assert broken_promises(EXCHANGE, ANSWERS) == []


def good(request: Request) -> object:
    return unwrap(200, parse(ANSWERS[request.endpoint.path]))


def test_what_is_in_orders_is_frozen() -> None:
    reading: Reading = respond(read_spot(RowMemory()), good).result
    bitcoin = reading.balances[0]
    assert (bitcoin.currency, bitcoin.available, bitcoin.frozen) == ("BTC", Decimal("0.5"), Decimal("0.1"))
    assert bitcoin.net == Decimal("0.6")


def test_what_is_lent_out_is_locked() -> None:
    (lent,) = respond(read_earn(RowMemory()), good).result.balances
    assert (lent.available, lent.locked, lent.net) == (0, 250, 250)


def test_a_request_is_signed_as_the_vendor_s_page_shows() -> None:
    # printf 1767225600123/v1/balances | openssl sha256 -hmac s
    signed = sign(Request(BALANCES), Credentials(Secret("k"), Secret("s")), "api.acme.example", 1767225600123)
    assert signed.target == "/v1/balances"
    assert signed.headers["Acme-Sign"] == "5a24bb1628b677e829a494a72256c1a8f2750eb8af4d12c102832503fcb4a511"


def test_a_wrong_signature_is_the_key_s_fault() -> None:
    with pytest.raises(AuthError):
        unwrap(401, {"ok": False, "code": "SIGNATURE", "text": "no"})


def balances(server: Acme, folder: Path, secret: str) -> subprocess.CompletedProcess[str]:
    """What the exporter reads of an account at the simulated exchange."""
    config = folder / "config.yaml"
    config.touch(mode=0o600)
    config.write_text(
        "accounts:\n"
        "  - name: desk\n"
        "    exchange: acme\n"
        f"    base_url: {server.url}\n"
        "    wallets: [main, earn]\n"
        f"    credentials: {{api_key: {KEY}, secret: {secret}}}\n"
    )
    command = [sys.executable, "-m", "exporter", "balances", f"--config.file={config}", "--format=json"]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_the_exporter_reads_it(tmp_path: Path) -> None:
    with acme() as server:
        done = balances(server, tmp_path, SECRET)
    assert done.returncode == 0, done.stderr
    held = {(row["wallet"], row["currency"]): row for row in json.loads(done.stdout)["balances"]}
    assert set(held) == {("spot", "BTC"), ("spot", "USDT"), ("earn", "USDT")}
    assert held["spot", "BTC"]["net"] == "0.60000000"
    assert all(asked.split()[0] == "GET" and asked.split()[1] in ANSWERS for asked in server.asked)


def test_a_wrong_secret_is_told_and_shown_nowhere(tmp_path: Path) -> None:
    with acme() as server:
        done = balances(server, tmp_path, "made-up-secret-3")
    assert done.returncode == 1
    assert "auth" in done.stdout + done.stderr
    assert "made-up-secret-3" not in done.stdout + done.stderr
