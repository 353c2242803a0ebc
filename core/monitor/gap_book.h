// The open gaps of the engine, by the ledger's id. Main thread.
#pragma once

#include "base/time.h"

#include <QHash>
#include <QJsonObject>
#include <QMap>
#include <QObject>

#include <vector>

namespace tk::monitor {

struct GapView
{
    qint64 id = 0;
    QString exchange{};
    QString pair{};
    QString stream{}; // "3m candles"
    UtcTime from{};
    UtcTime to{};    // 0: the stream is still down
    QString state{}; // "down", "open", "repairing", "waiting" (for the exchange), "refused"
    QString cause{};
    UtcTime opened{};

    QString pairKey() const { return exchange + u' ' + pair; }
    bool operator==(const GapView &) const = default;
};

class GapBook final : public QObject
{
    Q_OBJECT
public:
    using QObject::QObject;

    const QMap<qint64, GapView> &gaps() const { return m_gaps; }
    QHash<QString, int> openByPair() const; // by "EXCHANGE PAIR"
    std::vector<GapView> of(const QString &exchange, const QString &pair, const QString &stream) const;

    void apply(const QJsonObject &gaps, bool whole);

Q_SIGNALS:
    void changed();
    void
    closed(const tk::monitor::GapView &gap); // repaired or found unfillable: what is stored of its span has changed

private:
    QMap<qint64, GapView> m_gaps;
};

} // namespace tk::monitor
