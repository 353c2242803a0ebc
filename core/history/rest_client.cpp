#include "history/rest_client.h"

#include <QNetworkReply>
#include <QNetworkRequest>

#include <algorithm>

namespace tk::history {

namespace {

constexpr milliseconds shortestTimeout{10'000}; // real time: fast drills must not outrun a busy machine

// What went wrong, with the word that tells DNS from TLS from a refused connection.
QByteArray reasonOf(const QNetworkReply &reply)
{
    QString kind;
    switch (reply.error()) {
    case QNetworkReply::HostNotFoundError:
        kind = QStringLiteral("DNS: ");
        break;
    case QNetworkReply::SslHandshakeFailedError:
        kind = QStringLiteral("TLS: ");
        break;
    case QNetworkReply::OperationCanceledError:
    case QNetworkReply::TimeoutError:
        return "no answer in time";
    default:
        break;
    }
    return (kind + reply.errorString()).toUtf8();
}

} // namespace

RestClient::RestClient(Options options, const Clock &clock, QObject *parent)
    : QObject(parent)
    , m_options(std::move(options))
    , m_timerDelay(std::max(clock.timerDelay(m_options.timeout), shortestTimeout))
{
    m_network.setProxy(m_options.proxy);
    m_network.setAutoDeleteReplies(false);
}

RestClient::~RestClient() = default;

void RestClient::get(const exchange::RestRequest &request, Done done)
{
    QUrl url = m_options.base;
    url.setPath(m_options.base.path() + QString::fromLatin1(request.path));
    url.setQuery(request.query);
    QNetworkRequest network(url);
    network.setSslConfiguration(m_options.tls);
    network.setTransferTimeout(int(m_timerDelay.count()));
    network.setRawHeader("User-Agent", "tapekeeper/" TAPEKEEPER_VERSION);
    network.setAttribute(QNetworkRequest::RedirectPolicyAttribute, QNetworkRequest::ManualRedirectPolicy);
    network.setAttribute(QNetworkRequest::CacheLoadControlAttribute, QNetworkRequest::AlwaysNetwork);
    network.setAttribute(QNetworkRequest::CookieLoadControlAttribute, QNetworkRequest::Manual);
    QNetworkReply *reply = m_network.get(network);
    connect(reply, &QNetworkReply::finished, this, [reply, done = std::move(done)] {
        reply->deleteLater();
        exchange::RestReply answer;
        answer.status = reply->attribute(QNetworkRequest::HttpStatusCodeAttribute).toInt();
        const bool cut = reply->error() == QNetworkReply::RemoteHostClosedError ||
                         reply->error() == QNetworkReply::OperationCanceledError ||
                         reply->error() == QNetworkReply::TimeoutError;
        if (answer.status == 0 || cut) { // a body that broke off is no answer
            answer.status = 0;
            answer.body = reasonOf(*reply);
        } else {
            answer.body = reply->readAll();
            for (const auto &[name, value] : reply->rawHeaderPairs())
                answer.headers.emplace_back(name.toLower(), value);
        }
        done(answer);
    });
}

} // namespace tk::history
