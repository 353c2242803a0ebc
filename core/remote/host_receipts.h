// What the feather files of other hosts held when they were last written, and by whom: a file of receipts per host in
// the engine's data folder. Replaced as a whole; two programs may keep them at once. Any thread.
#pragma once

#include "base/result.h"
#include "base/time.h"

#include <QByteArray>
#include <QList>
#include <QString>
#include <QStringList>

#include <map>
#include <vector>

namespace tk::remote {

struct FreshnessReport;

struct HostReceipt
{
    enum class Way : quint8 { Push, Pull }; // from here, or by a `tapekeeper sync` over there

    QString folder{}; // freqtrade's datadir over there, as the configuration names it
    QString file{};   // below it
    qint64 rows = 0;
    UtcTime first{}; // open times
    UtcTime last{};
    qint64 bytes = 0;
    QByteArray sha256{}; // hexadecimal
    UtcTime received{};  // when this receipt first came, by the clock here
    Way way = Way::Push;

    // The same content, whenever and however it came.
    bool saysTheSame(const HostReceipt &other) const
    {
        return rows == other.rows && first == other.first && last == other.last && bytes == other.bytes &&
               sha256 == other.sha256;
    }
    bool operator==(const HostReceipt &) const = default;
};

QString wayName(HostReceipt::Way way); // "push", "pull"

class HostReceipts
{
public:
    // In `dataDir` of an engine: hosts/HOST.receipts. Names of hosts are words (config/load_host).
    static QString fileOf(const QString &dataDir, const QString &host);
    static QStringList hosts(const QString &dataDir); // of which there are receipts

    // Of a host of which nothing is known it is empty. Lines that do not hold are left out.
    static HostReceipts load(const QString &dataDir, const QString &host);

    // Takes up what came and saves it, under a lock, with what others have saved meanwhile. With `all`, receipts of
    // the folder that did not come are forgotten.
    static Status keep(const QString &dataDir, const QString &host, const QString &folder,
                       const QList<HostReceipt> &came, bool all);

    // The same with what a look at the host has found.
    static Status keep(const QString &dataDir, const QString &host, const FreshnessReport &look);

    std::vector<HostReceipt> in(const QString &folder) const; // sorted by file
    std::vector<HostReceipt> all() const;                     // sorted by folder and file

    // True where something was new.
    bool merge(const QString &folder, const QList<HostReceipt> &came, bool all);

    static QByteArray encode(const HostReceipts &receipts);
    static HostReceipts decode(const QByteArray &text);

private:
    std::map<std::pair<QString, QString>, HostReceipt> m_all; // by folder and file
};

} // namespace tk::remote
