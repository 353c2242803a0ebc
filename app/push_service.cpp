#include "app/push_service.h"

#include "base/logging.h"
#include "remote/host_receipts.h"

#include <algorithm>

namespace tk::app {

using namespace std::chrono_literals;

namespace {

constexpr milliseconds settle = 5s; // after a candle's end: most have arrived and are stored by then
constexpr milliseconds firstRetry = 10s;
constexpr milliseconds longestRetry = 5min;

} // namespace

QByteArray knownDigest(const QString &dataDir, const config::HostSettings &host)
{
    std::vector<sync::PushReceipt> receipts;
    for (const remote::HostReceipt &one : remote::HostReceipts::load(dataDir, host.name).in(host.push))
        receipts.push_back({one.file, one.rows, one.first, one.last, one.bytes, one.sha256});
    return sync::digestOf(std::move(receipts));
}

Status keepReceipts(const QString &dataDir, const config::HostSettings &host, const sync::PushReport &report,
                    UtcTime now)
{
    QList<remote::HostReceipt> receipts;
    for (const sync::PushReceipt &one : report.receipts)
        receipts.push_back({.file = one.file,
                            .rows = one.rows,
                            .first = one.first,
                            .last = one.last,
                            .bytes = one.bytes,
                            .sha256 = one.sha256,
                            .received = now,
                            .way = remote::HostReceipt::Way::Push});
    return remote::HostReceipts::keep(dataDir, host.name, host.push, receipts, report.all_receipts);
}

HostPusher::HostPusher(Options options, std::shared_ptr<const std::atomic<bool>> stop)
    : m_options(std::move(options))
    , m_stop(std::move(stop))
    , m_timer(this)
{
    m_timer.setSingleShot(true);
    connect(&m_timer, &QTimer::timeout, this, &HostPusher::push);
}

HostPusher::~HostPusher() = default;

// In step with the candles' ends while all is well; else less and less often.
milliseconds HostPusher::untilNext() const
{
    if (m_failures > 0)
        return std::min<milliseconds>(longestRetry, firstRetry * (1 << std::min(m_failures - 1, 10)));
    const milliseconds every = m_options.host.push_every;
    const milliseconds pause = std::min(settle, every / 2);
    return every - (m_options.clock->utcNow().time_since_epoch() - pause) % every;
}

void HostPusher::start()
{
    // Soon, because of what was missed while we were away.
    m_timer.start(m_options.once ? 0ms : m_options.clock->timerDelay(std::min(settle, untilNext())));
}

void HostPusher::push()
{
    auto reader = m_options.open();
    if (!reader)
        return ended(reader.error());
    m_reader = std::move(reader).value();
    m_push = std::make_unique<HostPush>(HostPush::Options{.host = m_options.host,
                                                          .sync = m_options.sync,
                                                          .full = m_options.full,
                                                          .known = knownDigest(m_options.data_dir, m_options.host),
                                                          .now = [clock = m_options.clock] { return clock->utcNow(); }},
                                        *m_reader, *m_stop);
    // Queued, because it takes the push away that tells it.
    connect(m_push.get(), &HostPush::ended, this, &HostPusher::ended, Qt::QueuedConnection);
    m_push->start();
}

void HostPusher::ended(const Result<sync::PushReport> &result)
{
    PushOutcome outcome{.host = m_options.host.name,
                        .result = result,
                        .at = m_options.clock->utcNow(),
                        .bytes_sent = m_push ? m_push->sentBytes() : 0};
    m_push.reset();
    m_reader.reset();
    if (result) {
        if (const Status kept = keepReceipts(m_options.data_dir, m_options.host, *result, outcome.at); !kept)
            outcome.result = kept.error();
    }
    // A single file that is not well delays nothing; a host that does not answer is left alone for longer.
    m_failures = outcome.result ? 0 : m_failures + 1;
    if (!m_options.once) {
        QString trouble = outcome.result ? QString() : outcome.result.error().message;
        for (const sync::SyncReport::Row &row : result ? result->files : std::vector<sync::SyncReport::Row>()) {
            if (!row.file.isGood() && trouble.isEmpty())
                trouble = row.folder + u'/' + row.file.name + QStringLiteral(": ") +
                          sync::fileStateName(row.file.state) + QStringLiteral(": ") + row.file.note;
        }
        note(trouble);
        m_timer.start(m_options.clock->timerDelay(untilNext()));
    }
    Q_EMIT pushed(outcome);
}

// Once, not at every attempt.
void HostPusher::note(const QString &trouble)
{
    if (trouble == m_lastTrouble)
        return;
    m_lastTrouble = trouble;
    if (trouble.isEmpty())
        qCInfo(lcSync).noquote() << "push to" << m_options.host.name << "is well again";
    else
        qCWarning(lcSync).noquote() << "push to" << m_options.host.name << QStringLiteral("-") << trouble;
}

PushService::PushService(std::vector<HostPusher::Options> hosts, std::shared_ptr<std::atomic<bool>> stop)
    : m_hosts(std::move(hosts))
    , m_stop(std::move(stop))
{}

PushService::~PushService()
{
    *m_stop = true;
    for (const auto &thread : m_threads) {
        thread->quit();
        thread->wait();
    }
}

Status PushService::start()
{
    for (const HostPusher::Options &host : m_hosts) {
        auto thread = std::make_unique<QThread>();
        thread->setObjectName(QStringLiteral("push ") + host.host.name);
        auto *pusher = new HostPusher(host, m_stop);
        pusher->moveToThread(thread.get());
        connect(thread.get(), &QThread::started, pusher, &HostPusher::start);
        // In the thread itself, which waits for nothing else: what runs over there ends with it.
        connect(thread.get(), &QThread::finished, pusher, &QObject::deleteLater);
        connect(pusher, &HostPusher::pushed, this, &PushService::pushed, Qt::DirectConnection);
        connect(thread.get(), &QThread::finished, this, [this] {
            if (--m_running == 0)
                Q_EMIT stopped();
        });
        ++m_running;
        thread->start();
        m_threads.push_back(std::move(thread));
    }
    return ok();
}

void PushService::stop()
{
    *m_stop = true;
    for (const auto &thread : m_threads)
        thread->quit();
    if (m_running == 0)
        Q_EMIT stopped();
}

} // namespace tk::app
