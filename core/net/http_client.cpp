#include "net/http_client.h"

#include <QSocketNotifier>

#include <curl/curl.h>

#include <mutex>

namespace tk::net {

namespace {

void initialiseOnce()
{
    static std::once_flag once; // libcurl wants this before its first use, from one thread
    std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
}

HttpAnswer::Failure failureOf(CURLcode code)
{
    using Failure = HttpAnswer::Failure;
    switch (code) {
    case CURLE_OK:
        return Failure::None;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
        return Failure::Resolve;
    case CURLE_COULDNT_CONNECT:
        return Failure::Connect;
    case CURLE_OPERATION_TIMEDOUT:
        return Failure::Timeout;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
        return Failure::Tls;
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
    case CURLE_WEIRD_SERVER_REPLY:
        return Failure::Cut;
    case CURLE_ABORTED_BY_CALLBACK:
        return Failure::Stopped;
    case CURLE_WRITE_ERROR:
    case CURLE_FILESIZE_EXCEEDED:
        return Failure::TooLong;
    default:
        return Failure::Other;
    }
}

} // namespace

namespace detail {

// One request and its answer, on one curl handle.
class HttpExchange
{
public:
    explicit HttpExchange(const HttpOptions &options)
        : m_options(options)
    {
        initialiseOnce();
        m_handle = curl_easy_init();
    }
    ~HttpExchange()
    {
        curl_slist_free_all(m_headers);
        curl_easy_cleanup(m_handle);
    }
    HttpExchange(const HttpExchange &) = delete;
    HttpExchange &operator=(const HttpExchange &) = delete;

    void prepare(const HttpCall &call, const std::atomic<bool> *stop)
    {
        curl_easy_reset(m_handle);
        curl_slist_free_all(std::exchange(m_headers, nullptr));
        answer = {};
        m_body = call.body;
        m_url = call.url.toEncoded();
        m_ca = m_options.ca_file.toUtf8();
        m_stop = stop;
        m_error[0] = 0;
        curl_easy_setopt(m_handle, CURLOPT_URL, m_url.constData());
        curl_easy_setopt(m_handle, CURLOPT_PROTOCOLS_STR, "http,https");
        curl_easy_setopt(m_handle, CURLOPT_NOSIGNAL, 1L);
        curl_easy_setopt(m_handle, CURLOPT_FOLLOWLOCATION, 0L);
        curl_easy_setopt(m_handle, CURLOPT_PROXY, ""); // never what the environment happens to say
        curl_easy_setopt(m_handle, CURLOPT_NETRC, long(CURL_NETRC_IGNORED));
        curl_easy_setopt(m_handle, CURLOPT_ACCEPT_ENCODING, "gzip");
        curl_easy_setopt(m_handle, CURLOPT_USERAGENT, "tapekeeper/" TAPEKEEPER_VERSION);
        curl_easy_setopt(m_handle, CURLOPT_ERRORBUFFER, m_error);
        curl_easy_setopt(m_handle, CURLOPT_CONNECTTIMEOUT_MS, long(m_options.connect_timeout.count()));
        const milliseconds timeout = call.timeout.count() > 0 ? call.timeout : m_options.timeout;
        curl_easy_setopt(m_handle, CURLOPT_TIMEOUT_MS, long(timeout.count()));
        curl_easy_setopt(m_handle, CURLOPT_TCP_KEEPALIVE, 1L);
        if (!m_ca.isEmpty())
            curl_easy_setopt(m_handle, CURLOPT_CAINFO, m_ca.constData());
        if (call.method != "GET" || !m_body.isEmpty()) {
            curl_easy_setopt(m_handle, CURLOPT_POST, 1L);
            curl_easy_setopt(m_handle, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(m_body.size()));
            curl_easy_setopt(m_handle, CURLOPT_POSTFIELDS, m_body.constData());
            curl_easy_setopt(m_handle, CURLOPT_CUSTOMREQUEST, call.method.constData());
            // No second of waiting for "100 Continue", and no form type that nobody asked for.
            m_headers = curl_slist_append(m_headers, "Expect:");
            m_headers = curl_slist_append(m_headers, "Content-Type:");
        }
        for (const auto &[name, value] : call.headers)
            m_headers = curl_slist_append(m_headers, (name + ": " + value).constData());
        curl_easy_setopt(m_handle, CURLOPT_HTTPHEADER, m_headers);
        curl_easy_setopt(m_handle, CURLOPT_WRITEFUNCTION, &HttpExchange::onBody);
        curl_easy_setopt(m_handle, CURLOPT_WRITEDATA, this);
        curl_easy_setopt(m_handle, CURLOPT_HEADERFUNCTION, &HttpExchange::onHeader);
        curl_easy_setopt(m_handle, CURLOPT_HEADERDATA, this);
        curl_easy_setopt(m_handle, CURLOPT_PRIVATE, this);
        if (stop) {
            curl_easy_setopt(m_handle, CURLOPT_NOPROGRESS, 0L);
            curl_easy_setopt(m_handle, CURLOPT_XFERINFOFUNCTION, &HttpExchange::onProgress);
            curl_easy_setopt(m_handle, CURLOPT_XFERINFODATA, this);
        }
    }

    void finish(CURLcode code)
    {
        long status = 0;
        curl_easy_getinfo(m_handle, CURLINFO_RESPONSE_CODE, &status);
        answer.status = int(status);
        // A server that refuses a body answers and closes without reading it: its answer counts, not the failed upload.
        if (code == CURLE_SEND_ERROR && status >= 400)
            code = CURLE_OK;
        answer.failure = failureOf(code);
        if (code != CURLE_OK)
            answer.trouble = m_error[0] != 0 ? QString::fromUtf8(m_error) : QString::fromUtf8(curl_easy_strerror(code));
        m_body.clear();
    }

    CURL *handle() const { return m_handle; }

    HttpAnswer answer;
    HttpClient::Done done;

private:
    static size_t onBody(char *data, size_t size, size_t count, void *self)
    {
        auto *exchange = static_cast<HttpExchange *>(self);
        const size_t bytes = size * count;
        if (exchange->answer.body.size() + qsizetype(bytes) > exchange->m_options.longest_answer)
            return 0;
        exchange->answer.body.append(data, qsizetype(bytes));
        return bytes;
    }

    static size_t onHeader(char *data, size_t size, size_t count, void *self)
    {
        auto *exchange = static_cast<HttpExchange *>(self);
        const QByteArray line = QByteArray(data, qsizetype(size * count)).trimmed();
        const qsizetype colon = line.indexOf(':');
        if (line.startsWith("HTTP/"))
            exchange->answer.headers.fields.clear(); // an interim answer came before
        else if (colon > 0)
            exchange->answer.headers.fields.emplace_back(line.first(colon).trimmed(), line.sliced(colon + 1).trimmed());
        return size * count;
    }

    static int onProgress(void *self, curl_off_t, curl_off_t, curl_off_t, curl_off_t)
    {
        return static_cast<HttpExchange *>(self)->m_stop->load() ? 1 : 0;
    }

    const HttpOptions m_options;
    CURL *m_handle = nullptr;
    curl_slist *m_headers = nullptr;
    const std::atomic<bool> *m_stop = nullptr;
    QByteArray m_url;
    QByteArray m_ca;
    QByteArray m_body; // libcurl does not copy it
    char m_error[CURL_ERROR_SIZE] = {};
};

// libcurl's event loop hooks, bound to Qt's.
struct CurlMulti
{
    explicit CurlMulti(HttpClient *client)
    {
        initialiseOnce();
        handle = curl_multi_init();
        curl_multi_setopt(handle, CURLMOPT_SOCKETFUNCTION, &CurlMulti::onSocket);
        curl_multi_setopt(handle, CURLMOPT_SOCKETDATA, client);
        curl_multi_setopt(handle, CURLMOPT_TIMERFUNCTION, &CurlMulti::onTimer);
        curl_multi_setopt(handle, CURLMOPT_TIMERDATA, client);
    }
    ~CurlMulti() { curl_multi_cleanup(handle); }
    CurlMulti(const CurlMulti &) = delete;
    CurlMulti &operator=(const CurlMulti &) = delete;

    static int onSocket(CURL *, curl_socket_t socket, int what, void *client, void *)
    {
        static_cast<HttpClient *>(client)->watch(socket, what);
        return 0;
    }
    static int onTimer(CURLM *, long delay, void *client)
    {
        QTimer &timer = static_cast<HttpClient *>(client)->m_timer;
        if (delay < 0)
            timer.stop();
        else
            timer.start(milliseconds(delay)); // zero too: libcurl must not be called from within its call
        return 0;
    }

    CURLM *handle = nullptr;
};

} // namespace detail

HttpClient::HttpClient(HttpOptions options, QObject *parent)
    : QObject(parent)
    , m_options(std::move(options))
    , m_multi(std::make_unique<detail::CurlMulti>(this))
{
    m_timer.setSingleShot(true);
    connect(&m_timer, &QTimer::timeout, this, [this] { act(CURL_SOCKET_TIMEOUT, 0); });
}

HttpClient::~HttpClient()
{
    for (const auto &exchange : m_exchanges)
        curl_multi_remove_handle(m_multi->handle, exchange->handle());
    m_multi.reset(); // closes kept connections; it may still call watch()
    m_watches.clear();
}

void HttpClient::send(const HttpCall &call, Done done)
{
    auto exchange = std::make_unique<detail::HttpExchange>(m_options);
    exchange->prepare(call, nullptr);
    exchange->done = std::move(done);
    curl_multi_add_handle(m_multi->handle, exchange->handle());
    m_exchanges.push_back(std::move(exchange));
}

void HttpClient::watch(qintptr socket, int what)
{
    if (what == CURL_POLL_REMOVE) {
        if (const auto watch = m_watches.take(socket)) {
            // We may be within the notifier's own signal: it goes when the loop comes round.
            for (auto *notifier : {watch->read.release(), watch->write.release()}) {
                if (notifier) {
                    notifier->setEnabled(false);
                    notifier->deleteLater();
                }
            }
        }
        return;
    }
    std::shared_ptr<Watch> &watch = m_watches[socket];
    if (!watch) {
        watch = std::make_shared<Watch>();
        watch->read = std::make_unique<QSocketNotifier>(socket, QSocketNotifier::Read);
        watch->write = std::make_unique<QSocketNotifier>(socket, QSocketNotifier::Write);
        connect(watch->read.get(), &QSocketNotifier::activated, this, [this, socket] { act(socket, CURL_CSELECT_IN); });
        connect(watch->write.get(), &QSocketNotifier::activated, this,
                [this, socket] { act(socket, CURL_CSELECT_OUT); });
    }
    watch->read->setEnabled((what & CURL_POLL_IN) != 0);
    watch->write->setEnabled((what & CURL_POLL_OUT) != 0);
}

void HttpClient::act(qintptr socket, int events)
{
    int running = 0;
    curl_multi_socket_action(m_multi->handle, curl_socket_t(socket), events, &running);
    reap();
}

void HttpClient::reap()
{
    std::vector<std::unique_ptr<detail::HttpExchange>> finished;
    int left = 0;
    while (const CURLMsg *message = curl_multi_info_read(m_multi->handle, &left)) {
        if (message->msg != CURLMSG_DONE)
            continue;
        const auto found = std::ranges::find_if(
            m_exchanges, [&](const auto &exchange) { return exchange->handle() == message->easy_handle; });
        const CURLcode code = message->data.result;
        curl_multi_remove_handle(m_multi->handle, message->easy_handle);
        if (found == m_exchanges.end())
            continue;
        (*found)->finish(code);
        finished.push_back(std::move(*found));
        m_exchanges.erase(found);
    }
    for (const auto &exchange : finished) // last: who is told may send again
        exchange->done(exchange->answer);
}

BlockingHttpClient::BlockingHttpClient(HttpOptions options)
    : m_options(std::move(options))
    , m_exchange(std::make_unique<detail::HttpExchange>(m_options))
{}

BlockingHttpClient::~BlockingHttpClient() = default;

HttpAnswer BlockingHttpClient::send(const HttpCall &call, const std::atomic<bool> *stop)
{
    m_exchange->prepare(call, stop);
    m_exchange->finish(curl_easy_perform(m_exchange->handle()));
    return std::exchange(m_exchange->answer, {});
}

} // namespace tk::net
