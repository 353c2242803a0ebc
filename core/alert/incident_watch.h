// Makes events and incidents from what the engine shows of itself, look by look. An incident is everything between the
// first sign that something is wrong and the moment when all is well and repaired again: one cause, one bar on the time
// line. Pure: told the signs and the time, it puts events. One thread.
#pragma once

#include "alert/event.h"
#include "market/stream.h"

#include <QHash>
#include <QMap>
#include <QSet>

#include <functional>
#include <vector>

namespace tk::alert {

struct SickStream
{
    QString pair{};
    QString kind{}; // "3m candles"
    StreamState state = StreamState::Stale;
    UtcTime since{};
    QString cause{};
};

struct ConnectionSign
{
    QString label{}; // "market#2"
    bool up = true;
    UtcTime down_since{};
    QString cause{}; // empty: it has not been up yet
    int streams = 0;
};

struct GapSign
{
    qint64 id = 0; // below 0 while no ledger takes it; it gets another one when it is written down
    QString pair{};
    UtcTime from{};
    UtcTime to{}; // 0: the stream is still down
    QString cause{};
};

struct ExchangeSigns
{
    QString exchange{};
    std::vector<SickStream> sick{}; // stale or silent
    std::vector<ConnectionSign> connections{};
    std::vector<GapSign> gaps{}; // open or being repaired
    qint64 unfillable = 0;       // gaps found so since the start
    std::vector<GapSign> lost{}; // the newest of those, oldest first
    qint64 refused = 0;          // of the gaps, those that our own database does not take
    QString rest_trouble{};
    milliseconds clock_offset{0}; // of the event times of all its frames, against our clock; 0: they agree
};

struct StoreSigns
{
    QString name{}; // "store", "InfluxDB"
    QString trouble{};
    UtcTime trouble_since{};
    qint64 spooled_bytes = 0; // what waits for it
};

// Something wrong on a host that answers. The text may change from look to look; the key says that it is the same
// thing.
struct HostTrouble
{
    QString key{};   // "unit freqtrade.service"
    QString title{}; // "Unit failed"
    QString text{};  // "freqtrade.service: failed (exit-code 3)"
};

struct HostSigns
{
    QString name{};
    bool known = false; // somebody has looked by now
    bool up = false;
    QString error{}; // why it is not
    std::vector<HostTrouble> troubles{};
};

class IncidentWatch
{
public:
    // Keeps the event (a new one where the id is 0) and returns its id.
    using Put = std::function<qint64(const Event &)>;

    explicit IncidentWatch(Put put)
        : m_put(std::move(put))
    {}

    void look(const ExchangeSigns &signs, UtcTime now);
    void look(const StoreSigns &signs, UtcTime now);
    void look(const HostSigns &signs, UtcTime now);
    void forgetHost(const QString &name, UtcTime now); // nobody looks at it any more
    void forgetExchange(const QString &name, UtcTime now);

    // The engine ends: what lasts is closed with that word, for nobody watches any more.
    void end(UtcTime now);

private:
    struct Exchange
    {
        QHash<QString, SickStream> sick; // by pair and kind
        QHash<QString, ConnectionSign> down;
        QHash<qint64, GapSign> gaps;
        QSet<QString> troubled_pairs; // of the incident
        qint64 unfillable = 0;        // that were told
        UtcTime lost_told_at{};
        qint64 unfillable_at_begin = 0;
        int gaps_repaired = 0; // within the incident
        QString rest_trouble;
        milliseconds clock_offset{0};
        Event incident; // id 0: none
        bool seen = false;
    };
    struct Store
    {
        QString trouble;
        Event incident;
    };

    struct Host
    {
        bool up = true;
        UtcTime away_since{};
        QMap<QString, HostTrouble> troubles; // by key
        Event incident;
    };

    void hostIncident(Host &known, const HostSigns &signs, UtcTime now);
    void connections(Exchange &known, const ExchangeSigns &signs, UtcTime now);
    void streams(Exchange &known, const ExchangeSigns &signs, UtcTime now);
    void losses(Exchange &known, const ExchangeSigns &signs, UtcTime now);
    void gaps(Exchange &known, const ExchangeSigns &signs, UtcTime now);
    void incident(Exchange &known, const ExchangeSigns &signs, UtcTime now);
    void put(Event event, UtcTime now, const Exchange &known);
    void close(Event &incident, const QString &why, UtcTime now); // one that lasts; no other is touched

    Put m_put;
    QHash<QString, Exchange> m_exchanges;
    QHash<QString, Store> m_stores;
    QHash<QString, Host> m_hosts;
};

} // namespace tk::alert
