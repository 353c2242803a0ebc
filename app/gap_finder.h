// Searches the store for holes and puts the ledger's causes and states to them. Opens readers of its own, so it runs
// in any thread, beside a running engine and without one.
#pragma once

#include "base/result.h"
#include "config/settings.h"
#include "exchange/catalog.h"
#include "market/gap.h"
#include "market/records.h"

#include <QHash>
#include <QJsonArray>

#include <array>
#include <optional>
#include <vector>

namespace tk::app {

struct GapRow
{
    enum class State : quint8 { Open, Repairing, Unfillable, Down, Refused, NotCollected, Waiting };

    StreamKey stream;
    TimeSpan span{}; // none where a pair is not collected at all; candles on their grid; `to` is 0 while the stream is
                     // down and nothing was due yet
    std::optional<qint64> missing; // candles, or minutes of mark price; nothing where nobody can count
    State state = State::Open;
    QString cause{};
    bool never_fetched = false; // before the first candle that was ever stored, or the whole series
    bool named = false;         // the ledger knows of it
    qint64 gap = 0;             // which one of the ledger's; one may have many rows. 0: none of them

    bool isSettled() const { return state == State::Unfillable; }
};

inline constexpr std::array<std::string_view, 7> gapRowStateNames{"open",    "repairing",     "unfillable", "down",
                                                                  "refused", "not collected", "waiting"};

inline const QString everyPair = QStringLiteral("all"); // in place of a pair: all that the configuration wants

struct GapSearch
{
    config::Settings settings; // what is collected, and where it is kept
    UtcTime now{};
    bool live = false; // an engine collects: its series reach to the newest closed candle
    // What an engine knows and its ledger does not take now: gaps (their ids are below 1), and ends of gaps that it has
    // (by their ids).
    std::vector<Gap> unwritten{};
    QHash<QString, QString> waits{}; // by exchange: why nothing can be repaired just now
    const exchange::Catalog *catalog = &exchange::builtInCatalog();
    std::optional<milliseconds> retention{}; // as the database has it, where somebody has asked; 0: for ever
};

// Sorted by pair, stream and time. An error where the data folder holds no store.
Result<std::vector<GapRow>> findGaps(const GapSearch &search);

// {"exchange","pair","stream","from","to","missing","state","cause","gap"}
QJsonObject toJson(const GapRow &row);
QJsonArray toJson(const std::vector<GapRow> &rows);

} // namespace tk::app
