#include "base/time.h"

#include <QDateTime>
#include <QTimeZone>

#include <array>

namespace tk {

QString isoText(UtcTime time, bool alwaysFraction)
{
    const QDateTime moment = QDateTime::fromMSecsSinceEpoch(toMs(time), Qt::UTC);
    const bool fraction = alwaysFraction || toMs(time) % 1000 != 0;
    return moment.toString(fraction ? u"yyyy-MM-ddTHH:mm:ss.zzz" : u"yyyy-MM-ddTHH:mm:ss") + u'Z';
}

Result<UtcTime> parseUtcTime(QStringView text)
{
    const QStringView trimmed = text.trimmed();
    bool isNumber = false;
    const qint64 ms = trimmed.toLongLong(&isNumber);
    if (isNumber)
        return fromMs(ms);
    QDateTime moment = QDateTime::fromString(trimmed.toString(), Qt::ISODateWithMs);
    if (!moment.isValid())
        moment = QDateTime::fromString(trimmed.toString(), Qt::ISODate);
    if (!moment.isValid())
        return Error{Error::Kind::Config,
                     QStringLiteral("\"%1\" is not a time: use ISO 8601 UTC such as 2026-11-20T10:00:00Z, or "
                                    "milliseconds since 1970")
                         .arg(text)};
    if (moment.timeSpec() == Qt::LocalTime)
        moment.setTimeSpec(Qt::UTC);
    return fromMs(moment.toMSecsSinceEpoch());
}

namespace {

struct Unit
{
    QStringView name;
    qint64 factor;
};

// Splits "12.5h" into 12.5 and "h" and multiplies; an unknown unit or a bad number gives no value.
template <size_t N>
std::optional<qint64> scaled(QStringView text, const std::array<Unit, N> &units)
{
    const QStringView trimmed = text.trimmed();
    qsizetype split = 0;
    while (split < trimmed.size() && (trimmed[split].isDigit() || trimmed[split] == u'.'))
        ++split;
    bool isNumber = false;
    const double number = trimmed.left(split).toDouble(&isNumber);
    const QStringView name = trimmed.mid(split).trimmed();
    if (!isNumber)
        return {};
    for (const Unit &unit : units) {
        const double product = number * double(unit.factor);
        if (unit.name == name && product < 9e18) // beyond it there is no such integer
            return qRound64(product);
    }
    return {};
}

} // namespace

Result<milliseconds> parseDuration(QStringView text)
{
    static constexpr std::array<Unit, 5> units{
        {{u"ms", 1}, {u"s", 1000}, {u"m", 60'000}, {u"h", 3'600'000}, {u"d", 86'400'000}}};
    if (const auto ms = scaled(text, units))
        return milliseconds(*ms);
    return Error{Error::Kind::Config,
                 QStringLiteral("\"%1\" is not a duration: use a number and ms, s, m, h or d, such as 60s").arg(text)};
}

QString ageText(milliseconds age)
{
    const qint64 ms = std::max<qint64>(0, age.count());
    const qint64 seconds = ms / 1000;
    const auto two = [](qint64 n) { return QStringLiteral("%1").arg(n, 2, 10, QLatin1Char('0')); };
    if (seconds < 10)
        return QStringLiteral("%1s").arg(double(ms) / 1000.0, 0, 'f', 1);
    if (seconds < 60)
        return QStringLiteral("%1s").arg(seconds);
    if (seconds < 3600)
        return QStringLiteral("%1:%2").arg(seconds / 60).arg(two(seconds % 60));
    if (seconds < 86400)
        return QStringLiteral("%1h %2m").arg(seconds / 3600).arg(two(seconds / 60 % 60));
    return QStringLiteral("%1d %2h").arg(seconds / 86400).arg(two(seconds / 3600 % 24));
}

Result<qint64> parseByteSize(QStringView text)
{
    static constexpr std::array<Unit, 9> units{{{u"", 1},
                                                {u"B", 1},
                                                {u"kB", 1000},
                                                {u"KiB", 1024},
                                                {u"MB", 1'000'000},
                                                {u"MiB", 1'048'576},
                                                {u"GB", 1'000'000'000},
                                                {u"GiB", 1'073'741'824},
                                                {u"TiB", 1'099'511'627'776}}};
    if (const auto bytes = scaled(text, units))
        return *bytes;
    return Error{
        Error::Kind::Config,
        QStringLiteral("\"%1\" is not a size: use a number and B, KiB, MiB, GiB or TiB, such as 20GiB").arg(text)};
}

} // namespace tk
