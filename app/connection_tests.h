// "Test connection": tries a database or an exchange with settings that are not in force, and says what answered.
// Changes nothing there. In a thread of its own; the answers come back to the thread of the object (main).
//
//   test-store {url, api, database, org, bucket, user, tls_ca_file, token?, password?}
//                                 {api: "v1", database: "there"|"absent"|"unknown", text}; absent: it is made at the
//                                 start. A secret that is not given is the one in force. Secrets are never logged.
//   test-exchange {exchange, rest_url, tls_ca_file}
//                                 {offset_ms, text}: the exchange's clock against this machine's
#pragma once

#include "base/result.h"
#include "config/settings.h"
#include "exchange/catalog.h"
#include "link/command_handler.h"

#include <QObject>
#include <QThreadPool>

#include <atomic>
#include <functional>

namespace tk::app {

class ConnectionTests final : public QObject
{
    Q_OBJECT
public:
    ConnectionTests(std::function<config::Settings()> settings, const exchange::Catalog &catalog);
    ~ConnectionTests() override;

    static bool knows(const QString &command);
    void run(const QString &command, const QJsonObject &args, const link::Reply &reply);

private:
    std::function<config::Settings()> m_settings;
    const exchange::Catalog &m_catalog;
    std::atomic<bool> m_stop = false;
    QThreadPool m_pool; // last: its end waits for what runs
};

} // namespace tk::app
