#include "sync/naming.h"

#include "market/pair.h"

#include <QDateTime>
#include <QTimeZone>

namespace tk::sync {

namespace {

const QString suffix = QStringLiteral(".tk-part");

QString kindInName(Content content)
{
    switch (content) {
    case Content::Mark:
        return QStringLiteral("mark");
    case Content::Funding:
        return QStringLiteral("funding_rate");
    case Content::Candles:
        break;
    }
    return QStringLiteral("futures");
}

} // namespace

QString exchangeFolder(const QString &exchange)
{
    for (const char *known : {"binance", "bybit", "okx", "deribit"}) {
        if (exchange.section(u'-', 0, 0) == QLatin1StringView(known))
            return QLatin1StringView(known);
    }
    return exchange;
}

QString timeframeInName(Timeframe timeframe)
{
    return timeframe == Timeframe::Mo1 ? QStringLiteral("1Mo") : timeframeText(timeframe);
}

Result<QString> fileName(const FileId &file)
{
    const auto pair = Pair::parse(file.pair);
    if (!pair)
        return pair.error();
    const QString stem = pair->freqtradeStem();
    for (const QChar c : stem) {
        if (c.unicode() < 0x20 || QStringView(u"\\\"*?<>|").contains(c))
            return Error{Error::Kind::Config,
                         QStringLiteral("the pair \"%1\" cannot be the name of a file; leave it out of [sync] pairs")
                             .arg(file.pair)};
    }
    return stem + u'-' + timeframeInName(file.timeframe) + u'-' + kindInName(file.content) + QStringLiteral(".feather");
}

QString partName(const QString &name)
{
    return u'.' + name + suffix;
}

bool isPartName(const QString &name)
{
    return name.startsWith(u'.') && name.endsWith(suffix);
}

QString brokenName(const QString &name, UtcTime now)
{
    const QDateTime time = QDateTime::fromMSecsSinceEpoch(toMs(now), Qt::UTC);
    return name + QStringLiteral(".broken-") + time.toString(QStringLiteral("yyyyMMdd'T'HHmmss'Z'"));
}

} // namespace tk::sync
