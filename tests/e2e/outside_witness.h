// What a user can ask a running program: `status` with its exit code and sentences, /readyz, /metrics, the lines of the
// log and the events that it keeps. All of it is asked together and compared; what contradicts one another, and still
// does when it is asked again, is kept for the test to fail with. Main thread.
#pragma once

#include "process_rig.h"

#include <QJsonObject>
#include <QNetworkAccessManager>
#include <QStringList>

namespace tk::test {

struct OutsideTestimony
{
    int code = -1;               // of `status`
    QJsonObject status{};        // as JSON
    QStringList sentences{};     // on stderr; the first is the verdict
    int ready = 0;               // HTTP status of /readyz; 0: nobody answers
    QByteArray readiness{};      // its text
    double sick = -1;            // streams, by the metrics
    double gaps_open = -1;       // by the metrics
    QByteArray heartbeat{};      // the last such line of the log
    bool incident_lasts = false; // by the events on the disk
    QString events{};            // their titles and details

    QStringList reasons() const;
    // All that was said, for a word to be looked for.
    bool says(const QString &word) const;
};

class OutsideWitness
{
public:
    explicit OutsideWitness(ProcessRig &rig);

    // Asks once, and again where something contradicts. Takes a quarter of a second.
    const OutsideTestimony &look();
    const OutsideTestimony &last() const { return m_last; }
    const QStringList &contradictions() const { return m_contradictions; }

    // What is not well by any face; empty: all are.
    QStringList troubles() const;
    // Looks until nothing is wrong: what still is, or nothing.
    QString waitWell(milliseconds patience = std::chrono::seconds(30));
    // Looks until `status` ends with 1 and somebody says all of the words: what is missing, or nothing.
    QString waitTold(const QStringList &words, milliseconds patience = std::chrono::seconds(30));

private:
    struct Page
    {
        int code = 0;
        QByteArray text;
    };
    Page get(const QString &path);
    OutsideTestimony ask(QStringList &wrong);
    void compare(const OutsideTestimony &told, const Page &readyBefore, const QByteArray &metricsBefore,
                 QStringList &wrong) const;
    void readEvents(OutsideTestimony &told) const;
    int port() const; // 0: not known yet

    ProcessRig &m_rig;
    QNetworkAccessManager m_web;
    OutsideTestimony m_last;
    QStringList m_contradictions;
};

} // namespace tk::test
