"""A real freqtrade backtest over files of tapekeeper: does it count the funding that the exchange says was due?

funding_backtest.py DATADIR REST_URL FOLDER PAIR...   FOLDER is an empty one for freqtrade's own files

Prints a JSON object per trade: pair, short, amount, open, close (ms), settlements, funding (freqtrade's), due. What is due
is computed here from the exchange's own REST answers, without freqtrade and without the files: rate x open of the mark
candle of that hour x amount, received by shorts and paid by longs.
"""

import json
import os
import subprocess
import sys
import urllib.parse
import urllib.request

STRATEGY = """
from freqtrade.strategy import IStrategy


class Holder(IStrategy):
    INTERFACE_VERSION = 3
    can_short = True
    timeframe = "1h"
    minimal_roi = {}
    stoploss = -0.99
    startup_candle_count = 0

    def populate_indicators(self, dataframe, metadata):
        return dataframe

    def populate_entry_trend(self, dataframe, metadata):
        turn = (dataframe["date"].dt.dayofyear % 4) * 24 + dataframe["date"].dt.hour
        dataframe.loc[turn == 1, "enter_long"] = 1
        dataframe.loc[turn == 49, "enter_short"] = 1
        return dataframe

    def populate_exit_trend(self, dataframe, metadata):
        turn = (dataframe["date"].dt.dayofyear % 4) * 24 + dataframe["date"].dt.hour
        dataframe.loc[turn == 46, "exit_long"] = 1
        dataframe.loc[turn == 94, "exit_short"] = 1
        return dataframe
"""


def configuration(rest, pairs):
    addresses = {name: f"{rest}/fapi/{version}" for name, version in (
        ("fapiPublic", "v1"), ("fapiPublicV2", "v2"), ("fapiPublicV3", "v3"),
        ("fapiPrivate", "v1"), ("fapiPrivateV2", "v2"), ("fapiPrivateV3", "v3"))}
    addresses.update({"fapiData": rest + "/futures/data", "public": rest + "/api/v3", "dapiPublic": rest + "/dapi/v1"})
    return {
        "dry_run": True,
        "dry_run_wallet": 1000000,
        "stake_currency": "USDT",
        "stake_amount": 1000,
        "max_open_trades": len(pairs),
        "trading_mode": "futures",
        "margin_mode": "isolated",
        "dataformat_ohlcv": "feather",
        "entry_pricing": {"price_side": "same", "use_order_book": True, "order_book_top": 1},
        "exit_pricing": {"price_side": "same", "use_order_book": True, "order_book_top": 1},
        "pairlists": [{"method": "StaticPairList"}],
        "exchange": {
            "name": "binance",
            "pair_whitelist": pairs,
            # Markets come from the simulator: nothing leaves this machine.
            "ccxt_config": {"options": {"fetchMarkets": {"types": ["linear"]}}, "urls": {"api": addresses}},
        },
    }


def backtest(datadir, rest, folder, pairs):
    strategies = os.path.join(folder, "strategies")
    results = os.path.join(folder, "backtest_results")
    for name in (strategies, results):
        os.makedirs(name)
    with open(os.path.join(strategies, "holder.py"), "w") as file:
        file.write(STRATEGY)
    config = os.path.join(folder, "config.json")
    with open(config, "w") as file:
        json.dump(configuration(rest, pairs), file)
    environment = {key: value for key, value in os.environ.items() if not key.lower().endswith("_proxy")}
    done = subprocess.run(
        [sys.executable, "-m", "freqtrade", "backtesting", "--config", config, "--userdir", folder, "--datadir", datadir,
         "--strategy", "Holder", "--export", "trades", "--cache", "none", "--fee", "0"],
        env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        sys.exit(done.stdout)
    from freqtrade.data.btanalysis import load_backtest_data

    trades = load_backtest_data(results)
    if len(trades) == 0:
        sys.exit("no trade:\n" + done.stdout)
    return trades


class Exchange:
    def __init__(self, rest):
        self.rest = rest
        self.opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def ask(self, path, **arguments):
        with self.opener.open(f"{self.rest}{path}?{urllib.parse.urlencode(arguments)}", timeout=30) as answer:
            return json.load(answer)

    # By full hour: rates that were settled, and the mark price at which the hour began.
    def funding(self, symbol, start, end):
        return [(row["fundingTime"] // 3600000 * 3600000, float(row["fundingRate"])) for row in
                self.ask("/fapi/v1/fundingRate", symbol=symbol, startTime=start, endTime=end, limit=1000)
                if row.get("rateType", "Regular") == "Regular"]

    def mark(self, symbol, hour):
        row = self.ask("/fapi/v1/markPriceKlines", symbol=symbol, interval="1h", startTime=hour, limit=1)[0]
        if row[0] != hour:
            sys.exit(f"the exchange has no mark candle of {symbol} at {hour}")
        return float(row[1])


def main():
    datadir, rest, folder, *pairs = sys.argv[1:]
    exchange = Exchange(rest)
    marks = {}
    for trade in backtest(datadir, rest, folder, pairs).itertuples():
        symbol = trade.pair.split(":")[0].replace("/", "")
        start, end = (int(when.timestamp() * 1000) for when in (trade.open_date, trade.close_date))
        due, settlements = 0.0, 0
        for hour, rate in exchange.funding(symbol, start, end + 60000):
            if not start <= hour <= end:
                continue
            key = symbol, hour
            if key not in marks:
                marks[key] = exchange.mark(symbol, hour)
            due += rate * marks[key] * trade.amount * (1 if trade.is_short else -1)
            settlements += 1
        print(json.dumps({"pair": trade.pair, "short": bool(trade.is_short), "amount": trade.amount, "open": start,
                          "close": end, "settlements": settlements, "funding": trade.funding_fees, "due": due}))


main()
