// What the last run left in a folder: a line per file with its rows, its last time and its checksum. Proves what was
// written, and spares the next run the reading of files that nobody has touched. Losing it costs reading, never data.
#pragma once

#include "base/time.h"
#include "sync/file_swap.h"

#include <QHash>

namespace tk::sync {

struct Receipt
{
    QString name;
    qint64 rows = 0;
    UtcTime first{};
    UtcTime last{};
    QByteArray sha256;     // of the file, hexadecimal
    FileStamp stamp;       // inode, size and mtime
    UtcTime store_first{}; // the store's oldest record then: an older one that appears is to be written, too
    UtcTime store_last{};  // the newest that went into the file; the file's own last row may be somebody else's
    UtcTime reread_from{}; // from here on the store is compared with the file when there is news
    UtcTime compared{};    // when all of the store was compared with it
    // Of mark candles: the newest hour that was read from the exchange then, and the first row that is made of samples
    // and waits for the exchange's own. 0: none.
    UtcTime own_last{};
    UtcTime sampled_from{};
};

class Receipts
{
public:
    static QString fileIn(const QString &folder); // ".tapekeeper-sync.receipts"

    // Lines that do not hold are left out: their files are read again.
    static Receipts load(const QString &folder);
    Status save(const QString &folder) const; // replaced as a whole, durably

    const Receipt *find(const QString &name) const;
    void put(const Receipt &receipt) { m_all.insert(receipt.name, receipt); }
    void forget(const QString &name) { m_all.remove(name); }
    std::vector<Receipt> sorted() const;

    static QByteArray encode(const std::vector<Receipt> &receipts);
    static std::vector<Receipt> decode(const QByteArray &text);

private:
    QHash<QString, Receipt> m_all;
};

} // namespace tk::sync
