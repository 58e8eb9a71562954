"""What Bitget's modes come to, from the answer to the page."""

from exporter.sandbox import Fault
from tests.faults.stage import INTERVAL, Member, staged
from tests.faults.variants import VARIANTS
from tests.kit.clock import in_virtual_time

ELITE = '{"code": "40731", "msg": "This product does not support copy trading", "data": null}'
NAMED = {"wallets": ["main", "overview"]}


def test_the_key_of_an_elite_trader_is_read_through_v3() -> None:
    async def scenario() -> None:
        members = [
            Member("elite", VARIANTS["bitget-unified"], more=NAMED),
            Member("pinned", VARIANTS["bitget-unified"], more={"options": {"mode": "classic"}}),
        ]
        async with staged(members) as stage:
            exchange = stage.sandbox.exchange("bitget")
            for member in members:
                key = member.secrets["api_key"]
                exchange.faults.append(Fault("http_status", status=400, body=ELITE, path="/api/v2/", account=key))
            stage.engine.start()
            await stage.clock.sleep(2.5 * INTERVAL)
            samples = await stage.samples("elite")
            assert samples.one("exchange_account_up") == 1
            assert samples.one("exchange_wallet_fresh", wallet="unified") == 1
            assert not samples.of("exchange_wallet_up", wallet="overview")
            assert not samples.of("exchange_wallet_failing")
            said = "the exchange has this wallet in another mode of the account only"
            assert len(stage.logged("elite", "overview", said)) == 1
            failure = stage.engine.accounts["pinned"].wallets["spot"].failure
            assert failure is not None
            assert failure.reason == "exchange"
            assert "options: {mode: unified}" in failure.advice
            stage.heard.pages.clear()
            await stage.look()
            assert any("wallet overview in another mode of the account only" in page for page in stage.heard.pages)

    in_virtual_time(scenario())
