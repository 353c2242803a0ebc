#include "fault_schedule.h"

#include <QRegularExpression>

namespace tk::test {

using namespace std::chrono_literals;

namespace {

constexpr milliseconds healing = 4min; // until all is well again: backoff, resubscription, first data

QString seconds(int count)
{
    return QStringLiteral("%1s").arg(count);
}

QByteArray wireName(const StreamKey &stream)
{
    const QString symbol = stream.pair.section(u':', 0, 0).remove(u'/').toLower();
    if (stream.kind == StreamKind::Candles)
        return (symbol + QStringLiteral("@kline_") + timeframeText(stream.timeframe)).toUtf8();
    return (symbol + QStringLiteral("@markPrice@1s")).toUtf8();
}

bool matches(const QString &pattern, const QByteArray &name)
{
    return pattern.isEmpty() || QRegularExpression::fromWildcard(pattern).match(QString::fromUtf8(name)).hasMatch();
}

} // namespace

FaultSchedule::FaultSchedule(quint64 seed, const QStringList &symbols, UtcTime from, UtcTime to)
    : m_random(seed)
{
    for (UtcTime at = from + milliseconds(number(30'000, 240'000)); at < to - 6min;
         at += milliseconds(number(240'000, 900'000)))
        m_faults.push_back(random(at, symbols));
}

PlannedFault FaultSchedule::random(UtcTime at, const QStringList &symbols)
{
    const QString symbol = symbols.at(number(0, int(symbols.size()) - 1));
    const QString kline =
        symbol.toLower() + QStringLiteral("@kline_") +
        QStringList{QStringLiteral("3m"), QStringLiteral("15m"), QStringLiteral("1h")}.at(number(0, 2));
    const QString mark = symbol.toLower() + QStringLiteral("@markPrice@1s");
    PlannedFault fault{
        .at = at, .spec = {.fault = {}, .duration = milliseconds(number(20'000, 180'000))}, .silences = false};
    sim::FaultSpec &spec = fault.spec;
    const auto set = [&spec](const char *key, const QJsonValue &value) {
        spec.parameters.insert(QLatin1String(key), value);
    };
    switch (number(0, 13)) {
    case 0:
        spec.fault = QStringLiteral("mute-all");
        fault.silences = true;
        break;
    case 1:
        spec.fault = QStringLiteral("mute-stream");
        spec.stream = number(0, 1) ? kline : mark;
        spec.duration = milliseconds(number(60'000, 300'000));
        fault.silences = true;
        break;
    case 2:
        spec.fault = QStringLiteral("half-open");
        fault.silences = true;
        break;
    case 3:
        spec.fault = QStringLiteral("close");
        spec.duration = 1s;
        if (number(0, 1))
            set("abrupt", true);
        else
            set("code", QList<int>{1000, 1001, 1008}.at(number(0, 2)));
        fault.silences = true;
        break;
    case 4:
        spec.fault = QStringLiteral("life");
        spec.duration = 10s;
        set("after", seconds(number(10, 300)));
        fault.silences = true;
        break;
    case 5:
        spec.fault = QStringLiteral("late-close");
        if (number(0, 2) == 0)
            set("never", true);
        else
            set("delay", seconds(number(1, 60)));
        spec.duration = milliseconds(number(120'000, 600'000));
        break;
    case 6:
        spec.fault = QStringLiteral("out-of-order");
        break;
    case 7: { // a pair that is merely quiet: nobody may call it sick
        spec.fault = QStringLiteral("quiet");
        const int length = number(300, 1500);
        spec.duration = std::chrono::seconds(length);
        set("symbol", symbol);
        set("for", seconds(length));
        break;
    }
    case 8:
        spec.fault = QStringLiteral("rest-refuse");
        set("status", QList<int>{403, 500, 502, 503}.at(number(0, 3))); // 429 are counted as ours
        break;
    case 9:
        spec.fault = QStringLiteral("framing");
        set("mode", number(0, 1) ? QStringLiteral("fragment") : QStringLiteral("split"));
        break;
    case 10:
        spec.fault = QStringLiteral("ack");
        if (number(0, 1))
            set("lost", true);
        else
            set("delay", seconds(5));
        break;
    case 11:
        spec.fault = QStringLiteral("stall-burst");
        set("stall", seconds(number(2, 8)));
        fault.silences = true; // with the machine's own delays, 8 s come near the 10 s of the contract
        break;
    case 12:
        spec.fault = QStringLiteral("lose-frames");
        set("every", number(3, 10));
        fault.silences = true; // a trade whose frame was lost stays unseen until the stream's next one
        break;
    default:
        spec.fault = QStringLiteral("broken-frame");
        set("every", number(3, 10));
        fault.silences = true; // a broken frame is a lost one
        break;
    }
    return fault;
}

std::map<QString, int> FaultSchedule::counts(UtcTime until) const
{
    std::map<QString, int> counts;
    for (const PlannedFault &fault : m_faults)
        counts[fault.spec.fault] += fault.at < until ? 1 : 0;
    return counts;
}

const PlannedFault *FaultSchedule::explains(const StreamKey &stream, UtcTime at) const
{
    for (const PlannedFault &fault : m_faults) {
        if (fault.silences && at >= fault.at && at < fault.at + fault.spec.duration + healing &&
            matches(fault.spec.stream, wireName(stream)))
            return &fault;
    }
    return nullptr;
}

const PlannedFault *FaultSchedule::newest(UtcTime at) const
{
    const PlannedFault *newest = nullptr;
    for (const PlannedFault &fault : m_faults)
        newest = fault.at <= at ? &fault : newest;
    return newest;
}

} // namespace tk::test
