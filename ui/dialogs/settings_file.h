// The engine's configuration file as a window holds it: read, checked and written by the engine, which may be
// elsewhere; edited here. Main thread.
#pragma once

#include "config/toml_edit.h"
#include "monitor/engine_connection.h"

#include <QJsonObject>

#include <vector>

namespace tk::ui {

struct SettingsProblem
{
    QString key; // "store.influx.url", "exchange.history"; empty: the file itself
    QString text;
};

class SettingsFile final : public QObject
{
    Q_OBJECT
public:
    explicit SettingsFile(monitor::EngineConnection &engine, QObject *parent = nullptr);

    struct Content
    {
        QString file{};
        QString text{};
        bool exists = false;
        QString why_not{};      // why it cannot be written; empty: it can
        QString token_source{}; // "environment", "file", "service manager", or empty: there is none
        QString password_source{};
        std::vector<SettingsProblem> problems{};
    };

    void load(); // loaded(), or finished() with an error
    const Content &content() const { return m_content; }

    // As the file would read with the edits. An error names the edit that cannot be made.
    Result<QString> edited(const std::vector<config::TomlEdit> &edits) const;

    // The engine's loader on such a text; checked() follows, for the newest text alone.
    void check(const QString &text);

    // finished() follows. What the edits are based on is what was loaded; it is refused if the file has changed.
    void write(const std::vector<config::TomlEdit> &edits);

    // Reads the file, adds the pairs to what the exchange excludes, writes it. finished() follows.
    void exclude(const QString &exchange, const QStringList &pairs);

Q_SIGNALS:
    void loaded();
    void checked(const std::vector<tk::ui::SettingsProblem> &problems);
    void finished(const tk::Status &status, const QString &note); // what is in force now, and what needs a restart

private:
    void read(std::function<void()> next);
    void excludeNow(const QString &exchange, const QStringList &pairs);

    monitor::EngineConnection &m_engine;
    Content m_content;
    quint64 m_checks = 0;
};

} // namespace tk::ui
