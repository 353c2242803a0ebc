// What a database can say of candles that cannot be (market/candle_check), as a condition in its language. Pure.
#pragma once

#include "store/influx/query.h"

#include <QStringList>

namespace tk::store::influx {

// `either` is the language's "or", `name` makes a field's name of it.
// language.
template <typename F>
QString contradictions(const Question &question, const QString &either, F &&name)
{
    const bool hasVolume = !question.measurement.startsWith(QLatin1StringView("mark_")); // a mark price is not traded
    const QString open = name("open");
    const QString high = name("high");
    const QString low = name("low");
    const QString close = name("close");
    QStringList all{high + QStringLiteral(" < ") + low,   high + QStringLiteral(" < ") + open,
                    high + QStringLiteral(" < ") + close, low + QStringLiteral(" > ") + open,
                    low + QStringLiteral(" > ") + close,  low + QStringLiteral(" < 0.0")};
    if (hasVolume)
        all.append(name("volume") + QStringLiteral(" < 0.0"));
    return u'(' + all.join(u' ' + either + u' ') + u')';
}

} // namespace tk::store::influx
