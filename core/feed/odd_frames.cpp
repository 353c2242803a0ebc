#include "feed/odd_frames.h"

#include "base/logging.h"

namespace tk::feed {

namespace {

constexpr quint64 brokenSamples = 5;   // broken frames that are shown in the log, per run
constexpr qsizetype sampleBytes = 200; // of each
constexpr qsizetype kindsTold = 64;    // different ones, per run
constexpr qsizetype refusalsTold = 64;

} // namespace

void OddFrames::broken(std::string_view frame, const Error &error)
{
    if (++m_broken > brokenSamples)
        return;
    const QString sample = QString::fromUtf8(frame.data(), std::min(qsizetype(frame.size()), sampleBytes));
    qCWarning(lcFeed).noquote() << "a frame that does not parse; counted" << logField(u"error", error.message)
                                << logField(u"bytes", QString::number(frame.size())) << logField(u"begins", sample);
}

void OddFrames::unhandled(const QByteArray &kind)
{
    ++m_unhandled;
    if (m_unhandledKinds.size() < kindsTold && m_unhandledKinds[kind]++ == 0)
        qCInfo(lcFeed).noquote() << "an event we do not know; counted and left alone"
                                 << logField(u"kind", QString::fromUtf8(kind));
}

bool OddFrames::refused(const QString &connection, const exchange::Rejected &answer, size_t streams)
{
    const QString line = QStringLiteral("%1 %2 %3").arg(connection, answer.message).arg(answer.code);
    if (m_refusals.contains(line) || m_refusals.size() >= refusalsTold)
        return false; // asked again and again, told once
    m_refusals.insert(line);
    qCWarning(lcFeed).noquote() << "the exchange refused a request" << logField(u"connection", connection)
                                << logField(u"code", QString::number(answer.code))
                                << logField(u"message", answer.message)
                                << logField(u"streams", QString::number(streams));
    return true;
}

} // namespace tk::feed
