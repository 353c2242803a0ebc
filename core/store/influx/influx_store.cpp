#include "store/influx/influx_store.h"

#include "base/logging.h"
#include "store/influx/influx_reader.h"

#include <QFileInfo>
#include <QMutex>
#include <QMutexLocker>

namespace tk::store::influx {

struct InfluxStore::Wake
{
    QMutex mutex;
    Sender *sender = nullptr;
    bool pending = false; // one look is enough for any number of appends

    void call()
    {
        const QMutexLocker lock(&mutex);
        if (!sender || std::exchange(pending, true))
            return;
        QMetaObject::invokeMethod(sender, &Sender::spoolGrew, Qt::QueuedConnection);
    }
};

InfluxStore::InfluxStore(Options options, SpoolParts parts, std::shared_ptr<std::atomic<bool>> damaged)
    : m_options(std::move(options))
    , m_parts(std::move(parts))
    , m_wake(std::make_shared<Wake>())
    , m_damaged(std::move(damaged))
{}

InfluxStore::~InfluxStore() = default;

QString InfluxStore::spoolFolderIn(const QString &dataDir)
{
    return dataDir + QStringLiteral("/spool");
}

QString InfluxStore::deadLettersIn(const QString &dataDir)
{
    return dataDir + QStringLiteral("/dead-letters");
}

Result<std::shared_ptr<InfluxStore>> InfluxStore::open(const Options &options, std::shared_ptr<const Clock> clock)
{
    auto index = std::make_shared<StoredIndex>();
    {
        // Read here, written later by the sender: one connection to the file at a time.
        auto file = IndexFile::open(IndexFile::fileIn(options.data_dir));
        if (!file)
            return file.error();
        const auto known = file->read();
        if (!known)
            return known.error();
        index->load(*known);
    }
    SpoolOptions spool_options{.folder = spoolFolderIn(options.data_dir),
                               .max_size = options.spool.max_size,
                               .keep_acknowledged = options.spool.keep_acknowledged,
                               .onEvicted = {},
                               .onDamage = {}};
    auto damaged = std::make_shared<std::atomic<bool>>(false);
    spool_options.onDamage = [damaged](const SpoolDamage &) { *damaged = true; };
    spool_options.onEvicted = [index, evicted = options.onEvicted](const std::vector<SpoolEntry> &entries) {
        for (const SpoolEntry &entry : entries) {
            index->gone(entry.lane, entry.lines);
            if (evicted)
                evicted(coveredSpans(entry.lane, entry.lines));
        }
    };
    auto spool = openSpool(std::move(spool_options));
    if (!spool)
        return spool.error();
    std::shared_ptr<Spool> shared = std::move(spool).value();
    // What was taken and not yet confirmed is on its way: nobody fetches it again.
    const SpoolFigures figures = shared->figures();
    for (const Lane lane : allLanes) {
        if (lane == Lane::Ticks)
            continue;
        for (quint64 at = figures.lanes[size_t(lane)].acknowledged_seq;;) {
            const auto entries = shared->read(lane, at, 1024 * 1024);
            if (!entries)
                return entries.error();
            if (entries->empty())
                break;
            for (const SpoolEntry &entry : *entries)
                index->taken(lane, entry.lines);
            at = entries->back().seq;
        }
    }
    SpoolParts parts{std::move(shared), std::move(index), std::make_shared<TicketBook>(), std::move(clock)};
    return std::shared_ptr<InfluxStore>(new InfluxStore(options, std::move(parts), std::move(damaged)));
}

bool InfluxStore::isWhole()
{
    return m_parts.spool->isWhole() && QFileInfo::exists(IndexFile::fileIn(m_options.data_dir));
}

Result<InfluxStore::Loss> InfluxStore::mend()
{
    const auto losses = m_parts.spool->mend();
    if (!losses)
        return losses.error();
    // The spool first: what is appended from here on is safe in it, and is confirmed whatever the index forgets now.
    Loss lost;
    for (const SpoolLoss &one : *losses) {
        const std::vector<StreamSpan> dropped = m_parts.index->dropUnconfirmed(one.lane);
        lost.fetched.insert(lost.fetched.end(), dropped.begin(), dropped.end());
        if (one.waiting_entries == 0 || one.lane == Lane::Candles)
            continue;
        // Ticks and predicted rates: from when on they waited is all that is known.
        for (const StreamKey &stream : m_parts.index->streams()) {
            const bool ticks = fieldOf(stream) == "payload";
            const bool of_lane = one.lane == Lane::Marks ? stream.kind == StreamKind::FundingRate : ticks;
            if (of_lane)
                lost.for_good.push_back({stream, {one.oldest_waiting, m_parts.clock->utcNow()}});
        }
    }
    const QMutexLocker lock(&m_wake->mutex);
    if (m_wake->sender)
        QMetaObject::invokeMethod(m_wake->sender, &Sender::filesGone, Qt::QueuedConnection);
    return lost;
}

std::vector<StreamSpan> InfluxStore::takePassedOver()
{
    std::vector<StreamSpan> lost;
    if (!m_damaged->load())
        return lost;
    const SpoolFigures figures = m_parts.spool->figures();
    if (toMs(figures.oldestWaiting()) != 0)
        return lost; // on its way still
    *m_damaged = false;
    for (const Lane lane : {Lane::Candles, Lane::Marks}) {
        const std::vector<StreamSpan> dropped = m_parts.index->dropUnconfirmed(lane);
        lost.insert(lost.end(), dropped.begin(), dropped.end());
    }
    return lost;
}

Result<std::unique_ptr<StoreWriter>> InfluxStore::openWriter()
{
    return std::unique_ptr<StoreWriter>(std::make_unique<SpoolWriter>(
        m_parts, [wake = m_wake] { wake->call(); },
        [dropped = m_options.onEvicted](const std::vector<StreamSpan> &spans) {
            if (dropped)
                dropped(spans);
        }));
}

Result<std::unique_ptr<StoreReader>> InfluxStore::openReader()
{
    return std::unique_ptr<StoreReader>(std::make_unique<InfluxReader>(
        m_options.settings, [clock = m_parts.clock] { return clock->utcNow(); }, m_interrupted.get()));
}

Result<std::shared_ptr<StoreIndex>> InfluxStore::openIndex()
{
    return std::shared_ptr<StoreIndex>(m_parts.index);
}

std::unique_ptr<Sender> InfluxStore::makeSender(std::function<void()> beat)
{
    auto sender = std::make_unique<Sender>(SenderOptions{.settings = m_options.settings,
                                                         .index_file = IndexFile::fileIn(m_options.data_dir),
                                                         .dead_letter_folder = deadLettersIn(m_options.data_dir)},
                                           m_parts, std::move(beat));
    const QMutexLocker lock(&m_wake->mutex);
    m_wake->sender = sender.get();
    QObject::connect(
        sender.get(), &QObject::destroyed, sender.get(),
        [wake = m_wake] {
            const QMutexLocker held(&wake->mutex);
            wake->sender = nullptr;
        },
        Qt::DirectConnection);
    sender->setLookStarted([wake = m_wake] {
        const QMutexLocker held(&wake->mutex);
        wake->pending = false;
    });
    return sender;
}

std::unique_ptr<Audit> InfluxStore::makeAudit(std::function<void()> beat)
{
    return std::make_unique<Audit>(AuditOptions{.settings = m_options.settings, .recent_every = m_options.audit_every},
                                   m_parts, m_interrupted, std::move(beat), [wake = m_wake] { wake->call(); });
}

} // namespace tk::store::influx
