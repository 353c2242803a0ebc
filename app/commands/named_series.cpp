#include "app/commands/named_series.h"

#include "market/pair.h"

namespace tk::app {

Result<QStringList> namedPairs(const QStringList &texts)
{
    QStringList pairs;
    if (texts == QStringList{QStringLiteral("all")})
        return pairs;
    for (const QString &text : texts) {
        const auto pair = Pair::parse(text);
        if (!pair)
            return pair.error();
        pairs.append(pair->unified());
    }
    return pairs;
}

Result<std::vector<Timeframe>> namedTimeframes(const QStringList &names)
{
    std::vector<Timeframe> timeframes;
    for (const QString &name : names) {
        const auto timeframe = timeframeFromName(name.toStdString());
        if (!timeframe)
            return Error{Error::Kind::Config, QStringLiteral("\"%1\" is not a timeframe").arg(name)};
        timeframes.push_back(*timeframe);
    }
    return timeframes;
}

} // namespace tk::app
