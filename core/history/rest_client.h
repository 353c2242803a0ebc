// GET requests to an exchange, answers as values: status, headers, body. Lives in the history thread.
#pragma once

#include "base/clock.h"
#include "exchange/adapter.h"

#include <QNetworkAccessManager>
#include <QNetworkProxy>
#include <QSslConfiguration>
#include <QUrl>

#include <functional>

class QNetworkReply;

namespace tk::history {

class RestClient : public QObject
{
    Q_OBJECT
public:
    struct Options
    {
        QUrl base;
        QNetworkProxy proxy{QNetworkProxy::NoProxy};
        QSslConfiguration tls = QSslConfiguration::defaultConfiguration();
        milliseconds timeout{30'000};
    };
    using Done = std::function<void(const exchange::RestReply &reply)>;

    RestClient(Options options, const Clock &clock, QObject *parent = nullptr);
    ~RestClient() override;

    // `done` is called once, in this thread, unless the client goes first.
    void get(const exchange::RestRequest &request, Done done);

private:
    Options m_options;
    milliseconds m_timerDelay;
    QNetworkAccessManager m_network;
};

} // namespace tk::history
