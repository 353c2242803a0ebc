// Keys of user-data streams: one per account (API key), living for an hour from its last extension.
#pragma once

#include "support/exchange/hash.h"

#include <QByteArray>
#include <QHash>
#include <QList>

namespace tk::sim {

class ListenKeys
{
public:
    QByteArray create(const QByteArray &apiKey, qint64 nowMs)
    {
        Key &key = m_keys[apiKey];
        if (key.text.isEmpty() || key.endsMs <= nowMs)
            key.text = made(apiKey, ++m_count);
        key.endsMs = nowMs + lifeMs;
        return key.text;
    }
    QByteArray extend(const QByteArray &apiKey, qint64 nowMs) // empty: there is none
    {
        const auto found = m_keys.find(apiKey);
        if (found == m_keys.end() || found->endsMs <= nowMs)
            return {};
        found->endsMs = nowMs + lifeMs;
        return found->text;
    }
    void remove(const QByteArray &apiKey) { m_keys.remove(apiKey); }
    QByteArray find(const QByteArray &apiKey) const { return m_keys.value(apiKey).text; }

    QList<QByteArray> takeExpired(qint64 nowMs) // fault F25: everything, with nowMs at the end of time
    {
        QList<QByteArray> expired;
        m_keys.removeIf([&](const QHash<QByteArray, Key>::iterator &key) {
            if (key->endsMs > nowMs)
                return false;
            expired << key->text;
            return true;
        });
        return expired;
    }

private:
    static constexpr qint64 lifeMs = 3'600'000;
    struct Key
    {
        QByteArray text;
        qint64 endsMs = 0;
    };
    static QByteArray made(const QByteArray &apiKey, quint64 count)
    {
        QByteArray text;
        for (quint64 i = 0; i < 4; ++i)
            text += QByteArray::number(mix(mixText(count, apiKey), i) | (1ULL << 63), 16);
        return text; // 64 characters
    }

    QHash<QByteArray, Key> m_keys; // by API key
    quint64 m_count = 0;
};

} // namespace tk::sim
