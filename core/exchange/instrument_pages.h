// The list of instruments as the exchange gives it, page by page, and as it is kept on the disk for the next run.
#pragma once

#include "exchange/adapter.h"

namespace tk::exchange {

// Gathers the pages of one list. Pure; one thread.
class InstrumentPages
{
public:
    // The next page to ask for: empty for the first one.
    const QByteArray &cursor() const { return m_cursor; }

    // True: that was the last page, and the list is whole. An unreadable page, and an exchange that shows the same page
    // for ever, is an error, and the list begins anew.
    Result<bool> add(const ExchangeAdapter &adapter, const QByteArray &page);

    std::vector<Instrument> takeInstruments() { return std::exchange(m_instruments, {}); }
    // The exchange's own answers, to be read by parseInstrumentList(): a single page is kept as it came.
    const QByteArray &bytes() const { return m_bytes; }
    void clear() { *this = {}; }

private:
    QByteArray m_cursor;
    QByteArray m_bytes;
    std::vector<Instrument> m_instruments;
    int m_pages = 0;
};

// What InstrumentPages::bytes() held.
Result<std::vector<Instrument>> parseInstrumentList(const ExchangeAdapter &adapter, QByteArrayView bytes);

} // namespace tk::exchange
