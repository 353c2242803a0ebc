// Frames written from the reference: what must be read, what must be refused, and that nothing crashes.
#include "frame_check.h"

#include "exchange/binance_usdm/adapter.h"
#include "support/test_registry.h"

#include <QJsonDocument>

using namespace tk;
using namespace tk::exchange;
using namespace tk::test;

namespace {

QList<QByteArray> data(const char *name)
{
    return linesOf(QStringLiteral(TAPEKEEPER_SOURCE_DIR "/tests/data/binance-usdm/") + QLatin1String(name));
}

bool saysNothing(const ParsedFrame &parsed)
{
    return parsed.events.empty() && parsed.acknowledged.empty() && parsed.rejected.empty() && parsed.unhandled.empty();
}

} // namespace

class FramesTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init() { m_adapter = binance::makeAdapter(); }

    void events()
    {
        const auto frames = data("events.jsonl");
        QVERIFY(frames.size() > 20);
        for (const QByteArray &frame : frames) {
            QVERIFY2(parse(frame), frame.constData());
            const QStringList wrong = differences(m_parsed, frame);
            QVERIFY2(wrong.isEmpty(), qPrintable(wrong.join(QStringLiteral("; ")) + QString::fromUtf8(frame)));
            QVERIFY2(m_parsed.unhandled.empty(), frame.constData());
        }
    }

    // Both shapes of errors, and every result a request can have.
    void answers()
    {
        const auto frames = data("answers.jsonl");
        QVERIFY(!frames.isEmpty());
        for (const QByteArray &frame : frames) {
            QVERIFY2(parse(frame), frame.constData());
            const QJsonObject object = QJsonDocument::fromJson(frame).object();
            const qint64 id = object.value(QLatin1String("id")).toInteger();
            QVERIFY(m_parsed.events.empty() && m_parsed.unhandled.empty());
            QJsonObject error = object.value(QLatin1String("error")).toObject();
            if (object.contains(QLatin1String("code")))
                error = object;
            if (error.isEmpty()) {
                QCOMPARE(m_parsed.acknowledged.size(), size_t(1));
                QCOMPARE(m_parsed.rejected.size(), size_t(0));
                QCOMPARE(m_parsed.acknowledged[0].id, quint64(id));
            } else {
                QCOMPARE(m_parsed.acknowledged.size(), size_t(0));
                QCOMPARE(m_parsed.rejected.size(), size_t(1));
                QCOMPARE(m_parsed.rejected[0].id, quint64(id));
                QCOMPARE(m_parsed.rejected[0].code, error.value(QLatin1String("code")).toInt());
                QCOMPARE(m_parsed.rejected[0].message, error.value(QLatin1String("msg")).toString());
            }
        }
    }

    void unknownIsSaid()
    {
        for (const QByteArray &frame : data("unhandled.jsonl")) {
            QVERIFY2(parse(frame), frame.constData());
            QVERIFY2(m_parsed.events.empty() && m_parsed.acknowledged.empty() && m_parsed.rejected.empty(),
                     frame.constData());
            QCOMPARE(m_parsed.unhandled.size(), size_t(1));
            QVERIFY2(!m_parsed.unhandled[0].kind.startsWith("malformed"), frame.constData());
            const QJsonObject object = QJsonDocument::fromJson(frame).object();
            const QJsonObject inner = object.value(QLatin1String("data")).toObject(object);
            const QString type = inner.value(QLatin1String("e")).toString(QStringLiteral("no event type"));
            QCOMPARE(QString::fromUtf8(m_parsed.unhandled[0].kind), type);
        }
    }

    // A value that is not what it should be makes no event: neither a wrong number nor text that a store would choke
    // on.
    void malformedMakesNoEvent()
    {
        const auto frames = data("malformed.jsonl");
        QVERIFY(frames.size() > 20);
        for (const QByteArray &frame : frames) {
            QVERIFY2(parse(frame), frame.constData());
            QVERIFY2(m_parsed.events.empty(), frame.constData());
            QCOMPARE(m_parsed.unhandled.size(), size_t(1));
            QVERIFY2(m_parsed.unhandled[0].kind.startsWith("malformed"), frame.constData());
        }
    }

    void brokenIsAnError()
    {
        const auto frames = data("broken.txt");
        QVERIFY(frames.size() > 10);
        for (const QByteArray &frame : frames) {
            QVERIFY2(!parse(frame), frame.constData());
            QVERIFY2(saysNothing(m_parsed), frame.constData());
        }
        QVERIFY(!parse(""));
        QVERIFY(!parse("   "));
        QVERIFY(!parse(QByteArray("\0\0\0", 3)));
        QVERIFY(!parse("{\"e\":\"kline\xff\xfe\",\"E\":1}")); // not UTF-8
    }

    // One bad row does not take its neighbours along; broken text takes all, since nothing of it can be trusted.
    void badRowsStandAlone()
    {
        const QByteArray row =
            "{\"e\":\"markPriceUpdate\",\"E\":1795168862000,\"s\":\"LTCUSDT\",\"p\":\"88.1\",\"T\":0}";
        QVERIFY(parse('[' + row + ",{\"e\":\"markPriceUpdate\",\"E\":1,\"s\":\"X\",\"p\":\"a\"}," + row + ']'));
        QCOMPARE(m_parsed.events.size(), size_t(2));
        QCOMPARE(m_parsed.unhandled.size(), size_t(1));
        QVERIFY(!parse('[' + row + ",{\"e\":\"markPriceUpdate\",\"E\":1,\"s\":\"X\",p]," + row + ']'));
        QVERIFY(saysNothing(m_parsed));
    }

    // Cut at any byte: an error, or nothing that is taken for data; whatever bytes happen to lie behind.
    void truncatedAnywhere_data()
    {
        QTest::addColumn<int>("behind");
        QTest::newRow("zeros behind") << 0;
        QTest::newRow("braces behind") << int('}');
        QTest::newRow("brackets behind") << int(']');
        QTest::newRow("the rest behind") << -1;
    }
    void truncatedAnywhere()
    {
        QFETCH(int, behind);
        for (const QByteArray &line : data("events.jsonl") + data("answers.jsonl")) {
            const QByteArray frame = line.trimmed();
            const QByteArray padded = frame + QByteArray(64, '\0');
            for (qsizetype size = 0; size < frame.size(); ++size) {
                bool good = false;
                if (behind < 0) {
                    good = m_adapter->parse({padded.constData(), size_t(size)}, m_parsed).has_value();
                } else {
                    const Padded cut(QByteArrayView(frame).first(size), char(behind));
                    good = m_adapter->parse(cut.view(), m_parsed).has_value();
                }
                QVERIFY2(!good && saysNothing(m_parsed), frame.first(size).constData());
            }
        }
    }

    // Nesting that would exhaust the stack of a careless reader.
    void hostileNesting()
    {
        for (const qsizetype depth : {10, 1000, 5000, 2'000'000}) {
            const auto nested = [depth](const QByteArray &open, const QByteArray &close) {
                return open.repeated(depth) + "1" + close.repeated(depth);
            };
            for (const QByteArray &frame :
                 {nested("[", "]"), nested("{\"data\":", "}"), nested("[{\"data\":", "}]"), nested("{\"k\":", "}"),
                  nested("{\"o\":{\"k\":", "}}"), nested("{\"error\":", "}"), QByteArray("[").repeated(depth),
                  QByteArray("{\"data\":").repeated(depth), QByteArray("{\"b\":") + nested("[", "]") + '}'}) {
                static_cast<void>(parse(frame));
                QVERIFY(m_parsed.events.empty());
                QVERIFY(m_parsed.acknowledged.empty());
            }
        }
        // Deep in a field nobody reads: skipped, and the event is good.
        const QByteArray deep = QByteArray("[").repeated(3000) + QByteArray("]").repeated(3000);
        const QByteArray frame = "{\"new\":" + deep + ",\"e\":\"markPriceUpdate\",\"E\":1,\"s\":\"A\",\"p\":\"1\"}";
        if (parse(frame))
            QCOMPARE(m_parsed.events.size(), size_t(1));
    }

    // A huge frame (1 MB) of rows is read whole.
    void hugeArray()
    {
        QByteArray frame = "[";
        int rows = 0;
        for (; frame.size() < 1'000'000; ++rows) {
            frame += QByteArray(rows ? "," : "") + "{\"e\":\"markPriceUpdate\",\"E\":1795168862000,\"s\":\"P" +
                     QByteArray::number(rows) +
                     "USDT\",\"p\":\"88.10000000\",\"i\":\"88\",\"r\":\"0.0001\",\"T\":0,\"st\":" +
                     (rows % 5 == 4 ? "2}" : "1}");
        }
        frame += ']';
        QVERIFY(parse(frame));
        QCOMPARE(m_parsed.events.size(), size_t(expectedEvents(frame).size()));
        QVERIFY(differences(m_parsed, frame).isEmpty());
    }

    // The escaped and the plain writing of a symbol are the same symbol; a hostile one stays one string.
    void escapesInSymbols()
    {
        const auto symbolOf = [this](const QByteArray &written) {
            return parse("{\"e\":\"markPriceUpdate\",\"E\":1,\"s\":\"" + written + "\",\"p\":\"1\"}") &&
                           !m_parsed.events.empty()
                       ? bytes(m_parsed.events[0].symbol)
                       : QByteArray("(none)");
        };
        QCOMPARE(symbolOf("\\u0042TCUSDT"), QByteArray("BTCUSDT"));
        QCOMPARE(symbolOf("\\u9f99\\u867eUSDT"), QByteArray("龙虾USDT"));
        QCOMPARE(symbolOf("A\\\"B\\\\C"), QByteArray("A\"B\\C"));
        QCOMPARE(symbolOf("A\\nB C,D=1"), QByteArray("A\nB C,D=1"));
        QCOMPARE(symbolOf("\\ud83d\\ude00"), QByteArray("😀"));
        QCOMPARE(symbolOf("A\nB"), QByteArray("(none)"));  // a raw line end is no JSON
        QCOMPARE(symbolOf("\\x41"), QByteArray("(none)")); // nor is this escape
    }

    // A frame does not remember the one before.
    void nothingIsLeftOver()
    {
        QVERIFY(parse("{\"e\":\"markPriceUpdate\",\"E\":1,\"s\":\"A\",\"p\":\"1\",\"i\":\"2\",\"r\":\"3\",\"T\":4}"));
        QVERIFY(parse("{\"e\":\"markPriceUpdate\",\"E\":1,\"s\":\"A\"}"));
        QVERIFY(m_parsed.events.empty());
        QVERIFY(!parse("{"));
        QVERIFY(parse("{\"e\":\"markPriceUpdate\",\"E\":1,\"s\":\"A\",\"p\":\"1\"}"));
        QCOMPARE(m_parsed.events.size(), size_t(1));
        QVERIFY(std::get<MarkUpdate>(m_parsed.events[0].payload).index_price.isEmpty());
    }

private:
    bool parse(const QByteArray &frame)
    {
        m_frame = std::make_unique<Padded>(frame); // events are views into it
        return m_adapter->parse(m_frame->view(), m_parsed).has_value();
    }

    std::unique_ptr<ExchangeAdapter> m_adapter;
    std::unique_ptr<Padded> m_frame;
    ParsedFrame m_parsed;
};

TK_TEST(FramesTest, frames);
#include "tst_frames.moc"
