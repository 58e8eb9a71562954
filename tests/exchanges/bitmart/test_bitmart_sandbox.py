"""The simulated BitMart: its answers in the vendor's own form."""

from decimal import Decimal

from tests.sandbox.filled import MILLIS, FilledSandbox


async def test_bitmart_lists_only_what_is_held_and_values_the_free_part(filled: FilledSandbox) -> None:
    reply = await filled.read("bitmart", "needUsdValuation=true")
    answer = reply.json()
    assert (reply.status, answer["code"], answer["message"]) == (200, 1000, "OK")
    usdt, btc = answer["data"]["wallet"]
    assert usdt == {
        "currency": "USDT",
        "name": "Usdt",
        "available": "100.50",
        "available_usd_valuation": "100.50",
        "frozen": "7.5",
        "unAvailable": "9.5",
    }
    assert Decimal(btc["available_usd_valuation"]) == Decimal("6825.05")


async def test_bitmart_leaves_the_valuation_null_unless_asked(filled: FilledSandbox) -> None:
    rows = (await filled.read("bitmart", "currency=USDT")).json()["data"]["wallet"]
    assert [(row["currency"], row["available_usd_valuation"]) for row in rows] == [("USDT", None)]


async def test_bitmart_tickers_are_lists_told_apart_by_place(filled: FilledSandbox) -> None:
    answer = (await filled.client.raw("bitmart", "/spot/quotation/v3/tickers")).json()
    assert answer["message"] == "success"
    row = next(row for row in answer["data"] if row[0] == "BTC_USDT")
    assert (row[1], row[8], row[10], row[12]) == ("68250.5", "68250.5", "68250.5", str(MILLIS))


async def test_bitmart_tells_time_and_planned_services(filled: FilledSandbox) -> None:
    time = (await filled.client.raw("bitmart", "/system/time")).json()
    assert time["data"]["server_time"] == MILLIS
    service = (await filled.client.raw("bitmart", "/system/service")).json()
    assert service["data"]["service"][0]["service_type"] == "spot"
