// REST answers: the first byte chooses the question.
#include "fuzz_target.h"

#include "exchange/binance_usdm/adapter.h"

using namespace tk;
using namespace tk::exchange;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const auto adapter = binance::makeAdapter();
    if (size == 0)
        return 0;
    const QByteArrayView body(reinterpret_cast<const char *>(data) + 1, qsizetype(size - 1));
    Instrument instrument;
    instrument.unified = QStringLiteral("BTC/USDT:USDT");
    switch (data[0] % 5) {
    case 0:
        if (const auto candles = adapter->parseCandles(body)) {
            for (const Candle &candle : *candles)
                FUZZ_CHECK(DecimalText::from(candle.open.view()) && DecimalText::from(candle.quote_volume.view()));
        }
        static_cast<void>(adapter->parseMarkPrices(body, instrument));
        break;
    case 1:
        if (const auto instruments = adapter->parseInstruments(body)) {
            FUZZ_CHECK(!instruments->empty());
            for (const Instrument &one : *instruments)
                FUZZ_CHECK(!one.symbol.isEmpty() && !one.unified.isEmpty());
        }
        break;
    case 2:
        if (const auto points = adapter->parseFunding(body, instrument)) {
            for (const FundingPoint &point : *points)
                FUZZ_CHECK(DecimalText::from(point.rate.view()));
        }
        break;
    case 3:
        static_cast<void>(adapter->parseTime(body));
        break;
    default: {
        const std::array statuses{0, 200, 202, 400, 403, 418, 429, 451, 500, 503};
        RestReply reply{.status = statuses[data[0] / 5 % statuses.size()], .body = body.toByteArray(), .headers = {}};
        reply.headers.emplace_back("retry-after", reply.body.left(12));
        reply.headers.emplace_back("x-mbx-used-weight-1m", reply.body.right(8));
        const auto refusal = adapter->refusal(reply, fromMs(1'795'168'800'000));
        FUZZ_CHECK(refusal.has_value() == (reply.status != 200));
        if (refusal)
            FUZZ_CHECK(refusal->pause.count() >= 0);
        static_cast<void>(adapter->limitsUsed(reply));
    }
    }
    return 0;
}
