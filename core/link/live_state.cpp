#include "link/live_state.h"

#include <utility>

namespace tk::link {

namespace {

// QJsonObject shares its data: the inner object is taken out while it is changed, or each change would copy the topic.
void put(QJsonObject &outer, const QString &topic, const QString &key, const QJsonValue &value)
{
    QJsonObject inner = outer.take(topic).toObject();
    inner.insert(key, value);
    outer.insert(topic, inner);
}

} // namespace

void LiveState::set(const QString &topic, const QString &key, const QJsonObject &value)
{
    if (m_state[topic].toObject().value(key) == value)
        return;
    put(m_state, topic, key, value);
    put(m_changes, topic, key, value);
}

void LiveState::remove(const QString &topic, const QString &key)
{
    QJsonObject inner = m_state.take(topic).toObject();
    const bool known = inner.contains(key);
    inner.remove(key);
    if (!inner.isEmpty())
        m_state.insert(topic, inner);
    if (known)
        put(m_changes, topic, key, QJsonValue());
}

QJsonObject LiveState::takeChanges()
{
    return std::exchange(m_changes, {});
}

void apply(const QJsonObject &changes, QJsonObject &state)
{
    for (auto topic = changes.begin(); topic != changes.end(); ++topic) {
        QJsonObject inner = state.take(topic.key()).toObject();
        const QJsonObject keys = topic.value().toObject();
        for (auto key = keys.begin(); key != keys.end(); ++key) {
            if (key.value().isNull())
                inner.remove(key.key());
            else
                inner.insert(key.key(), key.value());
        }
        if (!inner.isEmpty())
            state.insert(topic.key(), inner);
    }
}

} // namespace tk::link
