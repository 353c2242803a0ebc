#include "sync/receipts.h"

#include <QFileInfo>

#include <algorithm>

namespace tk::sync {

namespace {

const QByteArray header = "# tapekeeper sync receipts 2: name, rows, first, last, sha256, size, inode, mtime ns, store "
                          "first, store last, reread from, compared, own last, sampled from (times in ms)\n";
constexpr qsizetype fieldCount = 14;
constexpr qint64 mostBytes = 64 << 20; // a quarter of a million files

} // namespace

QString Receipts::fileIn(const QString &folder)
{
    return folder + QStringLiteral("/.tapekeeper-sync.receipts");
}

Receipts Receipts::load(const QString &folder)
{
    Receipts receipts;
    const auto file = loadFile(fileIn(folder), mostBytes);
    if (!file)
        return receipts;
    for (const Receipt &receipt : decode(file->bytes))
        receipts.put(receipt);
    return receipts;
}

Status Receipts::save(const QString &folder) const
{
    const QString name = fileIn(folder);
    const auto stamp = stampOf(name);
    if (!stamp)
        return stamp.error();
    FileSwap swap(folder);
    if (const Status staged = swap.stage(QFileInfo(name).fileName(), encode(sorted()), *stamp); !staged)
        return staged.error();
    for (const FileSwap::Outcome &outcome : swap.commit()) {
        if (outcome.error)
            return *outcome.error;
    }
    return ok();
}

const Receipt *Receipts::find(const QString &name) const
{
    const auto found = m_all.constFind(name);
    return found == m_all.constEnd() ? nullptr : &*found;
}

std::vector<Receipt> Receipts::sorted() const
{
    std::vector<Receipt> all(m_all.cbegin(), m_all.cend());
    std::ranges::sort(all, {}, &Receipt::name);
    return all;
}

QByteArray Receipts::encode(const std::vector<Receipt> &receipts)
{
    QByteArray text = header;
    const auto number = [&](auto value) {
        text += '\t';
        text += QByteArray::number(value);
    };
    const auto time = [&](UtcTime value) { number(qint64(toMs(value))); };
    for (const Receipt &one : receipts) {
        text += one.name.toUtf8();
        number(one.rows);
        time(one.first);
        time(one.last);
        text += '\t' + one.sha256;
        number(one.stamp.size);
        number(one.stamp.inode);
        number(one.stamp.mtime);
        time(one.store_first);
        time(one.store_last);
        time(one.reread_from);
        time(one.compared);
        time(one.own_last);
        time(one.sampled_from);
        text += '\n';
    }
    return text;
}

std::vector<Receipt> Receipts::decode(const QByteArray &text)
{
    std::vector<Receipt> receipts;
    if (!text.startsWith(header))
        return receipts;
    const QByteArray lines = text.mid(header.size());
    for (const QByteArray &line : lines.split('\n')) {
        const QList<QByteArray> fields = line.split('\t');
        if (fields.size() != fieldCount)
            continue;
        bool good = true;
        const auto number = [&](qsizetype index) {
            bool isNumber = false;
            const qint64 value = fields[index].toLongLong(&isNumber);
            good &= isNumber;
            return value;
        };
        const auto time = [&](qsizetype index) { return fromMs(number(index)); };
        Receipt receipt{.name = QString::fromUtf8(fields[0]),
                        .rows = number(1),
                        .first = time(2),
                        .last = time(3),
                        .sha256 = fields[4],
                        .stamp = {.inode = quint64(number(6)), .size = number(5), .mtime = number(7)},
                        .store_first = time(8),
                        .store_last = time(9),
                        .reread_from = time(10),
                        .compared = time(11),
                        .own_last = time(12),
                        .sampled_from = time(13)};
        if (good && receipt.sha256.size() == 64 && !receipt.name.isEmpty())
            receipts.push_back(receipt);
    }
    return receipts;
}

} // namespace tk::sync
