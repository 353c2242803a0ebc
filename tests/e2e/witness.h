// What the product says of itself while an engine runs: status and its exit code, readiness, the heartbeat line, the
// metrics, the events and the books of a window. A witness looks at all of them again and again, notes where two
// contradict one another or the streams, and when each first told of a trouble. Main thread.
#pragma once

#include "app/engine.h"
#include "link/local_link.h"
#include "monitor/engine_view.h"
#include "monitor/status_sentence.h"

#include <QElapsedTimer>
#include <QJsonObject>
#include <QStringList>
#include <QTimer>

#include <map>

namespace tk::test {

// What all faces said at one moment.
struct Testimony
{
    UtcTime at{};
    bool status_ok = false;
    QStringList reasons;
    bool ready = false;
    bool all_well = false; // by the streams themselves: every one live, late, quiet or ended
    int sick = 0;          // streams stale or silent, by the feed's snapshot
    qint64 gaps_open = 0;
    bool incident = false; // one lasts
    bool window_knows = false;
    monitor::StatusLine window{};
};

class Witness final : public QObject
{
    Q_OBJECT
public:
    Witness(app::Engine &engine, const Clock &clock);
    ~Witness() override;

    const QStringList &contradictions() const { return m_contradictions; }
    const Testimony &last() const { return m_last; }
    const std::vector<alert::Event> &events() { return m_view.events().events(); } // as a window knows them

    // Begins to note when each face first says that not all is well: "status", "ready", "heartbeat", "metrics",
    // "event", "window".
    void expectTrouble();
    // How long each took since expectTrouble(), on the engine's clock; without those that have said nothing yet.
    std::map<QString, milliseconds> told() const { return m_told; }
    bool allTold(const QStringList &faces) const;

private:
    void look();
    void hearLine(const QString &line, UtcTime at); // written then
    void judgeClaims();
    void note(const QString &face);
    void contradiction(const QString &what);
    Testimony testify();
    void compareFeeds(const QJsonObject &status);
    void compareGaps(const QJsonObject &status, Testimony &into);
    void compareWindow(const Testimony &told);
    double metric(const QString &name) const;

    app::Engine &m_engine;
    const Clock &m_clock;
    monitor::EngineView m_view; // a window's
    QTimer m_timer;
    std::string m_metrics;
    Testimony m_last;
    QHash<QString, UtcTime> m_sick; // streams of majors that are called sick, and since which snapshot
    QList<UtcTime> m_claims;        // when "OK" was written; judged with the next snapshot
    QStringList m_contradictions;
    std::map<QString, milliseconds> m_told;
    MonotonicTime m_expecting{};
    QElapsedTimer m_disagrees; // the window lags by its pace of four changes a second: longer is a contradiction
};

} // namespace tk::test
