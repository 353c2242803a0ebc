// The list of instruments in pages: gathered whole or not at all, and read from the disk as it was kept.
#include "exchange/binance_usdm/adapter.h"
#include "exchange/instrument_pages.h"
#include "symbols.h"

#include "support/test_registry.h"
#include "support/wrapped_adapter.h"

#include <QTest>

using namespace tk;
using namespace tk::exchange;
using test::symbolsOf;

namespace {

// Pages of one symbol a line: "BTCUSDT next".
QByteArray page(const char *symbol, const char *next = "")
{
    return QByteArray(symbol) + ' ' + next;
}

class PagedAdapter final : public test::WrappedAdapter
{
public:
    PagedAdapter()
        : WrappedAdapter(binance::makeAdapter())
    {}
    Result<std::vector<exchange::Instrument>> parseInstruments(QByteArrayView body) const override
    {
        const qsizetype end = body.indexOf(' ');
        if (end < 0)
            return Error{Error::Kind::Parse, QStringLiteral("no page"), true};
        exchange::Instrument instrument;
        instrument.symbol = QString::fromUtf8(body.first(end));
        return std::vector{instrument};
    }
    QByteArray nextInstruments(QByteArrayView body) const override
    {
        return body.sliced(body.indexOf(' ') + 1).toByteArray();
    }
};

} // namespace

class InstrumentPagesTest : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void allPagesAreOneList()
    {
        InstrumentPages pages;
        QCOMPARE(pages.cursor(), QByteArray());
        QCOMPARE(*pages.add(m_adapter, page("BTCUSDT", "two")), false);
        QCOMPARE(pages.cursor(), QByteArray("two"));
        QCOMPARE(*pages.add(m_adapter, page("ETHUSDT", "three")), false);
        QCOMPARE(*pages.add(m_adapter, page("SOLUSDT")), true);
        const QStringList all{QStringLiteral("BTCUSDT"), QStringLiteral("ETHUSDT"), QStringLiteral("SOLUSDT")};
        QCOMPARE(symbolsOf(*parseInstrumentList(m_adapter, pages.bytes())), all);
        QCOMPARE(symbolsOf(pages.takeInstruments()), all);
    }

    // As all lists on disks are so far.
    void aSinglePageIsKeptAsItCame()
    {
        InstrumentPages pages;
        QCOMPARE(*pages.add(m_adapter, page("BTCUSDT")), true);
        QCOMPARE(pages.bytes(), page("BTCUSDT"));
    }

    void anUnreadablePageBeginsAnew()
    {
        InstrumentPages pages;
        QVERIFY(pages.add(m_adapter, page("BTCUSDT", "two")));
        QVERIFY(!pages.add(m_adapter, "<html>"));
        QCOMPARE(pages.cursor(), QByteArray());
        QVERIFY(pages.takeInstruments().empty());
        QVERIFY(!parseInstrumentList(m_adapter, QByteArray("BTCUSDT \x1e<html>")));
    }

    void aListWithoutAnEnd()
    {
        InstrumentPages same;
        QVERIFY(same.add(m_adapter, page("BTCUSDT", "two")));
        const auto again = same.add(m_adapter, page("ETHUSDT", "two"));
        QVERIFY(!again && again.error().message.contains(QLatin1String("does not end")));
        QVERIFY(same.cursor().isEmpty() && same.takeInstruments().empty());

        InstrumentPages many;
        bool refused = false;
        for (int number = 0; number < 1000 && !refused; ++number)
            refused = !many.add(m_adapter, page("X", QByteArray::number(number).constData()));
        QVERIFY(refused);
    }

private:
    PagedAdapter m_adapter;
};

TK_TEST(InstrumentPagesTest, instrument_pages);
#include "tst_instrument_pages.moc"
