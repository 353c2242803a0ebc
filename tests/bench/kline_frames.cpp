#include "kline_frames.h"

#include "market/timeframe.h"

#include <random>

namespace tk::bench {

namespace {

QByteArray decimal(quint32 whole, quint32 fraction, int digits)
{
    return QByteArray::number(whole) + '.' + QByteArray::number(fraction).rightJustified(digits, '0').left(digits);
}

} // namespace

QByteArray klineFrame(const QString &symbol, UtcTime open, bool closed, quint32 noise)
{
    std::minstd_rand random(noise + 1);
    // Values that a candle can have: its high is above all the others, and its low below them.
    const auto priceFrom = [&](quint32 least) { return decimal(least + random() % 5'000, random() % 100, 2); };
    const auto price = [&] { return priceFrom(60'000); };
    const auto amount = [&] { return decimal(random() % 10'000, random() % 1000, 3); };
    const auto value = [&] { return decimal(random() % 100'000'000, random() % 100'000, 5); };
    const QByteArray name = symbol.toLatin1();
    const qint64 from = toMs(open);
    return "{\"stream\":\"" + name.toLower() +
           "@kline_3m\",\"data\":{\"e\":\"kline\",\"E\":" + QByteArray::number(from + 170'000 + random() % 9'000) +
           ",\"s\":\"" + name + "\",\"k\":{\"t\":" + QByteArray::number(from) +
           ",\"T\":" + QByteArray::number(from + 179'999) + ",\"s\":\"" + name +
           "\",\"i\":\"3m\",\"f\":" + QByteArray::number(5'000'000'000 + random() % 100'000) +
           ",\"L\":" + QByteArray::number(5'100'000'000 + random() % 100'000) + ",\"o\":\"" + price() + "\",\"c\":\"" +
           price() + "\",\"h\":\"" + priceFrom(70'000) + "\",\"l\":\"" + priceFrom(50'000) + "\",\"v\":\"" + amount() +
           "\",\"n\":" + QByteArray::number(quint32(random() % 100'000)) + ",\"x\":" + (closed ? "true" : "false") +
           ",\"q\":\"" + value() + "\",\"V\":\"" + amount() + "\",\"Q\":\"" + value() + "\",\"B\":\"0\"}}}";
}

KlineFrames::KlineFrames(int contracts, int count, Closed closed, UtcTime first)
{
    for (int i = 0; i < contracts; ++i) {
        const QString base = QStringLiteral("COIN%1").arg(i);
        exchange::Instrument instrument;
        instrument.symbol = base + QStringLiteral("USDT");
        instrument.unified = base + QStringLiteral("/USDT:USDT");
        instrument.status = exchange::InstrumentStatus::Trading;
        instrument.perpetual = true;
        m_instruments.push_back(instrument);
    }
    for (int i = 0; i < count; ++i) {
        const UtcTime open = closed == Closed::Always ? first + (i / contracts) * std::chrono::minutes(3) : first;
        m_offsets.push_back(size_t(m_text.size()));
        m_text += klineFrame(m_instruments[size_t(i % contracts)].symbol, open, closed == Closed::Always, quint32(i));
    }
    m_offsets.push_back(size_t(m_text.size()));
    m_text += QByteArray(64, ' ');
}

} // namespace tk::bench
