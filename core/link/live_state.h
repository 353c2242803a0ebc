// What the engine shows of itself: objects by topic and key, and what changed since somebody last asked. One thread.
#pragma once

#include <QJsonObject>
#include <QString>

namespace tk::link {

class LiveState
{
public:
    // An equal value is no change.
    void set(const QString &topic, const QString &key, const QJsonObject &value);
    void remove(const QString &topic, const QString &key);

    const QJsonObject &snapshot() const { return m_state; } // {TOPIC:{KEY:{…}}}
    bool hasChanges() const { return !m_changes.isEmpty(); }
    QJsonObject takeChanges(); // {TOPIC:{KEY:{…}|null}}; many changes of one key are one

private:
    QJsonObject m_state;
    QJsonObject m_changes;
};

// Brings a state kept elsewhere up to date.
void apply(const QJsonObject &changes, QJsonObject &state);

} // namespace tk::link
