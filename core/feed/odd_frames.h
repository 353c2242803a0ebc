// Frames that whoever reads the log should know of: broken ones, refused requests, events that nobody knows. Counted
// all, told once or a few times. Feed thread.
#pragma once

#include "base/result.h"
#include "exchange/adapter.h"

#include <QHash>
#include <QSet>

namespace tk::feed {

class OddFrames
{
public:
    void broken(std::string_view frame, const Error &error);
    void unhandled(const QByteArray &kind);
    // `streams`: that it concerned. False: the same was told before.
    bool refused(const QString &connection, const exchange::Rejected &answer, size_t streams);

    quint64 brokenCount() const { return m_broken; }
    quint64 unhandledCount() const { return m_unhandled; }

private:
    quint64 m_broken = 0;
    quint64 m_unhandled = 0;
    QHash<QByteArray, quint64> m_unhandledKinds;
    QSet<QString> m_refusals; // told in the log
};

} // namespace tk::feed
