// How fresh the data on a host is: the last candle of each feather file, as the file itself says. A file is read again
// only when it has changed, and not at all where a receipt of its last writing stands for it. Lives in one thread.
#pragma once

#include "base/clock.h"
#include "config/settings.h"
#include "remote/data_files.h"
#include "remote/host_channel.h"
#include "remote/host_receipts.h"

#include <QSet>

#include <deque>
#include <map>
#include <memory>

namespace tk::remote {

// Files of one timeframe and content in one folder.
struct FreshGroup
{
    Timeframe timeframe = Timeframe::M1;
    QString content{};
    int files = 0;
    int unread = 0;   // whose last candle is not known (yet)
    int ended = 0;    // of pairs that nobody collects: they may end, and are not judged
    UtcTime oldest{}; // of the last candles, by their open times; 0: none is known
    UtcTime newest{};
    QString oldest_file{};
    milliseconds lag{}; // since the oldest of them closed
    UtcTime written{};  // the newest change of a file, by the host's clock
    bool stale = false;
};

struct FolderReport
{
    QString folder{};
    QString trouble{}; // empty: it could be read
    int files = 0;     // feather files of every kind
    int other = 0;     // of them such as have no candles
    int from_receipts = 0;
    qint64 disk_free = -1;
    qint64 disk_total = -1;
    std::vector<FreshGroup> groups{};
    QStringList troubles{};        // of single files
    QList<HostReceipt> receipts{}; // of files that are still what they describe
};

struct FreshnessReport
{
    std::vector<FolderReport> folders{};
    std::optional<qint64> clock_offset{}; // ms by which the host's clock is ahead of ours
    milliseconds clock_uncertainty{};     // half of the round trip
    qint64 bytes_read = 0;                // of files, for this report
    int files_read = 0;
};

class Freshness final : public QObject
{
    Q_OBJECT
public:
    Freshness(HostChannel &channel, config::HostSettings settings, std::shared_ptr<const Clock> clock,
              QObject *parent = nullptr);

    // Pairs as files name them ("BTC_USDT_USDT"); nothing: nobody knows, and every file is judged.
    void setCollected(const std::optional<QSet<QString>> &pairs) { m_collected = pairs; }

    void look(); // ends in looked() or failed(); one at a time
    bool isLooking() const { return m_looking; }

Q_SIGNALS:
    void looked(const tk::remote::FreshnessReport &report);
    void failed(const tk::Error &error);

private:
    struct Known
    {
        RemoteFile file{};
        std::optional<UtcTime> last{};
        QString trouble{};
        bool receipt = false;
    };
    struct Reading // of one file: its end, its last batch's head, its column of dates
    {
        Wanted wanted{};
        int stage = 0;
        feather::LastBatch batch{};
        size_t column = 0;
        feather::ColumnPlace place{};
    };

    void list();
    void listed(const QHash<QString, PartAnswer> &parts);
    void readReceipts(std::vector<Wanted> receipts);
    void plan();
    void readNext();
    void take(Reading reading, const QByteArray &bytes);
    void settle(const Reading &reading, std::optional<UtcTime> last, const QString &trouble);
    void finish();
    void fail(const Error &error);
    static QString keyOf(const QString &folder, const QString &path) { return folder + u'\n' + path; }

    HostChannel &m_channel;
    config::HostSettings m_settings;
    std::shared_ptr<const Clock> m_clock;
    std::optional<QSet<QString>> m_collected;
    bool m_looking = false;
    FreshnessReport m_report;
    std::vector<Listing> m_listings;                        // one for each folder
    QHash<QString, Known> m_known;                          // by folder and path
    std::vector<QList<HostReceipt>> m_held;                 // one list for each folder
    std::map<QString, std::vector<ReceiptLine>> m_receipts; // by folder and receipts' path
    std::deque<Reading> m_readings;
};

} // namespace tk::remote
