// Faults that can be switched at run time (reference §6): what goes wrong, for which stream or connection, how long.
#pragma once

#include "base/result.h"
#include "base/time.h"

#include <QByteArray>
#include <QJsonArray>
#include <QJsonObject>
#include <QString>

#include <optional>
#include <vector>

namespace tk::sim {

enum class Fault : quint8 {
    WrongRoute,
    UnknownStream,
    RefuseSubscribe,
    MuteAll,
    MuteStream,
    HalfOpen,
    Close,
    Life,
    LateClose,
    ClosedDiffers,
    OutOfOrder,
    Quiet,
    BreakSequence,
    StaleSnapshot,
    RestRefuse,
    OddFields,
    OddNames,
    Delist,
    Framing,
    Ack,
    Handshake,
    ClockSkew,
    StallBurst,
    ListenKeyExpired,
    MixedFamilies,
    Correction,
    BrokenJson,
    LoseFrames,
};

struct FaultSpec
{
    QString fault;            // "F5" or "mute-stream"
    QString stream{};         // name with * and ?; empty: every one
    int connection = 0;       // number of a connection; 0: every one, later ones too
    milliseconds duration{0}; // on the simulated clock; zero: until cleared
    QJsonObject parameters{}; // per fault, see faultCatalogue()

    // {"fault":"F5","stream":"btcusdt@kline_3m","connection":3,"for":"30s", ...parameters}
    static Result<FaultSpec> fromJson(const QJsonObject &object);
};

struct FaultKind
{
    Fault fault;
    const char *id;
    const char *name;
    const char *description;
    bool inherent = false; // always so, nothing to switch
};
const std::vector<FaultKind> &faultCatalogue();
std::optional<Fault> faultFromName(const QString &name);

struct ActiveFault
{
    int id = 0;
    Fault fault = Fault::MuteAll;
    FaultSpec spec;
    qint64 endMs = 0; // 0: until cleared
    qint64 sinceMs = 0;
    int uses = 0; // how often it struck, for "count" and "every"

    qint64 ms(const char *key, qint64 fallback) const; // a duration: "2s", or a number of ms
    qint64 number(const char *key, qint64 fallback) const;
    QString text(const char *key, const QString &fallback = {}) const;
    bool flag(const char *key) const;
};

class FaultSet
{
public:
    Result<int> add(const FaultSpec &spec, qint64 nowMs); // its number
    bool remove(int id);
    void clear() { m_active.clear(); }
    bool expire(qint64 nowMs); // true when one ended

    bool isEmpty() const { return m_active.empty(); }
    // The first that matches; empty stream or connection 0 of the question match those without a filter only.
    ActiveFault *find(Fault fault, QByteArrayView stream = {}, int connection = 0);
    ActiveFault *findForSession(Fault fault, int connection); // whatever stream it names
    bool has(Fault fault) const;
    std::vector<ActiveFault> &active() { return m_active; }
    QJsonArray toJson(qint64 nowMs) const;

private:
    std::vector<ActiveFault> m_active;
    int m_lastId = 0;
};

} // namespace tk::sim
