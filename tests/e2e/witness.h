// What the product says of itself while an engine runs: status and its exit code, readiness, the heartbeat line, the
// metrics, the events and the books of a window. A witness looks at all of them again and again, notes where two
// contradict one another or the streams, and when each first told of a trouble. Main thread.
#pragma once

#include "app/engine.h"
#include "link/local_link.h"
#include "monitor/engine_view.h"
#include "monitor/status_sentence.h"
#include "sayings.h"

#include <QJsonObject>
#include <QStringList>
#include <QTimer>

#include <optional>

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

    // Begins to note what each face says, and when it first says that not all is well.
    void expectTrouble();
    const Sayings &sayings() const { return m_sayings; }
    // How long each took since expectTrouble(), on the engine's clock; without those that have said nothing yet.
    std::map<QString, milliseconds> told() const { return m_sayings.firstComplaints(); }
    bool allTold(const QStringList &faces) const;
    // What each face that is not well says now; empty: all of them are.
    QStringList troubles() const;

private:
    void look();
    void hearLine(const QString &line, const QString &thread, UtcTime at); // written then
    void judgeClaims();
    void listen(); // with every snapshot, since some troubles are over within a moment
    void listenToEvents();
    void note(const char *face, const QString &text, bool complaint = true);
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
    struct Claim
    {
        QString feed; // the thread that wrote it
        UtcTime at{};
    };
    QList<Claim> m_claims; // "OK"; judged with the feed's next snapshot
    QStringList m_contradictions;
    Sayings m_sayings;
    QHash<qint64, alert::Severity> m_known; // events from before
    QString m_heartbeat;                    // the last line
    // The window lags by its pace of four changes a second: longer is a contradiction.
    std::optional<MonotonicTime> m_disagreesSince;
};

} // namespace tk::test
