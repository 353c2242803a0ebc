// A way to an engine, for who watches and steers it: over a socket (LinkClient) or within the process (LocalLink).
// Signals only, nothing blocks; no signal comes from within a call. Lives in the thread that creates it.
#pragma once

#include "link/protocol.h"

#include <QObject>
#include <QStringList>

namespace tk::link {

class EngineLink : public QObject
{
    Q_OBJECT
public:
    using QObject::QObject;

    virtual bool isConnected() const = 0;
    virtual Hello engine() const = 0; // of the engine that is connected, or was last

    // Returns the id that the signals carry. An engine that goes away refuses what is open.
    virtual qint64 request(const QString &command, const QJsonObject &args = {}) = 0;

    // snapshot() first, then changes(); ask again after a reconnect. `series` ("EXCHANGE PAIR TIMEFRAME") are those
    // whose forming candle somebody looks at; a later call replaces them.
    virtual void watch(const QStringList &series = {}) = 0;

Q_SIGNALS:
    void connected();
    void failed(const tk::Error &error); // could not connect, lost the engine, or it does not speak our language; once
    void progressed(qint64 id, const QJsonObject &progress);
    void finished(qint64 id, const QJsonValue &result);
    void refused(qint64 id, const tk::Error &error); // by the engine, or because it went away
    void wentSilent(); // connected, and not a word for three seconds: nothing is known of the engine until ...
    void heardAgain(); // ... this, or failed()
    void snapshot(const QJsonObject &state);
    void changes(const QJsonObject &changes);
};

} // namespace tk::link
