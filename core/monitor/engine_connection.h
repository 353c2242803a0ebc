// Keeps the way to one engine open: connects, watches, and after a loss tries again for ever, with the time of the loss
// and its cause at hand. Main thread.
#pragma once

#include "base/backoff.h"
#include "base/clock.h"
#include "link/engine_link.h"

#include <QHash>
#include <QPointer>
#include <QTimer>

#include <functional>
#include <memory>

namespace tk::monitor {

class EngineConnection final : public QObject
{
    Q_OBJECT
public:
    enum class State : quint8 {
        Connecting, // for the first time
        Connected,  // and the state of the engine is here
        Silent,     // connected, and no word for seconds: what is shown is of the past, and nothing newer is known
        Lost,       // it was; what is shown is of the past
    };

    // `open` makes the link try to connect; it is called again after each failure.
    struct Way
    {
        std::unique_ptr<link::EngineLink> link;
        std::function<void()> open;
        QString name; // as people read it: "this computer", "ssh://host"
    };

    struct Retry
    {
        milliseconds first{250};
        milliseconds most{5'000};
    };

    explicit EngineConnection(Way way, QObject *parent = nullptr);
    EngineConnection(Way way, Retry retry, QObject *parent = nullptr);
    ~EngineConnection() override;

    void start();

    State state() const { return m_state; }
    bool isConnected() const { return m_state == State::Connected; } // and it answers
    bool isAway() const { return m_state == State::Lost || m_state == State::Silent; }
    UtcTime lastSeen() const { return m_lastSeen; } // by our clock; 0: never
    const Error &trouble() const { return m_trouble; }
    const QString &name() const { return m_way.name; }
    link::Hello engine() const { return m_way.link->engine(); }

    // Whose forming candles are looked at ("EXCHANGE PAIR TIMEFRAME").
    void setSeries(const QStringList &series);

    using Done = std::function<void(const Result<QJsonValue> &)>;
    using Progress = std::function<void(const QJsonObject &)>;

    // One of `done`'s calls comes for certain, unless `context` has gone by then. Never from within ask().
    qint64 ask(const QString &command, const QJsonObject &args, QObject *context, Done done, Progress progress = {});

Q_SIGNALS:
    void stateChanged();
    void snapshot(const QJsonObject &state);
    void changes(const QJsonObject &changes);

private:
    struct Open
    {
        QPointer<QObject> context;
        Done done;
        Progress progress;
    };
    void retry(const Error &error);
    void setState(State state);
    void end(qint64 id, const Result<QJsonValue> &result);

    Way m_way;
    State m_state = State::Connecting;
    UtcTime m_lastSeen{};
    Error m_trouble{};
    QStringList m_series{};
    QHash<qint64, Open> m_open;
    Backoff m_backoff;
    QTimer m_retryTimer;
};

} // namespace tk::monitor
