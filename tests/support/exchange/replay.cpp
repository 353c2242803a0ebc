#include "support/exchange/replay.h"

#include "support/exchange/ws_session.h"

#include <QFile>

namespace tk::sim {

namespace {

constexpr qint64 defaultSpacingMs = 10; // where no times were recorded
constexpr qint64 wantedBacklog = 1 << 20;

QList<QByteArray> linesOf(const QString &path)
{
    QFile file(path);
    if (path.isEmpty() || !file.open(QIODevice::ReadOnly))
        return {};
    QList<QByteArray> lines = file.readAll().split('\n');
    while (!lines.isEmpty() && lines.last().isEmpty())
        lines.removeLast();
    return lines;
}

} // namespace

Replay::Replay(Market &market)
    : m_market(market)
{
    for (const QByteArray &line : linesOf(market.settings.replayFile))
        m_frames << net::encodeFrame(net::Opcode::Text, line, {});
    double first = -1;
    for (const QByteArray &line : linesOf(market.settings.replayTimes)) {
        const double seconds = line.toDouble();
        first = first < 0 ? seconds : first;
        m_times.push_back(qint64((seconds - first) * 1000));
    }
    for (qint64 at = m_times.empty() ? 0 : m_times.back(); m_times.size() < size_t(m_frames.size());
         at += defaultSpacingMs)
        m_times.push_back(at);
}

void Replay::advance(WsSession &session)
{
    const qint64 now = m_market.steadyMs();
    Position &position = m_positions.try_emplace(session.id(), Position{0, now}).first->second;
    const double speed = m_market.settings.replaySpeed;
    const double elapsed = double(now - position.startMs) * speed;
    while (position.next < m_frames.size() && session.backlog() < wantedBacklog &&
           (speed <= 0 || double(m_times[size_t(position.next)]) <= elapsed))
        session.sendFrame(m_frames[position.next++]);
}

} // namespace tk::sim
