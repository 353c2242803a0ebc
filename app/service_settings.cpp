#include "app/service_settings.h"

#include <QSslCertificate>

namespace tk::app {

namespace {

Result<QSslConfiguration> tlsFor(const config::ExchangeSettings &exchange)
{
    QSslConfiguration tls = QSslConfiguration::defaultConfiguration();
    if (exchange.tls_ca_file.isEmpty())
        return tls;
    const auto certificates = QSslCertificate::fromPath(exchange.tls_ca_file, QSsl::Pem);
    if (certificates.isEmpty())
        return Error{Error::Kind::Config,
                     QStringLiteral("tls_ca_file %1 holds no certificate in PEM form").arg(exchange.tls_ca_file)};
    tls.addCaCertificates(certificates);
    return tls;
}

QNetworkProxy proxyFrom(const QUrl &url, const config::Secret &password)
{
    const bool socks = url.scheme().startsWith(QLatin1String("socks"));
    return {socks ? QNetworkProxy::Socks5Proxy : QNetworkProxy::HttpProxy, url.host(),
            quint16(url.port(socks ? 1080 : 3128)), url.userName(),
            url.userName().isEmpty() ? QString() : QString::fromUtf8(password.reveal())};
}

} // namespace

exchange::Wanted wantedBy(const config::ExchangeSettings &exchange)
{
    return {.all = !exchange.pairs.has_value(),
            .all_of = exchange.all_of,
            .pairs = exchange.pairs.value_or(QStringList()),
            .exclude = exchange.exclude};
}

Result<feed::FeedSettings> feedSettings(const config::Settings &settings, const config::ExchangeSettings &exchange)
{
    const auto tls = tlsFor(exchange);
    if (!tls)
        return tls.error();
    feed::FeedSettings feed;
    feed.tls = *tls;
    feed.ws_url = exchange.ws_url;
    const auto want = [&](StreamKind kind) {
        if (std::ranges::find(feed.kinds, kind) == feed.kinds.end())
            feed.kinds.push_back(kind);
    };
    for (const QString &stream : exchange.streams) {
        if (stream == QLatin1String("funding_rate")) {
            want(StreamKind::MarkPrice); // one stream tells both
            continue;
        }
        for (size_t kind = 0; kind < streamKindNames.size(); ++kind) {
            if (stream == QLatin1String(streamKindNames[kind].data(), qsizetype(streamKindNames[kind].size())))
                want(StreamKind(kind));
        }
    }
    feed.timeframes = exchange.timeframes;
    feed.major_bases = settings.supervision.major_pairs;
    for (const QUrl &proxy : exchange.proxies)
        feed.proxies.push_back(proxyFrom(proxy, exchange.proxy_password));
    feed.heartbeat = settings.supervision.heartbeat;
    feed.stale_after = settings.supervision.stale_after;
    feed.major_quorum = settings.supervision.major_quorum;
    feed.reconnect_first = settings.supervision.reconnect_first;
    feed.reconnect_max = settings.supervision.reconnect_max;
    feed.mark_price_every = exchange.mark_price_every;
    return feed;
}

Result<history::HistorySettings> historySettings(const config::Settings &settings,
                                                 const config::ExchangeSettings &exchange)
{
    const auto tls = tlsFor(exchange);
    if (!tls)
        return tls.error();
    history::HistorySettings history;
    history.tls = *tls;
    history.rest_url = exchange.rest_url;
    history.wanted = wantedBy(exchange);
    history.major_bases = settings.supervision.major_pairs;
    if (exchange.wants(u"candles"))
        history.timeframes = exchange.timeframes;
    if (const auto feed = feedSettings(settings, exchange))
        history.kinds = feed->kinds;
    // Until a database says how long it keeps.
    const bool database = settings.store.kind == QLatin1String("influx");
    history.retention = database ? settings.store.influx.retention : settings.store.retention;
    history.store_at_hand = !database;
    history.mark_candles = exchange.wants(u"mark_price") || exchange.wants(u"funding_rate");
    history.history = exchange.history;
    history.weight_share = exchange.weight_share;
    history.first_fill_share = std::max(0.9, exchange.weight_share);
    history.funding = exchange.wants(u"funding_rate");
    history.data_dir = settings.engine.data_dir;
    return history;
}

} // namespace tk::app
