// The exchange's instruments: its whole list, those of them that are collected with their rank, and the list of the
// last run on the disk for the time until the exchange gives a new one. History thread.
#pragma once

#include "exchange/instrument_pages.h"
#include "exchange/selection.h"
#include "history/history_settings.h"

#include <QHash>

#include <optional>
#include <vector>

namespace tk::history {

inline constexpr qint64 mostInstrumentBytes = 64 << 20; // of a list in the cache

class InstrumentBook
{
public:
    struct Change
    {
        bool first = false;                        // no list was adopted before
        std::vector<exchange::Instrument> added{}; // collected from now on
        QStringList removed{};                     // by unified name: no longer collected
        std::vector<QString> delisted{};           // symbols that the exchange ended
    };

    // `dataDir` empty: nothing is kept on the disk.
    InstrumentBook(const exchange::ExchangeAdapter &adapter, QString dataDir);

    Change adopt(std::vector<exchange::Instrument> all, const HistorySettings &settings, UtcTime now);
    Change reselect(const HistorySettings &settings, UtcTime now); // the list that is known, after new settings
    void forgetWanted() { m_wanted.clear(); } // so that each counts as added when it is selected again

    bool isKnown() const { return m_known; }
    const std::vector<exchange::Instrument> &wanted() const { return m_wanted; } // majors first
    const std::vector<exchange::NotCollected> &notCollected() const { return m_notCollected; }

    // A pair that is no longer collected still has a history: perpetuals before dated contracts of the same name.
    const exchange::Instrument *find(const QString &unified) const;
    bool collects(const QString &unified) const { return m_rank.contains(unified); }
    int rankOf(const QString &unified) const;                            // behind all where it is not collected
    std::optional<UtcTime> collectedSince(const QString &unified) const; // in this run

    void keep(const QByteArray &list) const;             // the exchange's own answers, for the next run
    std::vector<exchange::Instrument> ofLastRun() const; // empty: there is none

private:
    QString cacheFile() const;

    const exchange::ExchangeAdapter *m_adapter;
    QString m_dataDir;
    bool m_known = false;
    std::vector<exchange::Instrument> m_all;
    std::vector<exchange::Instrument> m_wanted;
    std::vector<exchange::NotCollected> m_notCollected;
    QHash<QString, int> m_rank;               // by unified name
    QHash<QString, UtcTime> m_collectedSince; // by unified name
};

} // namespace tk::history
