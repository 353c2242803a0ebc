#include "support/exchange/ws_hub.h"

#include "support/exchange/frame_faults.h"
#include "support/exchange/replay.h"
#include "support/exchange/ws_session.h"

#include <QJsonObject>
#include <QUrlQuery>

#include <algorithm>

namespace tk::sim {

namespace {

QByteArray keyOf(const QByteArray &name, Route route)
{
    return char('0' + int(route)) + name;
}

} // namespace

WsHub::WsHub(Market &market)
    : m_market(market)
{
    if (!market.settings.replayFile.isEmpty())
        m_replay = std::make_unique<Replay>(market);
}

WsHub::~WsHub()
{
    m_sessions.clear(); // they unsubscribe from us
}

void WsHub::adopt(std::unique_ptr<QTcpSocket> socket, const WsTarget &target, const QByteArray &received)
{
    ++m_market.stats.connectionsOpened;
    m_sessions.push_back(std::make_unique<WsSession>(*this, ++m_lastSession, std::move(socket), target, received));
    faultsChanged();
}

WsSession *WsHub::session(int id) const
{
    for (const auto &held : m_sessions) {
        if (held->id() == id && !held->isDead())
            return held.get();
    }
    return nullptr;
}

void WsHub::subscribe(WsSession &session, const QByteArray &name)
{
    const QByteArray key = keyOf(name, session.route());
    auto found = m_streams.find(key);
    if (found == m_streams.end()) {
        std::shared_ptr<Stream> made = m_replay ? nullptr : makeStream(name, session.route(), m_market);
        if (!made)
            return;
        found = m_streams.insert(key, std::move(made));
    }
    (*found)->subscribers.push_back(&session);
    ++m_market.stats.subscriptions;
}

void WsHub::unsubscribe(WsSession &session, const QByteArray &name)
{
    const auto found = m_streams.find(keyOf(name, session.route()));
    if (found == m_streams.end())
        return;
    m_market.stats.subscriptions -= int(std::erase((*found)->subscribers, &session));
    if ((*found)->subscribers.empty())
        m_streams.erase(found);
}

void WsHub::answer(WsSession &session, const QByteArray &text)
{
    if (const ActiveFault *fault = m_market.faults.find(Fault::Ack, {}, session.id())) {
        if (!fault->flag("lost"))
            m_delayed.push_back({m_market.nowMs() + fault->ms("delay", 5000), session.id(),
                                 net::encodeFrame(net::Opcode::Text, text, {})});
        return;
    }
    session.sendText(text);
}

qint64 WsHub::lifeMs(int session)
{
    if (const ActiveFault *fault = m_market.faults.find(Fault::Life, {}, session))
        return fault->ms("after", 86'400'000);
    return m_market.settings.life.count();
}

void WsHub::tick(qint64 now)
{
    std::erase_if(m_sessions, [](const auto &held) { return held->isDead(); });
    sendDelayed(now);
    // A stream can lose its subscribers, and with them itself, while it speaks.
    const QList<std::shared_ptr<Stream>> streams = m_streams.values();
    for (const std::shared_ptr<Stream> &stream : streams)
        stream->advance(now, *this);
    releaseHeld();
    for (const auto &held : m_sessions) {
        if (m_replay)
            m_replay->advance(*held);
        held->tick();
        held->flush();
    }
    m_market.stats.connectionsOpen = int(m_sessions.size());
}

void WsHub::frame(Stream &stream, const QByteArray &payload, const FrameInfo &info)
{
    Sent &sent = m_sent[stream.name()];
    ++sent.frames;
    if (info.closed) {
        ++sent.closed;
        sent.lastCloseMs = info.closeMs;
        ++m_market.stats.closedFrames;
    }
    if (!m_market.faults.isEmpty()) {
        const std::vector<WsSession *> subscribers = stream.subscribers;
        for (WsSession *subscriber : subscribers)
            deliver(*subscriber, stream, payload, info);
        return;
    }
    QByteArray raw;
    QByteArray combined;
    for (WsSession *subscriber : stream.subscribers) {
        QByteArray &frame = subscriber->combined() ? combined : raw;
        if (frame.isEmpty())
            frame = net::encodeFrame(net::Opcode::Text,
                                     subscriber->combined() ? wrapped(stream.name(), payload) : payload, {});
        subscriber->sendFrame(frame);
    }
}

void WsHub::deliver(WsSession &session, Stream &stream, const QByteArray &payload, const FrameInfo &info)
{
    FaultSet &faults = m_market.faults;
    const QByteArray &name = stream.name();
    const auto active = [&](Fault fault) { return faults.find(fault, name, session.id()); };
    if (active(Fault::MuteAll) || active(Fault::MuteStream))
        return;
    const qint64 now = m_market.nowMs();
    if (const ActiveFault *fault = active(Fault::ClosedDiffers); fault && info.closeMs > 0 && !info.closed) {
        if (info.closeMs - now <= fault->ms("within", 5000))
            return;
    }
    const std::optional<QByteArray> changed = applyFrameFaults(faults, name, session.id(), payload, info);
    if (!changed)
        return;
    const QByteArray text = session.combined() ? wrapped(name, *changed) : *changed;
    const QByteArray frame = net::encodeFrame(net::Opcode::Text, text, {});
    if (const ActiveFault *late = active(Fault::LateClose); late && info.closed) {
        if (!late->flag("never"))
            m_delayed.push_back({info.closeMs + late->ms("delay", 24'000), session.id(), frame});
        return;
    }
    if (const ActiveFault *fault = active(Fault::OutOfOrder); fault && info.closed) {
        const qint64 due = now + fault->ms("delay", 3000);
        m_delayed.push_back({due, session.id(), frame});
        m_delayed.push_back({due + 500, session.id(), frame});
        return;
    }
    if (active(Fault::StallBurst)) {
        m_holding = true;
        session.hold(frame);
        return;
    }
    if (active(Fault::Framing))
        sendWithFraming(session, text, name);
    else
        session.sendFrame(frame);
}

void WsHub::sendWithFraming(WsSession &session, const QByteArray &text, const QByteArray &stream)
{
    ActiveFault *fault = m_market.faults.find(Fault::Framing, stream, session.id());
    const QString mode = fault->text("mode", QStringLiteral("fragment"));
    if (mode == QLatin1String("huge")) {
        const bool strikes = fault->uses++ % std::max<qint64>(fault->number("every", 20), 1) == 0;
        session.sendFrame(
            net::encodeFrame(net::Opcode::Text, strikes ? padded(text, fault->number("bytes", 1 << 20)) : text, {}));
        return;
    }
    ++fault->uses;
    if (mode == QLatin1String("split")) {
        const QByteArray frame = net::encodeFrame(net::Opcode::Text, text, {});
        for (qsizetype at = 0; at < frame.size(); at += 37) {
            session.sendPart(frame.mid(at, 37), at == 0);
        }
        return;
    }
    session.sendFrame(fragmented(text, int(fault->number("parts", 3))));
}

void WsHub::sendDelayed(qint64 now)
{
    if (m_delayed.empty())
        return;
    std::stable_sort(m_delayed.begin(), m_delayed.end(),
                     [](const Delayed &a, const Delayed &b) { return a.dueMs < b.dueMs; });
    size_t count = 0;
    for (; count < m_delayed.size() && m_delayed[count].dueMs <= now; ++count) {
        if (WsSession *target = session(m_delayed[count].session))
            target->sendFrame(m_delayed[count].frame);
    }
    m_delayed.erase(m_delayed.begin(), m_delayed.begin() + qptrdiff(count));
}

void WsHub::releaseHeld()
{
    if (!m_holding)
        return;
    bool stillHolding = false;
    for (const auto &held : m_sessions) {
        ActiveFault *fault = m_market.faults.findForSession(Fault::StallBurst, held->id());
        if (fault && m_market.nowMs() - fault->sinceMs < fault->ms("stall", 5000)) {
            stillHolding = true;
            continue;
        }
        held->release();
        if (fault)
            stillHolding = true;
    }
    for (ActiveFault &fault : m_market.faults.active()) { // the next stall begins
        if (fault.fault == Fault::StallBurst && m_market.nowMs() - fault.sinceMs >= fault.ms("stall", 5000)) {
            fault.sinceMs = m_market.nowMs();
            ++fault.uses;
        }
    }
    m_holding = stillHolding;
}

void WsHub::dropAll()
{
    for (const auto &held : m_sessions)
        held->reset();
}

void WsHub::faultsChanged()
{
    for (const auto &held : m_sessions)
        held->setHalfOpen(m_market.faults.findForSession(Fault::HalfOpen, held->id()) != nullptr);
}

void WsHub::userEvent(const QByteArray &listenKey, const QByteArray &event)
{
    for (const auto &held : m_sessions) {
        if (held->hasListenKey(listenKey))
            held->sendText(held->combined() ? wrapped(listenKey, event) : event);
    }
}

bool WsHub::closeSession(int id, quint16 code, const QByteArray &reason)
{
    WsSession *target = session(id);
    if (!target)
        return false;
    if (code == 1006)
        target->reset();
    else
        target->close(code, reason);
    return true;
}

void WsHub::closeMatching(const ActiveFault &fault)
{
    const auto code = quint16(fault.flag("abrupt") ? 1006 : fault.number("code", 1001));
    for (const auto &held : m_sessions) {
        if (fault.spec.connection == 0 || fault.spec.connection == held->id())
            closeSession(held->id(), code, fault.text("reason").toUtf8());
    }
}

QJsonArray WsHub::sessionsJson() const
{
    QJsonArray list;
    for (const auto &held : m_sessions) {
        if (!held->isDead())
            list.append(held->toJson());
    }
    return list;
}

QJsonArray WsHub::sentJson() const
{
    QJsonArray list;
    for (auto sent = m_sent.begin(); sent != m_sent.end(); ++sent) {
        QJsonObject row{{QStringLiteral("stream"), QString::fromUtf8(sent.key())},
                        {QStringLiteral("frames"), qint64(sent->frames)}};
        if (sent->closed > 0) {
            row.insert(QStringLiteral("closed"), qint64(sent->closed));
            row.insert(QStringLiteral("lastClose"), sent->lastCloseMs);
        }
        list.append(row);
    }
    return list;
}

} // namespace tk::sim
