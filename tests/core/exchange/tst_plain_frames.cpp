// The quick reader of frames beside the full one: it reads what the exchange writes, leaves alone what it must, and
// both say the same of every text, in whatever order and however odd.
#include "frame_check.h"

#include "exchange/binance_usdm/frames.h"
#include "exchange/binance_usdm/plain_frame.h"
#include "support/test_registry.h"

#include <algorithm>
#include <random>

using namespace tk;
using namespace tk::exchange;
using namespace tk::exchange::binance;
using namespace tk::test;

namespace {

struct Field
{
    QByteArray name;
    QByteArray value; // as JSON
};
using FieldList = QList<Field>;

struct Event
{
    FieldList outer;
    QByteArray nested; // "k", "o" or none
    FieldList inner;
};

// Names and values by turns.
FieldList fields(const QList<QByteArray> &text)
{
    FieldList list;
    for (qsizetype i = 0; i + 1 < text.size(); i += 2)
        list.append({text[i], text[i + 1]});
    return list;
}

const QList<Event> &usualEvents()
{
    static const QList<Event> events{
        {fields({"e", "\"kline\"", "E", "1795168860203", "s", "\"ETHUSDT\""}), "k",
         fields({"t", "1795168800000", "T", "1795168859999",    "s", "\"ETHUSDT\"", "i", "\"1m\"",
                 "f", "6200000001",    "L", "6200000941",       "o", "\"3120.10\"", "c", "\"3121.55\"",
                 "h", "\"3122.00\"",   "l", "\"3119.90\"",      "v", "\"88.412\"",  "n", "941",
                 "x", "true",          "q", "\"275911.20418\"", "V", "\"40.100\"",  "Q", "\"125102.11020\"",
                 "B", "\"0\""})},
        {fields({"e", "\"continuous_kline\"", "E", "1795168858651", "ps", "\"BTCUSDT\"", "ct", "\"PERPETUAL\""}), "k",
         fields({"t", "1795168800000", "i", "\"3m\"", "L", "-1", "o", "\"1\"", "c", "\"2\"", "h", "\"3\"",
                 "l", "\"0.5\"",       "v", "\"0\"",  "n", "0",  "x", "false", "q", "\"0\""})},
        {fields({"e", "\"markPriceUpdate\"", "E", "1795168861000", "s", "\"ADAUSDT\"", "p", "\"0.4512\"", "ap",
                 "\"0.4511\"", "i", "\"0.45\"", "r", "\"-0.000012\"", "T", "1795190400000", "st", "1"}),
         {},
         {}},
        {fields({"e", "\"aggTrade\"",  "E", "1795168861488", "a", "3577868433", "s", "\"BTCUSDT\"",
                 "p", "\"84091.70\"",  "q", "\"0.122\"",     "f", "8353634393", "l", "8353634399",
                 "T", "1795168861338", "m", "true"}),
         {},
         {}},
        {fields({"e", "\"bookTicker\"", "u", "11957092630477", "s", "\"1INCHUSDT\"", "b", "\"0.3410\"", "B", "\"915\"",
                 "a", "\"0.3411\"", "A", "\"763\"", "T", "1795168861657", "E", "1795168861658"}),
         {},
         {}},
        {fields({"e", "\"24hrTicker\"", "E", "1795168861519", "s", "\"DOGEUSDT\"", "c", "\"0.25310\"", "v",
                 "\"7340338583\"", "L", "3153634403"}),
         {},
         {}},
        {fields({"e", "\"forceOrder\"", "E", "1795168863055"}), "o",
         fields({"s", "\"AVAXUSDT\"", "S", "\"SELL\"", "q", "\"19\"", "p", "\"18.30\"", "ap", "\"18.55\"", "z",
                 "\"19\"", "T", "1795168862120", "st", "1"})},
        {fields({"e", "\"contractInfo\"", "E", "1795168861210", "s", "\"OLDUSDT\"", "dt", "1795600000000", "cs",
                 "\"SETTLING\""}),
         {},
         {}},
        {fields({"result", "null", "id", "7"}), {}, {}},
        {fields({"code", "2", "msg", "\"Invalid request\"", "id", "9"}), {}, {}},
    };
    return events;
}

QByteArray object(const FieldList &list)
{
    QByteArray text = "{";
    for (const Field &field : list)
        text += (text.size() > 1 ? ",\"" : "\"") + field.name + "\":" + field.value;
    return text + '}';
}

QByteArray written(const Event &event, bool wrapped)
{
    FieldList outer = event.outer;
    if (!event.nested.isEmpty())
        outer.append({event.nested, object(event.inner)});
    return wrapped ? "{\"stream\":\"a@b\",\"data\":" + object(outer) + '}' : object(outer);
}

class Dice
{
public:
    quint32 below(qsizetype limit) { return quint32(m_random() % quint32(limit)); }
    bool oneIn(int n) { return m_random() % quint32(n) == 0; }
    template <typename T>
    const T &of(const QList<T> &list)
    {
        return list[below(list.size())];
    }
    void shuffle(FieldList &list) { std::shuffle(list.begin(), list.end(), m_random); }

private:
    std::mt19937 m_random{20'261'121};
};

// One field more, fewer, twice or otherwise.
void spoil(FieldList &list, Dice &dice)
{
    static const QList<QByteArray> names{"e",    "E",      "s",     "k",    "o",       "x",   "st", "ps", "dt", "pu",
                                         "id",   "_",      "\\",    "\\\\", "\\u0065", "[",   "",   "Z",  "b",  "a",
                                         "data", "stream", "error", "code", "result",  "msg", "1",  "ap"};
    static const QList<QByteArray> values{"1",
                                          "-1",
                                          "0",
                                          "1.5",
                                          "1e5",
                                          "-",
                                          "--1",
                                          "12x",
                                          "true",
                                          "tru",
                                          "truest",
                                          "false",
                                          "null",
                                          "nul",
                                          "\"\"",
                                          "\"1\"",
                                          "\"-1.5\"",
                                          "\"1.2.3\"",
                                          "\".\"",
                                          "\"1e5\"",
                                          "{}",
                                          "[]",
                                          "[1,{\"e\":2}]",
                                          "[[\"1\",\"2\"]]",
                                          "{\"a\":1}",
                                          "{\"k\":{\"i\":1}}",
                                          "\"a\\\"b\"",
                                          "\"\\u0041\"",
                                          "\"\\x\"",
                                          "\"a\nb\"",
                                          "\"\xc3\xbc\"",
                                          "\"\xff\"",
                                          "\"12345678\"",
                                          "\"1234567\"",
                                          "\"12345678901234567890123456789012\"",
                                          "99999999999999999999",
                                          " 1",
                                          "1 ",
                                          "",
                                          "\"open",
                                          "\"a\n,\"b\":\"c\"",
                                          "\"a\\,\"b\":\"c\"",
                                          "\"a\xff,\"b\":\"c\"",
                                          "'1'",
                                          "2"};
    if (list.isEmpty() || dice.oneIn(3)) {
        list.append({dice.of(names), dice.of(values)});
        return;
    }
    const qsizetype at = dice.below(list.size());
    switch (dice.below(5)) {
    case 0:
        list.removeAt(at);
        break;
    case 1:
        list.append(list[at]);
        break;
    case 2:
        list[at].name = dice.of(names);
        break;
    default:
        list[at].value = dice.of(values);
    }
}

} // namespace

class PlainFramesTest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    // Otherwise everything below would compare the full reader with itself.
    void readsWhatTheExchangeWrites()
    {
        for (const Event &event : usualEvents().first(8)) {
            for (const bool wrapped : {false, true}) {
                const QByteArray bare = written(event, false);
                const Padded frame(written(event, wrapped));
                const auto object = readPlain(frame.view(), m_fields);
                QVERIFY2(object, bare.constData());
                QCOMPARE(bytes(*object), bare);
            }
        }
    }

    void leavesAloneWhatItMust()
    {
        const QByteArray good = "{\"e\":\"x\",\"E\":1,\"k\":{\"t\":1}}";
        QVERIFY(reads(good));
        for (qsizetype size = 0; size < good.size(); ++size)
            QVERIFY2(!reads(good.first(size)), good.first(size).constData());
        for (const QByteArray &other : {good + ' ',
                                        ' ' + good,
                                        good + good,
                                        '[' + good + ']',
                                        good + '}',
                                        QByteArray("{}"),
                                        QByteArray("{\"e\": 1}"),
                                        QByteArray("{\"e\" :1}"),
                                        QByteArray("{\"e\":1,}"),
                                        QByteArray("{\"e\":[1]}"),
                                        QByteArray("{\"k\":{}}"),
                                        QByteArray("{\"z\":{\"a\":1}}"),
                                        QByteArray("{\"k\":{\"k\":{\"a\":1}}}"),
                                        QByteArray("{\"e\":\"a\\u0041\"}"),
                                        QByteArray("{\"e\":\"\xc3\xbc\"}"),
                                        QByteArray("{\"e\":\"a\tb\"}"),
                                        QByteArray("{\"\\u0065\":1}"),
                                        QByteArray("{\"e\":1e5}"),
                                        QByteArray("{\"e\":tru}"),
                                        QByteArray("{\"e\":x}"),
                                        QByteArray("{\"result\":null,\"id\":1}"),
                                        QByteArray("{\"code\":1}"),
                                        QByteArray("{\"data\":" + good + '}'),
                                        QByteArray("{\"stream\":\"a\",\"data\":" + good),
                                        QByteArray("{\"stream\":\"a\",\"data\":" + good + ",\"x\":1}")})
            QVERIFY2(!reads(other), other.constData());
    }

    void anyOrderAndAnyOddity()
    {
        Dice dice;
        int events = 0;
        int byQuick = 0;
        int broken = 0;
        for (int i = 0; i < 100'000; ++i) {
            Event event = dice.of(usualEvents());
            if (!dice.oneIn(4)) {
                dice.shuffle(event.outer);
                dice.shuffle(event.inner);
            }
            for (quint32 oddities = dice.below(3); oddities > 0; --oddities)
                spoil(event.nested.isEmpty() || dice.oneIn(2) ? event.outer : event.inner, dice);
            if (!event.nested.isEmpty() && dice.oneIn(2)) { // the nested object anywhere among its neighbours
                event.outer.insert(qsizetype(dice.below(event.outer.size() + 1)), {event.nested, object(event.inner)});
                event.nested.clear();
            }
            QByteArray text = written(event, dice.oneIn(2));
            if (dice.oneIn(20))
                text.insert(qsizetype(dice.below(text.size() + 1)), dice.oneIn(2) ? " " : "\"");
            if (dice.oneIn(20))
                text.truncate(qsizetype(dice.below(text.size())));
            const Padded frame(text, dice.oneIn(2) ? '}' : '"');
            const bool good = m_full.parse(frame.view(), m_expected).has_value();
            QVERIFY2(m_parser.parse(frame.view(), m_parsed).has_value() == good, text.constData());
            QVERIFY2(m_parsed == m_expected, text.constData());
            for (size_t at = 0; at < m_parsed.events.size(); ++at)
                QVERIFY2(m_parsed.events[at].raw.data() == m_expected.events[at].raw.data(), text.constData());
            events += int(m_parsed.events.size());
            byQuick += readPlain(frame.view(), m_fields).has_value();
            broken += !good;
        }
        // All three are met often.
        QVERIFY2(events > 30'000 && byQuick > 30'000 && broken > 5'000,
                 qPrintable(QStringLiteral("%1 %2 %3").arg(events).arg(byQuick).arg(broken)));
    }

private:
    bool reads(const QByteArray &text)
    {
        const Padded frame(text, '}');
        return readPlain(frame.view(), m_fields).has_value();
    }

    FrameParser m_parser;
    FrameParser m_full{FrameParser::Readers::FullOnly};
    ParsedFrame m_parsed;
    ParsedFrame m_expected;
    FrameFields m_fields;
};

TK_TEST(PlainFramesTest, plain_frames);
#include "tst_plain_frames.moc"
