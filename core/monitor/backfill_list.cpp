#include "monitor/backfill_list.h"

#include "base/json_values.h"

#include <QJsonArray>

namespace tk::monitor {

namespace {

BackfillView viewOf(qint64 id, const QJsonObject &object)
{
    const auto number = [&](const char *key) { return object.value(QLatin1String(key)).toInteger(); };
    BackfillView view;
    view.id = id;
    view.state = object.value(QLatin1String("state")).toString();
    view.started = fromMs(number("started"));
    view.ended = fromMs(number("ended"));
    view.timeframes = stringsOf(object.value(QLatin1String("timeframes")));
    view.from = fromMs(number("from"));
    view.to = fromMs(number("to"));
    view.all = {number("wanted"), number("present"), number("fetched"), number("unfillable"), int(number("jobs_left"))};
    view.problems = stringsOf(object.value(QLatin1String("problems")));
    const QJsonObject pairs = object.value(QLatin1String("pairs")).toObject();
    for (auto pair = pairs.constBegin(); pair != pairs.constEnd(); ++pair) {
        const QJsonArray numbers = pair.value().toArray();
        view.pairs.insert(pair.key(), {numbers.at(0).toInteger(), numbers.at(1).toInteger(), numbers.at(2).toInteger(),
                                       numbers.at(3).toInteger(), numbers.at(4).toInt()});
    }
    return view;
}

} // namespace

const BackfillView *BackfillList::find(qint64 id) const
{
    const auto found = m_all.constFind(id);
    return found == m_all.cend() ? nullptr : &*found;
}

void BackfillList::apply(const QJsonObject &backfills, bool whole)
{
    if (backfills.isEmpty() && !whole)
        return;
    if (whole)
        m_all.clear();
    for (auto entry = backfills.constBegin(); entry != backfills.constEnd(); ++entry) {
        const qint64 id = entry.key().toLongLong();
        if (entry.value().isNull())
            m_all.remove(id);
        else
            m_all.insert(id, viewOf(id, entry.value().toObject()));
    }
    Q_EMIT changed();
}

} // namespace tk::monitor
