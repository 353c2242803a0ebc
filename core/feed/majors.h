// The pairs that operators watch first, the quorum rule over them, and the heartbeat lines. Pure but for the
// log.
#pragma once

#include "feed/stream_table.h"

#include <QStringList>

#include <set>
#include <vector>

namespace tk::feed {

class Majors
{
public:
    // `bases` as configured ("BTC"), quoted and settled in USDT.
    explicit Majors(QStringList bases)
        : m_bases(std::move(bases))
    {}

    // Those of the given streams that belong to majors. Where the configuration collects none of them, the first ten
    // pairs stand in, so that the heartbeat never speaks for nothing.
    void choose(const StreamTable &table, const std::vector<StreamId> &streams);

    int count() const { return int(m_majors.size()); }
    std::set<QString> pairs() const; // unified names

    // Cryptofeed names, in the configured order. What is neither stale nor waits receives data: every stream of it
    // delivers, or is proven quiet.
    std::vector<QString> stale(const StreamTable &table) const;
    std::vector<QString> waiting(const StreamTable &table) const; // for data, or for a candle that was not closed

    // Those among them that are stale although connected: what the quorum counts. A lost connection is being replaced
    // already, and must not take the healthy ones with it.
    int staleWhileConnected(const StreamTable &table) const;

    // The line that operators wait for: it says OK only where every major receives data.
    void tellHeartbeat(const StreamTable &table, quint64 candles, quint64 funding, quint64 reconnects) const;

    static QString okLine(quint64 candles, quint64 funding, quint64 reconnects);
    static QString waitingLine(const std::vector<QString> &waiting);
    static QString staleLine(const std::vector<QString> &stale);
    static QString quorumLine(size_t stale, int majors);

private:
    struct Major
    {
        QString pair; // unified
        QString name; // cryptofeed's
        std::vector<StreamId> streams;
    };

    std::vector<QString> namesOf(const StreamTable &table, bool (*chosen)(const StreamEntry &)) const;

    QStringList m_bases;
    std::vector<Major> m_majors;
};

} // namespace tk::feed
