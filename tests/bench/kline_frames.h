// Kline frames of the combined stream, about 340 bytes each, made up here: the commonest frame there is.
#pragma once

#include "exchange/instrument.h"

#include <QByteArray>

#include <string_view>
#include <vector>

namespace tk::bench {

class KlineFrames
{
public:
    enum class Closed { Never, Always };

    // `count` frames, the contracts in turn; with Closed::Always each one is the contract's next 3m candle, from
    // `first` on.
    KlineFrames(int contracts, int count, Closed closed, UtcTime first);

    const std::vector<exchange::Instrument> &instruments() const { return m_instruments; }
    size_t size() const { return m_offsets.size() - 1; }
    std::string_view at(size_t i) const // 64 readable bytes follow
    {
        return {m_text.constData() + m_offsets[i], m_offsets[i + 1] - m_offsets[i]};
    }

private:
    std::vector<exchange::Instrument> m_instruments;
    QByteArray m_text;
    std::vector<size_t> m_offsets;
};

QByteArray klineFrame(const QString &symbol, UtcTime open, bool closed, quint32 noise);

} // namespace tk::bench
