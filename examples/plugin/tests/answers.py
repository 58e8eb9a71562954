"""A good answer for each path, as Acme would write it. Yours are recorded, or taken from the vendor's pages."""

from typing import Final

ANSWERS: Final = {
    "/v1/balances": """{"ok": true, "result": [
        {"asset": "BTC", "free": "0.50000000", "inOrders": "0.10000000"},
        {"asset": "USDT", "free": "1200.5", "inOrders": "0"}
    ]}""",
    "/v1/earn/positions": '{"ok": true, "result": [{"asset": "USDT", "amount": "250.00"}]}',
    "/v1/key": '{"ok": true, "result": {"rights": ["read"], "addresses": ["192.0.2.7"]}}',
    "/v1/time": '{"ok": true, "result": {"now": 1767225600123}}',
    "/v1/tickers": """{"ok": true, "result": [
        {"pair": "BTC-USDT", "last": "95000.1"},
        {"pair": "ETH-USDT", "last": "3300.5"}
    ]}""",
}
