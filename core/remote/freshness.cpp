#include "remote/freshness.h"

#include "feather/date_unit.h"

#include <algorithm>

namespace tk::remote {

using namespace std::chrono_literals;

namespace {

constexpr milliseconds listWithin = 15s;
constexpr milliseconds readWithin = 30s;
constexpr qint64 bytesAtOnce = 4 << 20; // of one command: the units of the host wait behind it
constexpr size_t piecesAtOnce = 100;
constexpr qint64 bytesPerLook = 64 << 20; // what is beyond is read at the next look

std::optional<UtcTime> timeOf(const feather::Field &field, qint64 value)
{
    const auto unit =
        field.kind == feather::Kind::Timestamp ? field.unit : feather::plausibleUnit(value); // numbers say none
    if (!unit)
        return {};
    const qint64 perSecond = feather::unitsPerSecond(*unit);
    const qint64 ms = perSecond >= 1'000 ? value / (perSecond / 1'000) : value * 1'000;
    return fromMs(ms);
}

} // namespace

Freshness::Freshness(HostChannel &channel, config::HostSettings settings, std::shared_ptr<const Clock> clock,
                     QObject *parent)
    : QObject(parent)
    , m_channel(channel)
    , m_settings(std::move(settings))
    , m_clock(std::move(clock))
{}

void Freshness::fail(const Error &error)
{
    m_looking = false;
    m_readings.clear();
    Q_EMIT failed(error);
}

void Freshness::look()
{
    if (m_looking)
        return;
    m_looking = true;
    m_report = {};
    // Alone, so that the time between question and answer is short; once the connection stands.
    m_channel.whenOpen(this, [this](const Status &status) {
        if (!status)
            return fail(status.error());
        Script script;
        script.part(QStringLiteral("clock"), QStringLiteral("date +%s%N"));
        const UtcTime asked = m_clock->utcNow();
        m_channel.run(script, listWithin, this, [this, asked](const HostChannel::Answer &answer) {
            if (!answer)
                return fail(answer.error());
            const UtcTime now = m_clock->utcNow();
            bool good = false;
            const qint64 ns = answer->value(QStringLiteral("clock")).out.trimmed().toLongLong(&good);
            if (good) {
                m_report.clock_uncertainty = (now - asked) / 2;
                m_report.clock_offset = ns / 1'000'000 - toMs(asked) - m_report.clock_uncertainty.count();
            }
            list();
        });
    });
}

void Freshness::list()
{
    m_listings.clear();
    if (m_settings.data.isEmpty())
        return finish();
    Script script;
    for (int i = 0; i < int(m_settings.data.size()); ++i)
        addListing(script, i, m_settings.data[i]);
    m_channel.run(script, listWithin, this, [this](const HostChannel::Answer &answer) {
        if (!answer)
            return fail(answer.error());
        listed(*answer);
    });
}

void Freshness::listed(const QHash<QString, PartAnswer> &parts)
{
    std::vector<Wanted> receipts;
    QHash<QString, Known> still;
    for (int i = 0; i < int(m_settings.data.size()); ++i) {
        const QString &folder = m_settings.data[i];
        m_listings.push_back(readListing(i, parts));
        for (const RemoteFile &file : m_listings.back().files) {
            const QString key = keyOf(folder, file.path);
            const auto known = m_known.constFind(key);
            const bool same = known != m_known.constEnd() && known->file.sameAs(file);
            if (same)
                still.insert(key, *known);
            if (file.path.section(u'/', -1) != receiptsName() || same)
                continue;
            receipts.push_back({folder, file, {0, std::min(file.size, bytesAtOnce)}});
            still.insert(key, {file, {}, {}, false});
        }
    }
    m_known = std::move(still); // what is gone is forgotten
    std::erase_if(m_receipts, [this](const auto &entry) { return !m_known.contains(entry.first); });
    readReceipts(std::move(receipts));
}

void Freshness::readReceipts(std::vector<Wanted> receipts)
{
    if (receipts.empty())
        return plan();
    Script script;
    addPieces(script, receipts);
    m_channel.run(script, readWithin, this, [this, receipts](const HostChannel::Answer &answer) {
        if (!answer)
            return fail(answer.error());
        const std::vector<QByteArray> texts = readPieces(receipts, *answer);
        for (size_t i = 0; i < receipts.size(); ++i)
            m_receipts[keyOf(receipts[i].folder, receipts[i].file.path)] = parseReceipts(texts[i]);
        plan();
    });
}

void Freshness::plan()
{
    m_readings.clear();
    m_held.assign(m_listings.size(), {});
    const UtcTime now = m_clock->utcNow();
    for (size_t i = 0; i < m_listings.size(); ++i) {
        const QString folder = m_settings.data[qsizetype(i)];
        // Receipts name the files beside them.
        QHash<QString, const ReceiptLine *> receipts;
        for (const RemoteFile &file : m_listings[i].files) {
            if (file.path.section(u'/', -1) != receiptsName())
                continue;
            const auto lines = m_receipts.find(keyOf(folder, file.path));
            if (lines == m_receipts.end())
                continue;
            const QString beside = file.path.chopped(receiptsName().size());
            for (const ReceiptLine &line : lines->second)
                receipts.insert(beside + line.file.path, &line);
        }
        for (const RemoteFile &file : m_listings[i].files) {
            const QString key = keyOf(folder, file.path);
            const ReceiptLine *receipt = receipts.value(file.path);
            const bool holds = receipt && receipt->file.inode == file.inode && receipt->file.size == file.size &&
                               receipt->file.mtime == file.mtime;
            if (holds)
                m_held[i].push_back({.folder = folder,
                                     .file = file.path,
                                     .rows = receipt->rows,
                                     .first = receipt->first,
                                     .last = receipt->last,
                                     .bytes = file.size,
                                     .sha256 = receipt->sha256,
                                     .received = now,
                                     .way = HostReceipt::Way::Pull});
            if (!parseDataFileName(file.path) || m_known.contains(key))
                continue;
            if (holds) {
                m_known.insert(key, {file, receipt->last, {}, true});
                continue;
            }
            const qint64 length = std::min(file.size, feather::endingLength);
            m_readings.push_back({.wanted = {folder, file, {file.size - length, length}}});
        }
    }
    readNext();
}

// A file goes through all of its stages before the next ones begin, several at a time.
void Freshness::readNext()
{
    if (m_readings.empty() || m_report.bytes_read >= bytesPerLook)
        return finish();
    std::vector<Reading> now;
    std::vector<Wanted> pieces;
    qint64 bytes = 0;
    while (!m_readings.empty() && now.size() < piecesAtOnce && (now.empty() || bytes < bytesAtOnce)) {
        bytes += m_readings.front().wanted.piece.length;
        pieces.push_back(m_readings.front().wanted);
        now.push_back(std::move(m_readings.front()));
        m_readings.pop_front();
    }
    m_report.bytes_read += bytes;
    Script script;
    addPieces(script, pieces);
    m_channel.run(script, readWithin, this, [this, now, pieces](const HostChannel::Answer &answer) {
        if (!answer)
            return fail(answer.error());
        const std::vector<QByteArray> read = readPieces(pieces, *answer);
        for (size_t i = now.size(); i-- > 0;) // backwards: they go to the front, in their order
            take(now[i], read[i]);
        readNext();
    });
}

void Freshness::take(Reading reading, const QByteArray &bytes)
{
    if (bytes.isEmpty())
        return; // replaced or removed since the listing: the next look sees it
    const auto next = [&](const feather::Piece &piece) {
        if (piece.offset < 0 || piece.length <= 0 || piece.length > bytesAtOnce)
            return settle(reading, {}, QStringLiteral("its last batch is too large"));
        reading.wanted.piece = piece;
        ++reading.stage;
        m_readings.push_front(reading);
    };
    switch (reading.stage) {
    case 0: {
        auto batch = feather::lastBatch(bytes, reading.wanted.file.size);
        if (!batch)
            return settle(reading, {}, batch.error().message);
        reading.batch = std::move(batch).value();
        const auto &fields = reading.batch.schema.fields;
        const auto date = std::ranges::find_if(fields, [](const feather::Field &field) {
            return field.name == "date" && field.kind != feather::Kind::Double;
        });
        if (date == fields.end())
            return settle(reading, {}, QStringLiteral("it has no column \"date\""));
        if (reading.batch.head.length == 0)
            return settle(reading, {}, QStringLiteral("it has no rows"));
        reading.column = size_t(date - fields.begin());
        return next(reading.batch.head);
    }
    case 1: {
        const auto place = feather::columnPlace(reading.batch, bytes, reading.column);
        if (!place)
            return settle(reading, {}, place.error().message);
        if (place->rows == 0)
            return settle(reading, {}, QStringLiteral("it has no rows"));
        reading.place = *place;
        return next(place->piece);
    }
    default: {
        const auto last = feather::lastInteger(reading.place, bytes);
        if (!last)
            return settle(reading, {}, last.error().message);
        ++m_report.files_read;
        return settle(reading, timeOf(reading.batch.schema.fields[reading.column], *last), {});
    }
    }
}

void Freshness::settle(const Reading &reading, std::optional<UtcTime> last, const QString &trouble)
{
    m_known.insert(keyOf(reading.wanted.folder, reading.wanted.file.path), {reading.wanted.file, last, trouble, false});
}

void Freshness::finish()
{
    const UtcTime now = m_clock->utcNow();
    for (size_t i = 0; i < m_listings.size(); ++i) {
        const Listing &listing = m_listings[i];
        FolderReport folder{.folder = m_settings.data[qsizetype(i)]};
        folder.disk_free = listing.disk_free;
        folder.disk_total = listing.disk_total;
        folder.receipts = m_held[i];
        if (!listing.readable)
            folder.trouble = QStringLiteral("there is no such folder, or it may not be read");
        for (const RemoteFile &file : listing.files) {
            if (file.path.section(u'/', -1) == receiptsName())
                continue;
            ++folder.files;
            const auto name = parseDataFileName(file.path);
            if (!name) {
                ++folder.other;
                continue;
            }
            auto group = std::ranges::find_if(folder.groups, [&](const FreshGroup &one) {
                return one.timeframe == name->timeframe && one.content == name->content;
            });
            if (group == folder.groups.end())
                group = folder.groups.insert(group, {.timeframe = name->timeframe, .content = name->content});
            ++group->files;
            group->written = std::max(group->written, fromMs(file.mtime / 1'000'000));
            const Known known = m_known.value(keyOf(folder.folder, file.path));
            if (!known.trouble.isEmpty())
                folder.troubles.append(file.path + QStringLiteral(": ") + known.trouble);
            folder.from_receipts += known.receipt ? 1 : 0;
            if (m_collected && !m_collected->contains(name->pair)) {
                ++group->ended;
                continue;
            }
            if (!known.last) {
                ++group->unread;
                continue;
            }
            if (toMs(group->oldest) == 0 || *known.last < group->oldest) {
                group->oldest = *known.last;
                group->oldest_file = file.path;
            }
            group->newest = std::max(group->newest, *known.last);
        }
        for (FreshGroup &group : folder.groups) {
            if (toMs(group.oldest) == 0)
                continue;
            const bool isRate = group.content == QLatin1String("funding_rate"); // a row is a moment, not a span
            const UtcTime closed = isRate ? group.oldest : nextCandleOpen(group.timeframe, group.oldest);
            // Funding is settled every eight hours at the latest, whatever the name of the file says.
            const milliseconds every = isRate ? milliseconds(8h) : nominalLength(group.timeframe);
            group.lag = std::max(milliseconds(0), now - closed);
            group.stale = group.lag > every + m_settings.stale_after;
        }
        std::ranges::sort(folder.groups, [](const FreshGroup &a, const FreshGroup &b) {
            return std::pair(a.timeframe, a.content) < std::pair(b.timeframe, b.content);
        });
        m_report.folders.push_back(std::move(folder));
    }
    m_looking = false;
    Q_EMIT looked(m_report);
}

} // namespace tk::remote
