#include "exchange/instrument_pages.h"

#include <iterator>

namespace tk::exchange {

namespace {

constexpr char separator = '\x1e'; // no JSON text holds it (RFC 7464 separates them by it, too)
constexpr int mostPages = 500;

void append(std::vector<Instrument> &all, std::vector<Instrument> more)
{
    all.insert(all.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

} // namespace

Result<bool> InstrumentPages::add(const ExchangeAdapter &adapter, const QByteArray &page)
{
    auto instruments = adapter.parseInstruments(page);
    if (!instruments) {
        clear();
        return instruments.error();
    }
    append(m_instruments, std::move(instruments).value());
    if (m_pages++ > 0)
        m_bytes += separator;
    m_bytes += page;
    const QByteArray next = adapter.nextInstruments(page);
    const bool goesRound = !next.isEmpty() && (next == m_cursor || m_pages >= mostPages);
    m_cursor = next;
    if (!goesRound)
        return next.isEmpty();
    clear();
    return Error{Error::Kind::Parse,
                 QStringLiteral("the list of instruments does not end: page after page names \"%1\" as the next one")
                     .arg(QString::fromUtf8(next)),
                 true};
}

Result<std::vector<Instrument>> parseInstrumentList(const ExchangeAdapter &adapter, QByteArrayView bytes)
{
    std::vector<Instrument> all;
    for (qsizetype from = 0;;) {
        const qsizetype end = bytes.indexOf(separator, from);
        auto page = adapter.parseInstruments(bytes.sliced(from, (end < 0 ? bytes.size() : end) - from));
        if (!page)
            return page.error();
        append(all, std::move(page).value());
        if (end < 0)
            return all;
        from = end + 1;
    }
}

} // namespace tk::exchange
