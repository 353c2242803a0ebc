// What one store holds, taken to the other: week by week, so that a body touches one shard, and counted at the end.
// Waits for both stores; belongs in a thread of its own.
#pragma once

#include "base/clock.h"
#include "config/settings.h"
#include "market/records.h"

#include <QStringList>

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace tk::app {

enum class StoreKind : quint8 { Embedded, Influx };

struct CopyWish
{
    config::Settings settings;
    StoreKind source = StoreKind::Embedded;
    StoreKind target = StoreKind::Influx;
    QString exchange{};                  // empty: all
    QStringList pairs{};                 // empty: all
    std::vector<Timeframe> timeframes{}; // of candles; empty: all
    std::optional<UtcTime> from{};
    std::optional<UtcTime> to{};
};

struct CopyRow
{
    QString measurement;
    qint64 series = 0;
    qint64 points = 0;  // in the source
    qint64 refused = 0; // by the database, lines older than its retention among them
    qint64 missing = 0; // in the target, when it was counted at the end; the refused ones among them
};

struct CopyReport
{
    std::vector<CopyRow> rows; // by measurement
    QStringList problems;      // for people: what was refused, which series lacks what
    qint64 ticks = 0;          // that stay behind: no reader hands them out
    qint64 impossible = 0;     // rows of the source that cannot be, and were not copied
};

class StoreCopy
{
public:
    using Progress = std::function<void(qint64 done, qint64 total, const QString &what)>;

    // `stop` may be set by another thread to end run() with an error; it must live as long as this object.
    StoreCopy(CopyWish wish, std::shared_ptr<const Clock> clock, const std::atomic<bool> &stop, Progress progress);
    ~StoreCopy();

    Result<CopyReport> run(); // once

private:
    struct Series;
    struct Parts;

    Status open();
    Status plan();
    Status copy();
    Status copySpan(Series &series, TimeSpan span);
    Status flush();
    Status verify();
    Status verifyCandles(Series &series);
    Status verifyFunding(Series &series);
    Status verifyMarks(Series &series);
    Status countTicks();
    CopyReport report() const;
    void tell(const QString &what) const;
    bool wants(const QString &exchange, const QString &pair) const;

    CopyWish m_wish;
    std::shared_ptr<const Clock> m_clock;
    const std::atomic<bool> &m_stop;
    Progress m_progress;
    std::unique_ptr<Parts> m_parts;
};

} // namespace tk::app
