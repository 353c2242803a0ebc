#include "support/exchange/faults.h"

#include <algorithm>

namespace tk::sim {

namespace {

bool matches(QByteArrayView pattern, QByteArrayView text)
{
    if (pattern.isEmpty())
        return text.isEmpty();
    if (pattern.front() == '*') {
        for (qsizetype i = 0; i <= text.size(); ++i) {
            if (matches(pattern.sliced(1), text.sliced(i)))
                return true;
        }
        return false;
    }
    return !text.isEmpty() && (pattern.front() == '?' || pattern.front() == text.front()) &&
           matches(pattern.sliced(1), text.sliced(1));
}

std::optional<qint64> durationOf(const QJsonValue &value)
{
    if (value.isDouble())
        return value.toInteger();
    const QString text = value.toString();
    if (text.startsWith(u'-')) {
        const std::optional<qint64> positive = durationOf(text.mid(1));
        return positive ? std::optional<qint64>(-*positive) : std::nullopt;
    }
    const Result<milliseconds> parsed = parseDuration(text);
    return parsed ? std::optional<qint64>(parsed->count()) : std::nullopt;
}

} // namespace

const std::vector<FaultKind> &faultCatalogue()
{
    static const std::vector<FaultKind> catalogue{
        {Fault::WrongRoute, "F1", "wrong-route", "streams on the wrong route are acked and silent", true},
        {Fault::UnknownStream, "F2", "unknown-stream", "unknown symbols, kinds and suffixes are acked and silent",
         true},
        {Fault::RefuseSubscribe, "F3", "refuse-subscribe",
         "a SUBSCRIBE that names stream is refused as a whole: code (2), message"},
        {Fault::MuteAll, "F4", "mute-all", "all data stops; pings and acks go on"},
        {Fault::MuteStream, "F5", "mute-stream", "one stream stops, others continue"},
        {Fault::HalfOpen, "F6", "half-open", "nothing is read, answered or sent any more, and nothing closed"},
        {Fault::Close, "F7", "close", "closes at once: code (1001), reason; or abrupt:true for a reset"},
        {Fault::Life, "F8", "life", "connections live for after (24h), then are cut without a close frame"},
        {Fault::LateClose, "F9", "late-close", "closed candles come delay (24s) later, or with never:true not at all"},
        {Fault::ClosedDiffers, "F10", "closed-differs",
         "no open frames within (5s) of the close: it tells more than they"},
        {Fault::OutOfOrder, "F11", "out-of-order",
         "closed candles come delay (3s) late, behind the next open, and twice"},
        {Fault::Quiet, "F12", "quiet", "symbol does not trade for ... (5m); its history agrees"},
        {Fault::BreakSequence, "F13", "break-pu", "every (1) depth event breaks the pu chain"},
        {Fault::StaleSnapshot, "F14", "stale-snapshot", "REST depth is age (10s) old"},
        {Fault::RestRefuse, "F15", "rest-refuse",
         "REST answers status (429, 418, 403, 451, 500, 502, 503, \"hang\"); path, count, retryAfter"},
        {Fault::OddFields, "F17", "odd-fields", "what: new, missing, empty, null or all (default)"},
        {Fault::OddNames, "F18", "odd-names", "symbols beyond ASCII and with digits first are in the list", true},
        {Fault::Delist, "F19", "delist", "symbol ends in ... (0s): SETTLING, streams silent"},
        {Fault::Framing, "F20", "framing",
         "mode: fragment (each message in parts (3)), split (odd TCP segments), huge (bytes (1048576) per frame)"},
        {Fault::Ack, "F21", "ack", "answers come delay (5s) late, or with lost:true never"},
        {Fault::Handshake, "F22", "handshake",
         "status (403, 429, 503) on upgrades; or tls: expired, wrong-name; or refuse:true"},
        {Fault::ClockSkew, "F23", "clock-skew", "server times are offset (10s, may be negative ms) off"},
        {Fault::StallBurst, "F24", "stall-burst", "data is held for stall (5s), then comes at once; again and again"},
        {Fault::ListenKeyExpired, "F25", "listen-key-expired",
         "every listenKey expires: event, then silence; -1125 on PUT"},
        {Fault::MixedFamilies, "F26", "mixed-families", "array streams carry COIN-M rows and come in two frames", true},
        {Fault::Correction, "correction", "history-correction",
         "side: rest (default), stream or both tell another value until age (60s) after the close"},
        {Fault::BrokenJson, "broken-json", "broken-frame", "every (10) data frame is cut off in the middle"},
        {Fault::LoseFrames, "lose", "lose-frames", "every (10) data frame is not sent"},
    };
    return catalogue;
}

std::optional<Fault> faultFromName(const QString &name)
{
    for (const FaultKind &kind : faultCatalogue()) {
        if (name.compare(QLatin1String(kind.id), Qt::CaseInsensitive) == 0 ||
            name.compare(QLatin1String(kind.name), Qt::CaseInsensitive) == 0)
            return kind.fault;
    }
    return {};
}

Result<FaultSpec> FaultSpec::fromJson(const QJsonObject &object)
{
    FaultSpec spec;
    for (auto field = object.begin(); field != object.end(); ++field) {
        if (field.key() == QLatin1String("fault")) {
            spec.fault = field.value().toString();
        } else if (field.key() == QLatin1String("stream")) {
            spec.stream = field.value().toString();
        } else if (field.key() == QLatin1String("connection")) {
            spec.connection = field.value().toInt();
        } else if (field.key() == QLatin1String("for")) {
            const std::optional<qint64> duration = durationOf(field.value());
            if (!duration)
                return Error{Error::Kind::Config, QStringLiteral("\"for\" is no duration: use for instance \"30s\"")};
            spec.duration = milliseconds(*duration);
        } else {
            spec.parameters.insert(field.key(), field.value());
        }
    }
    return spec;
}

qint64 ActiveFault::ms(const char *key, qint64 fallback) const
{
    const QJsonValue value = spec.parameters.value(QLatin1String(key));
    return value.isUndefined() ? fallback : durationOf(value).value_or(fallback);
}

qint64 ActiveFault::number(const char *key, qint64 fallback) const
{
    return spec.parameters.value(QLatin1String(key)).toInteger(fallback);
}

QString ActiveFault::text(const char *key, const QString &fallback) const
{
    return spec.parameters.value(QLatin1String(key)).toString(fallback);
}

bool ActiveFault::flag(const char *key) const
{
    return spec.parameters.value(QLatin1String(key)).toBool();
}

Result<int> FaultSet::add(const FaultSpec &spec, qint64 nowMs)
{
    const std::optional<Fault> fault = faultFromName(spec.fault);
    if (!fault)
        return Error{Error::Kind::Config,
                     QStringLiteral("there is no fault \"%1\": GET /faults lists what there is").arg(spec.fault)};
    ActiveFault active;
    active.id = ++m_lastId;
    active.fault = *fault;
    active.spec = spec;
    active.sinceMs = nowMs;
    active.endMs = spec.duration.count() > 0 ? nowMs + spec.duration.count() : 0;
    m_active.push_back(active);
    return active.id;
}

bool FaultSet::remove(int id)
{
    return std::erase_if(m_active, [id](const ActiveFault &fault) { return fault.id == id; }) > 0;
}

bool FaultSet::expire(qint64 nowMs)
{
    return std::erase_if(m_active, [nowMs](const ActiveFault &f) { return f.endMs > 0 && f.endMs <= nowMs; }) > 0;
}

ActiveFault *FaultSet::find(Fault fault, QByteArrayView stream, int connection)
{
    for (ActiveFault &active : m_active) {
        if (active.fault != fault || (active.spec.connection != 0 && active.spec.connection != connection))
            continue;
        if (active.spec.stream.isEmpty() || matches(active.spec.stream.toUtf8(), stream))
            return &active;
    }
    return nullptr;
}

ActiveFault *FaultSet::findForSession(Fault fault, int connection)
{
    for (ActiveFault &active : m_active) {
        if (active.fault == fault && (active.spec.connection == 0 || active.spec.connection == connection))
            return &active;
    }
    return nullptr;
}

bool FaultSet::has(Fault fault) const
{
    return std::any_of(m_active.begin(), m_active.end(), [fault](const ActiveFault &f) { return f.fault == fault; });
}

QJsonArray FaultSet::toJson(qint64 nowMs) const
{
    QJsonArray list;
    for (const ActiveFault &fault : m_active) {
        QJsonObject row = fault.spec.parameters;
        row.insert(QLatin1String("id"), fault.id);
        row.insert(QLatin1String("fault"), fault.spec.fault);
        row.insert(QLatin1String("stream"), fault.spec.stream);
        row.insert(QLatin1String("connection"), fault.spec.connection);
        row.insert(QLatin1String("uses"), fault.uses);
        if (fault.endMs > 0)
            row.insert(QLatin1String("endsInMs"), fault.endMs - nowMs);
        list.append(row);
    }
    return list;
}

} // namespace tk::sim
