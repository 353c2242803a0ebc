#include "ui/support/format.h"

#include <QLocale>

#include <array>
#include <cmath>
#include <cstdlib>

namespace tk::ui {

namespace {

QString two(qint64 number)
{
    return QStringLiteral("%1").arg(number, 2, 10, QLatin1Char('0'));
}

// Thin spaces into a run of digits.
QString grouped(QStringView digits)
{
    QString result;
    result.reserve(digits.size() + digits.size() / 3);
    for (qsizetype i = 0; i < digits.size(); ++i) {
        if (i > 0 && (digits.size() - i) % 3 == 0)
            result += thinSpace;
        result += digits[i];
    }
    return result;
}

bool isPlainDecimal(QStringView text)
{
    bool digit = false;
    bool point = false;
    for (const QChar c : text) {
        if (c >= u'0' && c <= u'9')
            digit = true;
        else if (c == u'.' && !point)
            point = true;
        else
            return false;
    }
    return digit;
}

// QDateTime ends where years have five digits and more; no market is that old or new.
QString text(UtcTime time, ClockZone zone, const QString &format)
{
    return QLocale::c().toString(inZone(time, zone), format);
}

} // namespace

QString neverText()
{
    return QStringLiteral("—");
}

QString ageText(std::optional<milliseconds> age)
{
    if (!age)
        return neverText();
    const qint64 hours = age->count() / 3'600'000;
    if (hours < 24)
        return tk::ageText(*age);
    return QStringLiteral("%1 d %2 h").arg(hours / 24).arg(two(hours % 24));
}

QString durationText(milliseconds duration)
{
    const qint64 ms = std::max<qint64>(0, duration.count());
    const qint64 seconds = ms / 1000;
    if (ms < 100)
        return QStringLiteral("%1 ms").arg(ms);
    if (ms < 10'000)
        return QStringLiteral("%1 s").arg(double(ms) / 1000, 0, 'f', 1);
    if (seconds < 60)
        return QStringLiteral("%1 s").arg(seconds);
    if (seconds < 3600)
        return QStringLiteral("%1 min").arg(seconds / 60);
    if (seconds < 86400)
        return QStringLiteral("%1 h %2 min").arg(seconds / 3600).arg(two(seconds / 60 % 60));
    return QStringLiteral("%1 d %2 h").arg(seconds / 86400).arg(two(seconds / 3600 % 24));
}

QString countText(qint64 number)
{
    const QString digits = QString::number(number);
    return number < 0 ? minusSign + grouped(QStringView(digits).mid(1)) : grouped(digits);
}

QString priceText(QStringView decimal)
{
    const bool negative = decimal.startsWith(u'-');
    const QStringView rest = negative ? decimal.mid(1) : decimal;
    if (!isPlainDecimal(rest))
        return decimal.toString();
    const qsizetype point = rest.indexOf(u'.');
    const QStringView whole = point < 0 ? rest : rest.left(point);
    QString result = grouped(whole);
    if (point >= 0)
        result += rest.mid(point);
    return negative ? minusSign + result : result;
}

QString priceText(double value, int decimals)
{
    if (!std::isfinite(value))
        return neverText();
    QString digits = QString::number(std::abs(value), 'f', std::max(0, decimals));
    const bool zero = digits.toDouble() == 0.0;
    if (value < 0 && !zero)
        digits.prepend(u'-');
    return priceText(digits);
}

int decimalsOf(QStringView decimal)
{
    const qsizetype point = decimal.indexOf(u'.');
    return point < 0 ? 0 : int(decimal.size() - point - 1);
}

QString amountText(double value)
{
    if (!std::isfinite(value))
        return neverText();
    struct Scale
    {
        double size;
        QLatin1String suffix;
    };
    static constexpr std::array<Scale, 3> scales{
        {{1e12, QLatin1String(" T")}, {1e9, QLatin1String(" G")}, {1e6, QLatin1String(" M")}}};
    for (const Scale &scale : scales) {
        // What would round up to the next scale belongs to it.
        if (std::abs(value) >= scale.size * 0.999995)
            return priceText(value / scale.size, 2) + scale.suffix;
    }
    return priceText(value, std::abs(value) < 999.995 ? 2 : 0);
}

QString bytesText(qint64 bytes)
{
    static constexpr std::array<QLatin1String, 6> units{QLatin1String("B"),  QLatin1String("kB"), QLatin1String("MB"),
                                                        QLatin1String("GB"), QLatin1String("TB"), QLatin1String("PB")};
    double value = double(bytes);
    size_t unit = 0;
    while (std::abs(value) >= (unit == 0 ? 1000 : 999.5) && unit + 1 < units.size()) {
        value /= 1000;
        ++unit;
    }
    const int decimals = unit > 0 && std::abs(value) < 99.95 ? 1 : 0;
    return priceText(value, decimals) + u' ' + units[unit];
}

QString percentText(double fraction, int decimals)
{
    const QString text = priceText(fraction * 100, decimals);
    return std::isfinite(fraction) ? text + u'%' : text;
}

QString fundingText(double rate)
{
    return percentText(rate, 4);
}

QDateTime inZone(UtcTime time, ClockZone zone)
{
    return QDateTime::fromMSecsSinceEpoch(toMs(time), zone == ClockZone::Utc ? Qt::UTC : Qt::LocalTime);
}

QString clockText(UtcTime time, ClockZone zone)
{
    return text(time, zone, QStringLiteral("HH:mm:ss"));
}

QString minuteText(UtcTime time, ClockZone zone)
{
    return text(time, zone, QStringLiteral("HH:mm"));
}

QString dateText(UtcTime time, ClockZone zone)
{
    return text(time, zone, QStringLiteral("yyyy-MM-dd"));
}

QString dateTimeText(UtcTime time, ClockZone zone)
{
    return text(time, zone, QStringLiteral("yyyy-MM-dd HH:mm:ss"));
}

QString zoneName(UtcTime time, ClockZone zone)
{
    return inZone(time, zone).timeZoneAbbreviation();
}

QString candleOpenText(UtcTime open, Timeframe timeframe, UtcTime now, ClockZone zone)
{
    const QDate date = inZone(open, zone).date();
    const QDate today = inZone(now, zone).date();
    const bool sameYear = date.year() == today.year();
    if (timeframe == Timeframe::Mo1)
        return text(open, zone, QStringLiteral("yyyy-MM"));
    const QString day = text(open, zone, sameYear ? QStringLiteral("MMM d") : QStringLiteral("yyyy-MM-dd"));
    if (timeframe >= Timeframe::D1)
        return day;
    const QString minute = minuteText(open, zone);
    return date == today ? minute : day + u' ' + minute;
}

} // namespace tk::ui
