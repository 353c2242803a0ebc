// The hosts that the engine watches: how they are, their units, their files. Main thread.
#pragma once

#include "base/time.h"
#include "market/timeframe.h"

#include <QJsonObject>
#include <QObject>
#include <QString>
#include <QStringList>

#include <optional>
#include <vector>

namespace tk::monitor {

enum class HostLight : quint8 { Good, Warning, Bad };

struct HostUnit
{
    QString name{};
    QString text{}; // "running", "failed (exit-code 3)", "off"
    HostLight light = HostLight::Good;
    QString description{};
    QString active{}; // systemd's own words
    QString sub{};
    QString enabled{};
    QString result{};
    UtcTime since{};
    UtcTime next_run{};
    UtcTime last_run{};
    std::optional<qint64> restarts{};
    std::optional<qint64> memory{}; // bytes
    bool configured = true;         // named in the configuration: may be acted on

    bool isTimer() const { return name.endsWith(QLatin1String(".timer")); }
    bool isOn() const { return active == QLatin1String("active"); }
};

struct HostFiles // of one timeframe and content in one folder
{
    QString folder{};
    Timeframe timeframe = Timeframe::M1;
    QString content{};
    int files = 0;
    int unread = 0;
    int ended = 0;    // of pairs that are not collected: not judged
    UtcTime oldest{}; // of the last candles, by open time; 0: none is known
    UtcTime newest{};
    QString oldest_file{};
    milliseconds lag{}; // since the oldest of them closed, when it was looked at
    UtcTime written{};
    bool stale = false;

    bool isKnown() const { return toMs(oldest) != 0; }
};

struct HostFolder
{
    QString folder{};
    QString trouble{};
    int files = 0;
    qint64 disk_free = -1; // bytes; negative: unknown
    qint64 disk_total = -1;
    std::vector<HostFiles> groups{};
};

struct HostTroubleView
{
    HostLight light = HostLight::Bad;
    QString title{};
    QString text{};
};

struct HostView
{
    enum class State : quint8 { Unknown, Up, Unreachable };

    QString name{};
    int place = 0;
    QString target{};
    State state = State::Unknown;
    HostLight light = HostLight::Good; // of one that has been looked at
    UtcTime since{};                   // when it came into this state
    UtcTime looked{};                  // when it last answered
    QString error{};
    std::optional<qint64> clock_offset{}; // ms by which its clock is ahead of the engine's
    // How long the newest candles of its files have been due at most; nothing: none is known.
    std::optional<milliseconds> behind{};
    std::vector<HostTroubleView> troubles{};
    std::vector<HostUnit> units{};
    std::vector<HostFolder> folders{};

    bool isUp() const { return state == State::Up; }
    int files() const;
};

class HostList final : public QObject
{
    Q_OBJECT
public:
    using QObject::QObject;

    const std::vector<HostView> &all() const { return m_all; } // in the order of the configuration
    const HostView *find(const QString &name) const;

    void apply(const QJsonObject &hosts, bool whole);

Q_SIGNALS:
    void changed();

private:
    std::vector<HostView> m_all;
};

} // namespace tk::monitor
