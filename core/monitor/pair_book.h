// Every pair of the engine as it stands, in rows that keep their place while the pair exists. Main thread.
#pragma once

#include "market/records.h"
#include "market/stream.h"

#include <QElapsedTimer>
#include <QHash>
#include <QJsonObject>
#include <QObject>

#include <optional>
#include <vector>

namespace tk::monitor {

struct StreamView
{
    QString kind{}; // "3m candles"
    StreamState state = StreamState::Requested;
    UtcTime since{};
    UtcTime last_data{}; // 0: never
    qint64 frames = 0;
    QString cause{};

    bool operator==(const StreamView &) const = default;
};

struct FinalCandle
{
    Timeframe timeframe = Timeframe::M1;
    UtcTime open{}; // of the newest final candle; 0: never

    bool operator==(const FinalCandle &) const = default;
};

struct PairRow
{
    QString key{}; // "EXCHANGE PAIR"
    QString exchange{};
    QString pair{};
    StreamState state = StreamState::Requested; // the worst of its streams
    UtcTime since{};
    QString cause{};
    UtcTime last_data{}; // 0: never
    qint64 frames = 0;
    double frames_per_second = 0;
    QString price{}; // as the exchange printed it; empty: never
    QString mark{};
    QString index{};
    QString funding{}; // predicted rate, a fraction
    UtcTime next_funding{};
    std::vector<FinalCandle> finals{}; // by timeframe
    std::vector<StreamView> streams{};
    int open_gaps = 0;
    bool is_major = false;

    UtcTime lastFinal(Timeframe timeframe) const;
    bool isSick() const { return tk::isSick(state); }
};

struct PairCounts
{
    int all = 0;
    int live = 0;
    int late = 0;
    int stale = 0;
    int silent = 0;
    int quiet = 0;
    int waiting = 0;
    int ended = 0;
    int with_gaps = 0;

    bool operator==(const PairCounts &) const = default;
};

class PairBook final : public QObject
{
    Q_OBJECT
public:
    using QObject::QObject;

    const std::vector<PairRow> &rows() const { return m_rows; }
    std::optional<int> rowOf(const QString &key) const;
    const PairRow *find(const QString &exchange, const QString &pair) const;
    PairCounts counts() const;
    const std::vector<Timeframe> &timeframes() const { return m_timeframes; } // that any pair has
    bool isOfSeveral() const { return m_several; }                            // exchanges

    void reset(const QJsonObject &pairs);
    void apply(const QJsonObject &pairs);               // {KEY: {…}|null}
    void setGaps(const QHash<QString, int> &openByKey); // open gaps of each pair
    void setMajors(const QStringList &bases);

Q_SIGNALS:
    void aboutToInsert(int first, int last);
    void inserted();
    void aboutToRemove(int row);
    void removed();
    void changed(int first, int last); // rows, once for each bundle of changes
    void aboutToReset();
    void wasReset();
    void timeframesChanged();
    void severalChanged();

private:
    void read(const QJsonObject &object, PairRow &into, double seconds);
    void gatherTimeframes();
    void lookForExchanges();

    std::vector<PairRow> m_rows;
    QHash<QString, int> m_index;
    QHash<QString, int> m_gaps;
    QStringList m_majors;
    std::vector<Timeframe> m_timeframes;
    bool m_several = false;
    QElapsedTimer m_sinceApplied;
};

std::optional<StreamState> streamStateFrom(const QString &name);

} // namespace tk::monitor
