"""Which addresses an account may have in place of its exchange's hosts."""

from collections.abc import Callable

import pytest

from exporter.config import Config

Written = Callable[[str], Config]
Mistaken = Callable[[str], list[str]]


@pytest.mark.parametrize(
    ("wallets", "base_url", "good"),
    [
        ("[main, futures]", "http://127.0.0.1:9", True),
        ("[main, coin_futures, futures]", "http://127.0.0.1:9", False),
        ("[all]", "http://127.0.0.1:9", False),
        ("[futures, coin_futures]", "{fapi.xt.com: 'http://127.0.0.1:9', dapi.xt.com: 'http://127.0.0.1:10'}", True),
        ("[futures, coin_futures]", "{fapi.xt.com: 'http://127.0.0.1:9', dapi.xt.com: 'http://127.0.0.1:9'}", False),
        ("[futures, coin_futures]", "{fapi.xt.com: 'http://127.0.0.1:9'}", True),
        ("[futures, coin_futures]", "{fapi.xt.com: 'https://dapi.xt.com'}", False),
    ],
)
def test_hosts_that_share_paths_never_become_one_address(
    written: Written, mistakes: Mistaken, wallets: str, base_url: str, good: bool
) -> None:
    account = f"{{name: a, exchange: xt, credentials: {{api_key_env: KEY, secret_env: SECRET}}, wallets: {wallets}"
    text = f"accounts: [{account}, base_url: {base_url}}}]"
    if good:
        assert written(text).accounts[0].base_url
    else:
        (mistake,) = mistakes(text)
        assert "base_url: is one address for dapi.xt.com and fapi.xt.com" in mistake
