// Progress on stderr: a bar on a terminal, else a line every ten seconds.
#pragma once

#include <QString>

#include <chrono>
#include <optional>

namespace tk::app {

class ProgressLine
{
public:
    explicit ProgressLine(QString unit = QStringLiteral("candles"));
    ~ProgressLine(); // leaves the bar behind on a line of its own

    void show(qint64 done, qint64 total, const QString &rest);

    // "[#####-----]  50 %  12345 / 24690 candles, REST"
    static QString text(qint64 done, qint64 total, const QString &rest, int width,
                        const QString &unit = QStringLiteral("candles"));

private:
    using RealTime = std::chrono::steady_clock; // for the eye, not for the engine's clock
    QString m_unit;
    bool m_terminal = false;
    bool m_shown = false;
    std::optional<RealTime::time_point> m_toldAt;
};

} // namespace tk::app
