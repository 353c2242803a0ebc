// What the faces of the product said of a trouble, each with its words and how soon: kept by a witness from the moment
// that a test names, judged by what the test expects. Main thread.
#pragma once

#include "base/time.h"

#include <QSet>
#include <QString>
#include <QStringList>

#include <map>
#include <vector>

namespace tk::test {

// Faces by name: "status" (and with it exit code 1), "ready", "heartbeat", "metrics" (of streams), "gaps" (the metric,
// the ledger's causes), "event", "window".
struct Saying
{
    QString face;
    QString text;
    bool complaint = false; // somebody would look up: not merely "a gap is being repaired"
    milliseconds after{0};  // the beginning
    bool shaken = false;    // a connection, a mark price or a service was lost then, or a minute before
};

class Sayings
{
public:
    void begin(MonotonicTime now); // forgets what was said before
    bool isListening() const { return m_begin != MonotonicTime{}; }
    void hear(const QString &face, const QString &text, bool complaint, MonotonicTime now);
    void shake(MonotonicTime now); // the feed lost a connection or a tick

    const std::vector<Saying> &all() const { return m_all; }
    // When each face complained first.
    std::map<QString, milliseconds> firstComplaints() const;
    bool contain(const QString &word) const;
    QString text() const; // all of it, for a test that failed

private:
    MonotonicTime m_begin{};
    MonotonicTime m_shakenUntil{};
    QSet<QString> m_known; // a face says the same again and again
    std::vector<Saying> m_all;
};

} // namespace tk::test
