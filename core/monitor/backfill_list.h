// The backfills of the engine: those under way, and the last that ended. Main thread.
#pragma once

#include "base/time.h"

#include <QJsonObject>
#include <QMap>
#include <QObject>
#include <QStringList>

namespace tk::monitor {

struct BackfillNumbers
{
    qint64 wanted = 0; // candles missing when it began
    qint64 present = 0;
    qint64 fetched = 0;
    qint64 unfillable = 0;
    int jobs_left = 0;

    bool operator==(const BackfillNumbers &) const = default;
};

struct BackfillView
{
    qint64 id = 0;
    QString state; // "running", "paused", "done", "cancelled"
    UtcTime started{};
    UtcTime ended{}; // 0: under way
    QStringList timeframes;
    UtcTime from{};
    UtcTime to{};
    BackfillNumbers all;
    QMap<QString, BackfillNumbers> pairs;
    QStringList problems;

    bool isUnderWay() const { return toMs(ended) == 0; }
};

class BackfillList final : public QObject
{
    Q_OBJECT
public:
    using QObject::QObject;

    const QMap<qint64, BackfillView> &all() const { return m_all; }
    const BackfillView *find(qint64 id) const;

    void apply(const QJsonObject &backfills, bool whole);

Q_SIGNALS:
    void changed();

private:
    QMap<qint64, BackfillView> m_all;
};

} // namespace tk::monitor
