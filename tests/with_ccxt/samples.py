"""What the exchanges of the table answer, in their own shapes, and what has to be read in it.

The shapes are those of the exchanges' own pages and of the samples that stand in ccxt's files; the values are made up.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

LONG: Final = "12345678901234567890.123456789012345678"
"""More digits than a float has."""


class Sample(NamedTuple):
    """One exchange.

    Attributes:
        answers: body by path; a path may stand with its query.
        wallets: by wallet, available, frozen and borrowed of each currency; borrowed is left out where it is none.
        prices: by base and quote.
        refusal: status and body by which a key is refused.
    """

    answers: Mapping[str, str]
    wallets: Mapping[str, Mapping[str, tuple[str, ...]]]
    prices: Mapping[tuple[str, str], str]
    refusal: tuple[int, str]


TIME: Final = 1_795_000_000_000

SAMPLES: Final[Mapping[str, Sample]] = {
    "kucoin": Sample(
        {
            "/api/v1/timestamp": f'{{"code":"200000","data":{TIME}}}',
            "/api/ua/v1/account/mode": '{"code":"200000","data":{"selfAccountMode":"CLASSIC","unifiedSubAccount":[]}}',
            "/api/v1/accounts?type=trade": f"""{{"code":"200000","data":[
                {{"id":"5bd6e9286d99522a52e458de","currency":"BTC","type":"trade","balance":"{LONG}",
                  "available":"{LONG}","holds":"0"}},
                {{"id":"5bd6e9216d99522a52e458d6","currency":"ALT","type":"trade","balance":"10","available":"7.5",
                  "holds":"2.5"}}]}}""",
            "/api/v1/accounts?type=main": """{"code":"200000","data":[
                {"id":"","currency":"USDT","type":"main","balance":"1000.10","available":"1000.10","holds":"0"}]}""",
            "/api/v1/market/allTickers": """{"code":"200000","data":{"time":1602832092060,"ticker":[
                {"symbol":"BTC-USDT","symbolName":"BTC-USDT","buy":"93500","sell":"93501","last":"93500.1"},
                {"symbol":"ALT-USDT","symbolName":"ALT-USDT","buy":"0.1","sell":"0.2","last":null}]}}""",
            "/api/v2/symbols": """{"code":"200000","data":[
                {"symbol":"BTC-USDT","name":"BTC-USDT","baseCurrency":"BTC","quoteCurrency":"USDT","feeCurrency":"USDT",
                 "market":"USDS","baseMinSize":"0.00001","quoteMinSize":"0.1","baseMaxSize":"10000",
                 "quoteMaxSize":"99999999","baseIncrement":"0.00000001","quoteIncrement":"0.000001",
                 "priceIncrement":"0.1","isMarginEnabled":true,"enableTrading":true},
                {"symbol":"ALT-USDT","name":"ALT-USDT","baseCurrency":"ALT","quoteCurrency":"USDT","feeCurrency":"USDT",
                 "market":"USDS","baseMinSize":"0.1","quoteMinSize":"0.1","baseMaxSize":"10000",
                 "quoteMaxSize":"99999999","baseIncrement":"0.0001","quoteIncrement":"0.000001",
                 "priceIncrement":"0.1","isMarginEnabled":false,"enableTrading":true}]}""",
        },
        {
            "spot": {"BTC": (LONG, "0", "0"), "ALT": ("7.5", "2.5", "0")},
            "funding": {"USDT": ("1000.10", "0", "0")},
        },
        {("BTC", "USDT"): "93500.1"},
        (400, '{"code":"400003","msg":"KC-API-KEY not exists"}'),
    ),
    "mexc": Sample(
        {
            "/api/v3/time": f'{{"serverTime":{TIME}}}',
            "/api/v3/account": f"""{{"makerCommission":null,"canTrade":true,"accountType":"SPOT","permissions":["SPOT"],
                "balances":[{{"asset":"USDT","free":"120.5","locked":"10","available":"120.5"}},
                {{"asset":"MX","free":"{LONG}","locked":"0","available":"0"}}]}}""",
            "/api/v3/ticker/24hr": """[{"symbol":"BTCUSDT","priceChange":"184.34","priceChangePercent":"0.004",
                "prevClosePrice":"46079.37","lastPrice":"93500.1","bidPrice":"46260.38","bidQty":"","askPrice":"46260.41",
                "askQty":"","openPrice":"46079.37","highPrice":"47550.01","lowPrice":"45555.5","volume":"1732.461487",
                "quoteVolume":null,"openTime":1641349500000,"closeTime":1641349582808,"count":null}]""",
            "/api/v3/exchangeInfo": """{"timezone":"CST","serverTime":1647521860402,"rateLimits":[],"symbols":[
                {"symbol":"BTCUSDT","status":"1","baseAsset":"BTC","baseAssetPrecision":8,"quoteAsset":"USDT",
                 "quoteAssetPrecision":2,"baseCommissionPrecision":8,"quoteCommissionPrecision":2,
                 "quoteOrderQtyMarketAllowed":false,"isSpotTradingAllowed":true,"isMarginTradingAllowed":false,
                 "permissions":["SPOT"],"filters":[],"baseSizePrecision":"0.000001","maxQuoteAmount":"5000000",
                 "makerCommission":"0.002","takerCommission":"0.002","quoteAmountPrecision":"5"}]}""",
        },
        {"spot": {"USDT": ("120.5", "10"), "MX": (LONG, "0")}},
        {("BTC", "USDT"): "93500.1"},
        (400, '{"code":10072,"msg":"Api key info invalid","_extend":null}'),
    ),
    "kraken": Sample(
        {
            "/0/private/BalanceEx": f"""{{"error":[],"result":{{
                "ZUSD":{{"balance":"25435.2100","hold_trade":"8249.7600"}},
                "XXBT":{{"balance":"0.0000000000","hold_trade":"0.0100000000"}},
                "XBT.F":{{"balance":"0.5000000000","hold_trade":"0.0000000000"}},
                "ZETA":{{"balance":"{LONG}","hold_trade":"0.0"}},
                "DOT28.S":{{"balance":"12.5000000000","hold_trade":"0.0000000000"}}}}}}""",
            "/0/public/Ticker": """{"error":[],"result":{
                "XXBTZUSD":{"a":["93501.0","1","1.000"],"b":["93500.0","1","1.000"],"c":["93500.1","0.01"],
                 "v":["1","2"],"p":["1","2"],"t":[1,2],"l":["1","2"],"h":["3","4"],"o":"93000.0"},
                "ZETAUSD":{"a":["0.5","1","1.000"],"b":["0.4","1","1.000"],"c":["0.45","0.01"],
                 "v":["1","2"],"p":["1","2"],"t":[1,2],"l":["1","2"],"h":["3","4"],"o":"0.4"}}}""",
            "/0/public/AssetPairs": """{"error":[],"result":{
                "XXBTZUSD":{"altname":"XBTUSD","wsname":"XBT/USD","aclass_base":"currency","base":"XXBT",
                 "aclass_quote":"currency","quote":"ZUSD","pair_decimals":1,"lot_decimals":8,"leverage_buy":[2,3],
                 "leverage_sell":[2,3],"fees":[[0,0.4]],"fees_maker":[[0,0.25]],"ordermin":"0.0001","costmin":"0.5",
                 "tick_size":"0.1","status":"online"},
                "ZETAUSD":{"altname":"ZETAUSD","wsname":"ZETA/USD","aclass_base":"currency","base":"ZETA",
                 "aclass_quote":"currency","quote":"ZUSD","pair_decimals":4,"lot_decimals":8,"leverage_buy":[],
                 "leverage_sell":[],"fees":[[0,0.4]],"fees_maker":[[0,0.25]],"ordermin":"5","costmin":"0.5",
                 "tick_size":"0.0001","status":"online"}}}""",
        },
        {
            "spot": {
                "USD": ("17185.4500", "8249.7600"),
                "BTC": ("0.49", "0.01"),
                "ZETA": (LONG, "0"),
                "DOT28.S": ("12.5", "0"),
            }
        },
        {("BTC", "USD"): "93500.1", ("ZETA", "USD"): "0.45"},
        (200, '{"error":["EAPI:Invalid key"]}'),
    ),
    "coinbase": Sample(
        {
            "/v2/time": '{"data":{"iso":"2026-11-18T04:26:40Z","epoch":1795000000}}',
            "/api/v3/brokerage/accounts?limit=250": f"""{{"accounts":[
                {{"uuid":"8bfc20d7","name":"BTC Wallet","currency":"BTC",
                  "available_balance":{{"value":"0.5","currency":"BTC"}},"default":true,"active":true,
                  "type":"ACCOUNT_TYPE_CRYPTO","ready":true,"hold":{{"value":"0.1","currency":"BTC"}}}},
                {{"uuid":"9bfc20d7","name":"ETH Wallet","currency":"ETH",
                  "available_balance":{{"value":"{LONG}","currency":"ETH"}},"default":true,"active":true,
                  "type":"ACCOUNT_TYPE_CRYPTO","ready":true,"hold":{{"value":"0","currency":"ETH"}}}}],
                "has_next":true,"cursor":"789100","size":2}}""",
            "/api/v3/brokerage/accounts?limit=250&cursor=789100": """{"accounts":[
                {"uuid":"7bfc20d7","name":"USD Wallet","currency":"USD",
                  "available_balance":{"value":"20.25","currency":"USD"},"default":true,"active":true,
                  "type":"ACCOUNT_TYPE_FIAT","ready":true,"hold":{"value":"0","currency":"USD"}}],
                "has_next":false,"cursor":"","size":1}""",
            "/api/v3/brokerage/market/products": """{"products":[
                {"product_id":"BTC-USD","price":"93500.1","price_percentage_change_24h":"1","volume_24h":"10",
                 "base_increment":"0.00000001","quote_increment":"0.01","quote_min_size":"1","quote_max_size":"150000000",
                 "base_min_size":"0.00000001","base_max_size":"3400","base_name":"Bitcoin","quote_name":"US Dollar",
                 "is_disabled":false,"status":"online","trading_disabled":false,"product_type":"SPOT",
                 "quote_currency_id":"USD","base_currency_id":"BTC","mid_market_price":"","price_increment":"0.01"}],
                "num_products":"1"}""",
            "/api/v3/brokerage/market/products?product_type=FUTURE": '{"products":[],"num_products":"0"}',
        },
        {"spot": {"BTC": ("0.5", "0.1"), "ETH": (LONG, "0"), "USD": ("20.25", "0")}},
        {("BTC", "USD"): "93500.1"},
        (401, "Unauthorized"),
    ),
    "cryptocom": Sample(
        {
            "/exchange/v1/private/user-balance": f"""{{"id":1,"method":"private/user-balance","code":0,
                "result":{{"data":[
                {{"total_available_balance":"7109.5","instrument_name":"USD","position_balances":[
                {{"quantity":"120.5","reserved_qty":"20.5","collateral_weight":"0.98","instrument_name":"CRO"}},
                {{"quantity":"{LONG}","reserved_qty":"0","instrument_name":"BTC"}}],"total_cash_balance":"7109.5"}}]}}}}""",
            "/exchange/v1/public/get-tickers": """{"id":-1,"method":"public/get-tickers","code":0,"result":{"data":[
                {"i":"BTC_USD","h":"94000.45","l":"92685.11","a":"93500.1","v":"1767.8734","vv":"52436726.42",
                 "c":"0.0583","b":"93500.00","k":"93501.66","t":1687403045415},
                {"i":"BTCUSD-PERP","h":"94000","l":"92685","a":"93400","v":"1","vv":"1","c":"0.0583","b":"9","k":"9",
                 "t":1687403045415}]}}""",
            "/exchange/v1/public/get-instruments": """{"id":1,"method":"public/get-instruments","code":0,
                "result":{"data":[
                {"symbol":"BTC_USD","inst_type":"CCY_PAIR","display_name":"BTC/USD","base_ccy":"BTC","quote_ccy":"USD",
                 "quote_decimals":2,"quantity_decimals":5,"price_tick_size":"0.01","qty_tick_size":"0.00001",
                 "max_leverage":"50","tradable":true,"expiry_timestamp_ms":0,"beta_product":false,
                 "margin_buy_enabled":false,"margin_sell_enabled":false}]}}""",
        },
        {"unified": {"CRO": ("100", "20.5"), "BTC": (LONG, "0")}},
        {("BTC", "USD"): "93500.1"},
        (401, '{"id":1,"method":"private/user-balance","code":40101,"message":"Authentication failure"}'),
    ),
    "bitfinex": Sample(
        {
            "/v2/auth/r/wallets": f"""[["exchange","UST",1200.5,0,1000.25,null,null],
                ["exchange","BTC",{LONG},0,{LONG},null,null],
                ["margin","USD",50.5,1.25,40.5,null,null]]""",
            "/v2/tickers": """[["tBTCUSD",93500,1,93501,1,100,0.001,93500.1,500,94000,92000],
                ["tUSTUSD",0.99,1,1.01,1,0,0,1.0001,500,1.1,0.9],
                ["fUSD",0.0002,0.0001,30,1,0.0001,2,1,0,0,0.00015,100,0.0003,0.0001,null,null,5000]]""",
            "/v2/conf/pub:info:pair,pub:info:pair:futures,pub:list:pair:securities,pub:list:pair:margin": """[
                [["BTCUSD",[null,null,null,"0.00004","2000",null,null,null,0.2,0.1]],
                 ["USTUSD",[null,null,null,"2","500000",null,null,null,null,null]]],
                [["BTCF0:USTF0",[null,null,null,"0.00004","100",null,null,null,0.01,0.005]]],[],["BTCUSD"]]""",
        },
        {
            "spot": {"USDT": ("1000.25", "200.25", "0"), "btc": (LONG, "0", "0")},
            "margin": {"usd": ("40.5", "10.0", "1.25")},
            "funding": {},
        },
        {("BTC", "USD"): "93500.1", ("USDT", "USD"): "1.0001"},
        (500, '["error",10100,"apikey: invalid"]'),
    ),
    "bitstamp": Sample(
        {
            "/api/v2/account_balances/": f"""[{{"currency":"usdt","total":"7.5","available":"7.0","reserved":"0.5"}},
                {{"currency":"btc","total":"{LONG}","available":"{LONG}","reserved":"0"}}]""",
            "/api/v2/ticker/": """[{"timestamp":"1686068944","high":"94252","last":"93500.1","bid":"93500",
                "vwap":"93000",
                "volume":"3563.13819902","low":"92350","ask":"93501","open":"93000","open_24":"92895",
                "percent_change_24":"1.24","pair":"BTC/USD"}]""",
            "/api/v2/markets/": """[{"name":"BTC/USD","market_symbol":"btcusd","base_currency":"BTC","base_decimals":8,
                "counter_currency":"USD","counter_decimals":0,"minimum_order_value":"10","trading":"Enabled",
                "instant_order_counter_decimals":2,"instant_and_market_orders":"Enabled","market_type":"SPOT"}]""",
        },
        {"spot": {"usdt": ("7.0", "0.5"), "btc": (LONG, "0")}},
        {("BTC", "USD"): "93500.1"},
        (403, '{"status":"error","reason":"Invalid signature","code":"API0005"}'),
    ),
    "gemini": Sample(
        {
            "/v1/balances": f"""[{{"type":"exchange","currency":"BTC","amount":"{LONG}","available":"{LONG}",
                "availableForWithdrawal":"1"}},
                {{"type":"exchange","currency":"GUSD","amount":"100.5","available":"80.25","availableForWithdrawal":"80"}}]"""
        },
        {"spot": {"BTC": (LONG, "0"), "GUSD": ("80.25", "20.25")}},
        {},
        (400, '{"result":"error","reason":"InvalidSignature","message":"InvalidSignature"}'),
    ),
    "bitvavo": Sample(
        {
            "/v2/time": f'{{"time":{TIME}}}',
            "/v2/balance": f"""[{{"symbol":"EUR","available":"{LONG}","inOrder":"0"}},
                {{"symbol":"BTC","available":"1.5","inOrder":"0.25"}}]""",
            "/v2/ticker/24h": """[{"market":"BTC-EUR","open":"85000","high":"86000","low":"84000","last":"85500.5",
                "volume":"25.1","volumeQuote":"2100000","bid":"85500","bidSize":"0.5","ask":"85501","askSize":"0.4",
                "timestamp":1590381666900},
                {"market":"NEW-EUR","open":null,"high":null,"low":null,"last":null,"volume":null,"volumeQuote":null,
                 "bid":null,"bidSize":null,"ask":null,"askSize":null,"timestamp":1590381666900}]""",
            "/v2/markets": """[{"market":"BTC-EUR","status":"trading","base":"BTC","quote":"EUR","pricePrecision":"5",
                "tickSize":"1.00","minOrderInBaseAsset":"0.0001","minOrderInQuoteAsset":"5","quantityDecimals":"8",
                "notionalDecimals":"2","orderTypes":["market","limit"]}]""",
        },
        {"spot": {"EUR": (LONG, "0"), "BTC": ("1.5", "0.25")}},
        {("BTC", "EUR"): "85500.5"},
        (403, '{"errorCode":305,"error":"No active API key found."}'),
    ),
    "whitebit": Sample(
        {
            "/api/v4/trade-account/balance": f"""{{"BTC":{{"available":"{LONG}","freeze":"0"}},
                "USDT":{{"available":"50.5","freeze":"9.5"}},"ETH":{{"available":"0","freeze":"0"}}}}""",
            "/api/v4/main-account/balance": '{"BTC":{"main_balance":"0.75"},"USDT":{"main_balance":"0"}}',
            "/api/v4/public/ticker": """{"BTC_USDT":{"base_id":1,"quote_id":825,"last_price":"93500.1",
                "quote_volume":"1494659.8","base_volume":"46.1","isFrozen":false,"change":"2.12"}}""",
            "/api/v4/public/markets": """[{"name":"BTC_USDT","stock":"BTC","money":"USDT","stockPrec":"6",
                "moneyPrec":"2",
                "feePrec":"4","makerFee":"0.1","takerFee":"0.1","minAmount":"0.001","minTotal":"5.05",
                "tradesEnabled":true,"isCollateral":true,"type":"spot","maxTotal":"1000000000"}]""",
        },
        {
            "spot": {"BTC": (LONG, "0"), "USDT": ("50.5", "9.5"), "ETH": ("0", "0")},
            "funding": {"BTC": ("0.75", "0"), "USDT": ("0", "0")},
        },
        {("BTC", "USDT"): "93500.1"},
        (401, '{"code":0,"message":"Unauthorized request.","errors":{}}'),
    ),
    "poloniex": Sample(
        {
            "/timestamp": f'{{"serverTime":{TIME}}}',
            "/accounts/balances": f"""[{{"accountId":"7950","accountType":"SPOT","balances":[
                {{"currencyId":"214","currency":"USDT","available":"{LONG}","hold":"0"}},
                {{"currencyId":"28","currency":"BTC","available":"1","hold":"0.5"}}]}}]""",
            "/markets/ticker24h": """[{"symbol":"BTC_USDT","open":"93053","low":"92053.33","high":"94798.02",
                "close":"93500.1","quantity":"6116.2","amount":"161082122.8","tradeCount":134709,
                "startTime":1692784440000,"closeTime":1692870839630,"displayName":"BTC/USDT","dailyChange":"0.0151",
                "bid":"93500","bidQuantity":"0.016313","ask":"93501","askQuantity":"0.068307","ts":1692870845446,
                "markPrice":"93500"}]""",
            "/markets": """[{"symbol":"BTC_USDT","baseCurrencyName":"BTC","quoteCurrencyName":"USDT",
                "displayName":"BTC/USDT","state":"NORMAL","visibleStartTime":1659018819512,
                "tradableStartTime":1659018819512,"symbolTradeLimit":{"symbol":"BTC_USDT","priceScale":2,
                "quantityScale":6,"amountScale":2,"minQuantity":"0.000001","minAmount":"1","highestBid":"0",
                "lowestAsk":"0"}}]""",
        },
        {"spot": {"USDT": (LONG, "0"), "BTC": ("1", "0.5")}},
        {("BTC", "USDT"): "93500.1"},
        (401, '{"code":401,"message":"Invalid API key or signature"}'),
    ),
    "lbank": Sample(
        {
            "/v2/timestamp.do": f'{{"result":"true","data":{TIME},"error_code":0,"ts":{TIME}}}',
            "/v2/supplement/user_info_account.do": f"""{{"result":"true","data":{{"uid":"LBA1","canTrade":true,
                "balances":[{{"asset":"btc","free":"{LONG}","locked":"0"}},
                {{"asset":"usdt","free":"31.45130723","locked":"2"}}]}},"error_code":0,"ts":1691560288484}}""",
            "/v2/ticker/24hr.do": """{"result":"true","data":[{"symbol":"btc_usdt","ticker":{"high":"94695.57",
                "vol":"6890.2789","low":"92110","change":"0.58","turnover":"202769821.06","latest":"93500.1"},
                "timestamp":1692064274908}],"error_code":0,"ts":1692064276872}""",
            "/v2/accuracy.do": """{"result":"true","data":[{"symbol":"btc_usdt","quantityAccuracy":"4",
                "minTranQua":"0.0001","priceAccuracy":"2"}],"error_code":0,"ts":1691560288484}""",
        },
        {"spot": {"btc": (LONG, "0"), "usdt": ("31.45130723", "2")}},
        {("BTC", "USDT"): "93500.1"},
        (200, '{"result":"false","error_code":10007,"ts":1691560288484}'),
    ),
    "upbit": Sample(
        {
            "/v1/accounts": f"""[{{"currency":"KRW","balance":"{LONG}","locked":"0","avg_buy_price":"0",
                "avg_buy_price_modified":true,"unit_currency":"KRW"}},
                {{"currency":"BTC","balance":"1.25","locked":"0.5","avg_buy_price":"101000","unit_currency":"KRW"}}]""",
            "/v1/ticker/all": """[{"market":"USDT-BTC","trade_date":"20241122","trade_time":"104543",
                "trade_timestamp":1542883543096,"opening_price":93000.5,"high_price":94000.25,"low_price":92000.5,
                "trade_price":93500.1,"prev_closing_price":93000.5,"change":"RISE","change_price":499.6,
                "trade_volume":1.5,"acc_trade_price_24h":289.5,"acc_trade_volume_24h":9754.4,"timestamp":1542883543813}]""",
            "/v1/market/all": '[{"market":"USDT-BTC","korean_name":"비트코인","english_name":"Bitcoin"}]',
        },
        {"spot": {"KRW": (LONG, "0"), "BTC": ("1.25", "0.5")}},
        {("BTC", "USDT"): "93500.1"},
        (401, '{"error":{"name":"invalid_access_key","message":"Wrong access key."}}'),
    ),
    "bithumb": Sample(
        {
            "/v1/accounts": f"""[{{"currency":"KRW","balance":"{LONG}","locked":"0","avg_buy_price":"0",
                "unit_currency":"KRW"}},{{"currency":"BTC","balance":"1.25","locked":"0.5","avg_buy_price":"1",
                "unit_currency":"KRW"}}]"""
        },
        {"spot": {"KRW": (LONG, "0"), "BTC": ("1.25", "0.5")}},
        {},
        (401, '{"error":{"name":"invalid_access_key","message":"Wrong access key."}}'),
    ),
    "deribit": Sample(
        {
            "/api/v2/public/get_time": f'{{"jsonrpc":"2.0","result":{TIME},"usIn":1,"usOut":2,"usDiff":1}}',
            "/api/v2/private/get_account_summaries": f"""{{"jsonrpc":"2.0","result":{{"id":10,
                "email":"user@example.com",
                "summaries":[{{"currency":"BTC","balance":302.60065765,"equity":302.61869214,"margin_balance":302.62729214,
                "available_funds":301.38059622,"available_withdrawal_funds":301.35396172,"maintenance_margin":0.8857841,
                "initial_margin":1.24669592}},
                {{"currency":"USDC","balance":{LONG},"equity":{LONG},"available_funds":{LONG},"maintenance_margin":0.0,
                "initial_margin":0.0}}]}},"usIn":1,"usOut":2,"usDiff":1,"testnet":false}}""",
        },
        {"unified": {"BTC": ("301.38059622", "0.8857841"), "USDC": (LONG, "0")}},
        {},
        (400, '{"jsonrpc":"2.0","error":{"message":"invalid_credentials","code":13004},"testnet":false}'),
    ),
    "hitbtc": Sample(
        {
            "/api/3/spot/balance": f"""[{{"currency":"BTC","available":"{LONG}","reserved":"0","reserved_margin":"0"}},
                {{"currency":"USDT","available":"10.5","reserved":"2.5","reserved_margin":"0"}}]""",
            "/api/3/wallet/balance": '[{"currency":"ETH","available":"3.5","reserved":"0"}]',
            "/api/3/public/ticker": """{"BTCUSDT":{"ask":"93501","bid":"93500","last":"93500.1","low":"92010",
                "high":"94657.99","open":"93089.27","volume":"16719.5","volume_quote":"1063422878.8",
                "timestamp":"2021-10-22T07:29:14.585Z"}}""",
            "/api/3/public/symbol": """{"BTCUSDT":{"type":"spot","base_currency":"BTC","quote_currency":"USDT",
                "quantity_increment":"0.00001","tick_size":"0.01","take_rate":"0.0025","make_rate":"0.001",
                "fee_currency":"USDT","margin_trading":true,"max_initial_leverage":"5.00","status":"working"},
                "AAVEUSDT_PERP":{"type":"futures","expiry":null,"underlying":"AAVE","base_currency":null,
                "quote_currency":"USDT","quantity_increment":"0.01","tick_size":"0.001","take_rate":"0.0005",
                "make_rate":"0.0002","fee_currency":"USDT","margin_trading":true,"max_initial_leverage":"50.00"}}""",
        },
        {
            "spot": {"BTC": (LONG, "0"), "USDT": ("10.5", "2.5")},
            "funding": {"ETH": ("3.5", "0")},
        },
        {("BTC", "USDT"): "93500.1"},
        (401, '{"error":{"code":1002,"message":"Authorization is required or has been failed","description":""}}'),
    ),
    "woo": Sample(
        {
            "/v3/public/systemInfo": f'{{"success":true,"data":{{"status":0,"msg":"fine"}},"timestamp":{TIME}}}',
            "/v3/asset/balances": f"""{{"success":true,"data":{{"holding":[
                {{"token":"0_token","holding":{LONG},"frozen":0,"staked":0,"unbonding":0,"vault":0,"interest":0,
                  "pendingShortQty":0,"pendingLongQty":0,"availableBalance":{LONG},"updatedTime":312321.121}},
                {{"token":"WOO","holding":10.5,"frozen":2.5,"staked":0,"unbonding":0,"vault":0,"interest":0,
                  "availableBalance":8.0,"updatedTime":312321.121}}]}},"timestamp":1673323746259}}""",
        },
        {"unified": {"0_token": (LONG, "0"), "WOO": ("8.0", "2.5")}},
        {},
        (401, '{"success":false,"code":-1000,"message":"An unknown error occurred while processing the request"}'),
    ),
    "binanceus": Sample(
        {
            "/api/v3/time": f'{{"serverTime":{TIME}}}',
            "/api/v3/account": f"""{{"makerCommission":10,"canTrade":true,"updateTime":1,
                "accountType":"SPOT","balances":[
                {{"asset":"BTC","free":"{LONG}","locked":"0.00000000"}},
                {{"asset":"USD","free":"4723.84","locked":"12.5"}}],"permissions":["SPOT"]}}""",
            "/api/v3/ticker/24hr": """[{"symbol":"BTCUSD","priceChange":"184.34","priceChangePercent":"0.4",
                "weightedAvgPrice":"93000","prevClosePrice":"93079.37","lastPrice":"93500.1","lastQty":"1",
                "bidPrice":"93500","bidQty":"1","askPrice":"93501","askQty":"1","openPrice":"93079","highPrice":"94550",
                "lowPrice":"92555","volume":"1732.4","quoteVolume":"1","openTime":1641349500000,
                "closeTime":1641349582808,"firstId":1,"lastId":2,"count":2}]""",
            "/api/v3/exchangeInfo": """{"timezone":"UTC","serverTime":1647521860402,"rateLimits":[],
                "exchangeFilters":[],
                "symbols":[{"symbol":"BTCUSD","status":"TRADING","baseAsset":"BTC","baseAssetPrecision":8,
                "quoteAsset":"USD","quotePrecision":4,"quoteAssetPrecision":4,"orderTypes":["LIMIT"],
                "isSpotTradingAllowed":true,"isMarginTradingAllowed":false,"filters":[],"permissions":["SPOT"]}]}""",
        },
        {"spot": {"BTC": (LONG, "0"), "USD": ("4723.84", "12.5")}},
        {("BTC", "USD"): "93500.1"},
        (401, '{"code":-2014,"msg":"API-key format invalid."}'),
    ),
    "luno": Sample(
        {
            "/api/1/balance": f"""{{"balance":[
                {{"account_id":"119","asset":"XBT","balance":"{LONG}","reserved":"0.00","unconfirmed":"0.00"}},
                {{"account_id":"120","asset":"USDT","balance":"100","reserved":"25","unconfirmed":"0.00"}}]}}""",
            "/api/1/tickers": """{"tickers":[{"pair":"XBTUSDT","timestamp":1642201439301,"bid":"93500","ask":"93501",
                "last_trade":"93500.1","rolling_24_hour_volume":"1.8951","status":"ACTIVE"}]}""",
            "/api/exchange/1/markets": """{"markets":[{"market_id":"XBTUSDT","trading_status":"ACTIVE",
                "base_currency":"XBT","counter_currency":"USDT","min_volume":"0.0001","max_volume":"100.00",
                "volume_scale":4,"min_price":"1","max_price":"1000000","price_scale":1,"fee_scale":8}]}""",
        },
        {"spot": {"BTC": (LONG, "0"), "USDT": ("75", "25")}},
        {("BTC", "USDT"): "93500.1"},
        (401, '{"error":"Failed to authenticate","error_code":"ErrUnauthorised"}'),
    ),
    "coinbaseexchange": Sample(
        {
            "/time": '{"iso":"2026-11-18T04:26:40.000Z","epoch":1795000000.0}',
            "/accounts": f"""[{{"id":"7fd0abc0","currency":"BTC","balance":"{LONG}","hold":"0.0000000000000000",
                "available":"{LONG}","profile_id":"8058d771","trading_enabled":true}},
                {{"id":"8fd0abc0","currency":"USD","balance":"120.5","hold":"20.5","available":"100",
                "profile_id":"8058d771","trading_enabled":true}}]""",
            "/products/spark-lines": '{"BTC-USD":[[1639472400,92000.5,94000,93000,93500.1],[1639468800,1,2,3,4]]}',
            "/products": """[{"id":"BTC-USD","base_currency":"BTC","quote_currency":"USD","base_min_size":"0.000016",
                "base_max_size":"1500","quote_increment":"0.01","base_increment":"0.00000001","display_name":"BTC/USD",
                "min_market_funds":"1","max_market_funds":"20000000","margin_enabled":false,"fx_stablecoin":false,
                "post_only":false,"limit_only":false,"cancel_only":false,"trading_disabled":false,"status":"online",
                "status_message":"","auction_mode":false}]""",
        },
        {"spot": {"BTC": (LONG, "0"), "USD": ("100", "20.5")}},
        {("BTC", "USD"): "93500.1"},
        (401, '{"message":"Invalid API Key"}'),
    ),
}
