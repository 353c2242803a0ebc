"""What pandas sees in feather files: the reader that freqtrade uses.

feather_check.py available                 the versions of pandas and pyarrow
feather_check.py describe FILE...          one JSON object per line
feather_check.py loop FILE                 reads again and again until a line comes on stdin; then one JSON object
feather_check.py write FILE UNIT ROWS      a file as freqtrade writes it, of candles of 3 minutes
feather_check.py bench-write ROWS FILE...  writes each as freqtrade does; CPU and real seconds
feather_check.py bench-update FILE...      reads each, adds a row, writes it
feather_check.py freqtrade DATADIR PAIR TIMEFRAME KIND   what freqtrade's own handler loads
feather_check.py freqtrade-write DATADIR PAIR TIMEFRAME KIND FIRST STEP ROWS   freqtrade's own handler stores (times in ms)
"""

import json
import math
import os
import select
import sys
import time


def frame(name):
    import pandas

    return pandas.read_feather(name)


def describe(name):
    data = frame(name)
    dates = data["date"]
    return {
        "rows": len(data),
        "columns": list(data.columns),
        "types": [str(kind) for kind in data.dtypes],
        "index": type(data.index).__name__,
        "ascending": bool(dates.is_monotonic_increasing and dates.is_unique),
        "dates": [int(value) for value in dates.dt.as_unit("ms").astype("int64")],
        "values": [[None if math.isnan(value) else repr(float(value)) for value in data[column]] for column in data.columns[1:]],
    }


def loop(name):
    reads, shrunk, last, errors = 0, 0, 0, []
    stopped = False
    while not stopped:
        stopped = bool(select.select([sys.stdin], [], [], 0)[0])
        try:
            rows = len(frame(name))
        except Exception as error:  # whatever it is, it must not happen
            errors.append(repr(error))
            continue
        reads += 1
        if rows < last:
            shrunk += 1
        last = rows
        if reads == 1:
            print("reading", flush=True)
    print(json.dumps({"reads": reads, "shrunk": shrunk, "last": last, "errors": errors[:5], "failed": len(errors)}))


def candles(unit, rows):
    import numpy
    import pandas

    dates = pandas.date_range("2026-01-01", periods=rows, freq="3min", tz="UTC").as_unit(unit)
    random = numpy.random.default_rng(1)
    start = numpy.round(30000 + numpy.cumsum(random.normal(0, 10, rows)), 1)
    return pandas.DataFrame(
        {
            "date": dates,
            "open": start,
            "high": numpy.round(start + 5, 1),
            "low": numpy.round(start - 5, 1),
            "close": numpy.round(start + 1, 1),
            "volume": numpy.round(random.uniform(0, 100, rows), 3),
        }
    )


def store(data, name):
    data.to_feather(name, compression_level=9, compression="lz4")  # freqtrade's words


def bench(names):
    import pandas

    begin = time.process_time(), time.monotonic()
    for name in names:
        data = pandas.read_feather(name)
        row = data.iloc[-1:].copy()
        row["date"] += pandas.Timedelta("3min")
        store(pandas.concat([data, row], ignore_index=True), name)
    print(json.dumps({"cpu": time.process_time() - begin[0], "real": time.monotonic() - begin[1],
                      "bytes": sum(os.path.getsize(name) for name in names)}))


def bench_write(names, rows):
    data = candles("ms", rows)
    begin = time.process_time(), time.monotonic()
    for name in names:
        store(data, name)
    print(json.dumps({"cpu": time.process_time() - begin[0], "real": time.monotonic() - begin[1],
                      "bytes": sum(os.path.getsize(name) for name in names)}))


def freqtrade(datadir, pair, timeframe, kind):
    from pathlib import Path

    from freqtrade.data.history.datahandlers.featherdatahandler import FeatherDataHandler
    from freqtrade.enums import CandleType, TradingMode

    path = Path(datadir)
    known = FeatherDataHandler.ohlcv_get_available_data(path, TradingMode.FUTURES)
    data = FeatherDataHandler(path).ohlcv_load(pair, timeframe, CandleType.from_string(kind))
    print(json.dumps({
        "files": len(known),
        "rows": len(data),
        "dates": [int(value) for value in data["date"].dt.as_unit("ms").astype("int64")],
        "first": [repr(float(value)) for value in data["open"]],
        "columns": list(data.columns),
    }))


def freqtrade_write(datadir, pair, timeframe, kind, first, step, rows):
    from pathlib import Path

    import pandas
    from freqtrade.candle_columns import get_candle_columns
    from freqtrade.data.history.datahandlers.featherdatahandler import FeatherDataHandler
    from freqtrade.enums import CandleType

    type_ = CandleType.from_string(kind)
    times = [int(first) + int(step) * row for row in range(int(rows))]
    data = pandas.DataFrame({"date": pandas.to_datetime(times, unit="ms", utc=True).as_unit("ms")})
    for column in get_candle_columns(type_)[1:]:
        data[column] = [0.25 + row for row in range(int(rows))]
    FeatherDataHandler(Path(datadir)).ohlcv_store(pair, timeframe, data, type_)
    print(json.dumps({"columns": list(data.columns)}))


def main():
    what, arguments = sys.argv[1], sys.argv[2:]
    if what == "describe":
        for name in arguments:
            print(json.dumps(describe(name)))
    elif what == "loop":
        loop(arguments[0])
    elif what == "write":
        store(candles(arguments[1], int(arguments[2])), arguments[0])
    elif what == "bench-update":
        bench(arguments)
    elif what == "bench-write":
        bench_write(arguments[1:], int(arguments[0]))
    elif what == "freqtrade":
        freqtrade(*arguments)
    elif what == "freqtrade-write":
        freqtrade_write(*arguments)
    elif what == "available":
        import pandas
        import pyarrow

        print(pandas.__version__, pyarrow.__version__)
    else:
        sys.exit("unknown: " + what)


main()
