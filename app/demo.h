// The demo: starts the exchange simulator on loopback as a child process and points the configuration at it.
#pragma once

#include "base/result.h"
#include "base/time.h"
#include "config/settings.h"

#include <QProcess>

#include <optional>

namespace tk::app {

class Demo final : public QObject
{
    Q_OBJECT
public:
    struct Options
    {
        int pairs = 164;
        double speed = 1.0;
        UtcTime anchor{};
    };

    explicit Demo(Options options, QObject *parent = nullptr);
    ~Demo() override; // the simulator ends with its standard input

    void start();

    // The demo has a data folder of its own, so that simulated candles never mix with real ones.
    static void apply(config::Settings &settings, const QUrl &rest, const QUrl &ws);

Q_SIGNALS:
    void ready(const QUrl &rest, const QUrl &ws, const QUrl &control);
    void failed(const tk::Error &error);

private:
    void read();

    Options m_options;
    QProcess m_process;
    bool m_ready = false;
};

} // namespace tk::app
