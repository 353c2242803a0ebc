// One host under watch: its units every few seconds, its data every minute, over one connection; orders go in between.
// A host that does not answer is asked less often, and delays nobody else. Lives in the thread that creates it.
#pragma once

#include "base/clock.h"
#include "remote/freshness.h"
#include "remote/host_channel.h"
#include "remote/unit_scripts.h"

#include <QTimer>

namespace tk::remote {

// What is not well on a host that answers. The text may change from look to look; the key says that it is the same
// thing.
struct Trouble
{
    QString key{}; // "unit freqtrade.service"
    Light light = Light::Bad;
    QString title{}; // "Unit failed"
    QString text{};  // "freqtrade.service: failed (exit-code 3)"
};

struct HostReport
{
    enum class State : quint8 { Unknown, Up, Unreachable };

    State state = State::Unknown;
    std::optional<Error> error{}; // why it is not up
    UtcTime looked{};             // when the units were last seen
    UtcTime since{};              // when it came into this state
    std::vector<UnitState> units{};
    std::vector<Light> lights{}; // of the units
    FreshnessReport data{};
    bool has_data = false;
    QString data_trouble{};

    // The worst of it; `reasons` say what is not well. A stale file is as bad as a dead service, which may run well.
    Light light() const;
    std::vector<Trouble> troubles() const;
    QStringList reasons() const;

    // How long the newest candles of its files have been due at most; nothing: no file of candles is known.
    std::optional<milliseconds> behind() const;
};

class HostWatch final : public QObject
{
    Q_OBJECT
public:
    // `controlSocket`: see HostChannel. The target must have been checked.
    HostWatch(config::HostSettings settings, const SshTarget &target, const QString &controlSocket,
              std::shared_ptr<const Clock> clock, QObject *parent = nullptr);

    // Whose files are to be fresh: see Freshness. Where it is still to be told, the files wait a round for it.
    void setCollected(const std::optional<QSet<QString>> &pairs, bool isStillToBeTold);

    void watch(milliseconds every, milliseconds dataEvery); // from now on
    void stop();                                            // and close the connection
    void lookSoon();                                        // at both, also where it was to be asked later
    void lookAtUnits();                                     // ends in unitsLooked()
    void lookAtData();                                      // ends in dataLooked()

    using Acted = std::function<void(const Result<ActionResult> &result)>;
    void act(UnitAction action, const QString &unit, QObject *context, Acted done);

    const config::HostSettings &settings() const { return m_settings; }
    const HostReport &report() const { return m_report; }
    HostChannel &channel() { return m_channel; }

Q_SIGNALS:
    void unitsLooked();
    void dataLooked();

private:
    void failed(const Error &error);
    void setState(HostReport::State state);
    void again();

    config::HostSettings m_settings;
    std::shared_ptr<const Clock> m_clock;
    HostChannel m_channel;
    Freshness m_freshness;
    HostReport m_report;
    QTimer m_timer;
    milliseconds m_every{};
    milliseconds m_dataEvery{};
    UtcTime m_dataLooked{};
    int m_failures = 0;
    bool m_watching = false;
    bool m_looking = false;
    bool m_dataAgain = false; // asked for in the midst of a look
};

} // namespace tk::remote
