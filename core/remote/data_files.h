// Feather files in folders of a remote host: listing them, and fetching pieces of them. Pure.
#pragma once

#include "feather/last_row.h"
#include "market/timeframe.h"
#include "remote/script.h"

#include <QStringList>

#include <optional>
#include <vector>

namespace tk::remote {

struct RemoteFile
{
    QString path{}; // below its folder
    quint64 inode = 0;
    qint64 size = 0;
    qint64 mtime = 0; // ns since 1970, by the host's clock

    bool sameAs(const RemoteFile &other) const
    {
        return path == other.path && inode == other.inode && size == other.size && mtime == other.mtime;
    }
};

// What freqtrade's names say: "BTC_USDT_USDT-3m-futures.feather". Nothing for trades and for others' files.
struct DataFileName
{
    QString pair{}; // "BTC_USDT_USDT"
    Timeframe timeframe = Timeframe::M1;
    QString content{}; // "spot", "futures", "mark", "funding_rate", "index", ...
};
std::optional<DataFileName> parseDataFileName(const QString &path);

// A folder for the shell; "~/" is the home folder over there.
QString shellFolder(const QString &folder);

// Parts "files-N" and "disk-N".
void addListing(Script &script, int number, const QString &folder);

struct Listing
{
    bool readable = false;
    std::vector<RemoteFile> files{}; // feather files, and receipts
    qint64 disk_free = -1;           // bytes; negative: unknown
    qint64 disk_total = -1;
};
Listing readListing(int number, const QHash<QString, PartAnswer> &parts);

struct Wanted
{
    QString folder{};
    RemoteFile file{};
    feather::Piece piece{};
};

// Part "pieces". An answer of another inode than the listing's is empty: the file has been replaced meanwhile.
void addPieces(Script &script, const std::vector<Wanted> &pieces);
std::vector<QByteArray> readPieces(const std::vector<Wanted> &pieces, const QHash<QString, PartAnswer> &parts);

// The receipts of `tapekeeper sync`: what a file that nobody has touched since ends with.
QString receiptsName();
struct ReceiptLine
{
    RemoteFile file{}; // its path is the bare name
    qint64 rows = 0;
    UtcTime first{};
    UtcTime last{};
    QByteArray sha256{}; // hexadecimal
};
std::vector<ReceiptLine> parseReceipts(const QByteArray &text);

} // namespace tk::remote
