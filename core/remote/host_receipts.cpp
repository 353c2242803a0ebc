#include "remote/host_receipts.h"

#include "base/private_folder.h"
#include "base/regular_file.h"
#include "remote/freshness.h"

#include <QDir>
#include <QLockFile>
#include <QSaveFile>

#include <algorithm>

namespace tk::remote {

namespace {

const QByteArray header = "# tapekeeper host receipts 1: folder, file, rows, first, last, bytes, sha256, received, way "
                          "(times in ms)\n";
constexpr qsizetype fieldCount = 9;
constexpr qint64 mostBytes = 64 << 20;
constexpr int lockWithin = 5'000; // ms

QString folderOf(const QString &dataDir)
{
    return QDir(dataDir).filePath(QStringLiteral("hosts"));
}

bool isField(const QString &text)
{
    return !text.isEmpty() && std::ranges::none_of(text, [](QChar c) { return c.unicode() < 0x20; });
}

} // namespace

QString wayName(HostReceipt::Way way)
{
    return way == HostReceipt::Way::Push ? QStringLiteral("push") : QStringLiteral("pull");
}

QString HostReceipts::fileOf(const QString &dataDir, const QString &host)
{
    QString word = host; // a target may stand for a name: "user@host:22"
    word.replace(u'/', u'_');
    return folderOf(dataDir) + u'/' + word + QStringLiteral(".receipts");
}

QStringList HostReceipts::hosts(const QString &dataDir)
{
    QStringList names = QDir(folderOf(dataDir)).entryList({QStringLiteral("*.receipts")}, QDir::Files, QDir::Name);
    for (QString &name : names)
        name.chop(qsizetype(sizeof(".receipts") - 1));
    return names;
}

HostReceipts HostReceipts::load(const QString &dataDir, const QString &host)
{
    const auto file = readSmallFile(fileOf(dataDir, host), mostBytes);
    return file ? decode(file->bytes) : HostReceipts();
}

Status HostReceipts::keep(const QString &dataDir, const QString &host, const QString &folder,
                          const QList<HostReceipt> &came, bool all)
{
    const QString name = fileOf(dataDir, host);
    const auto error = [&](const QString &what) {
        return Error{Error::Kind::Storage, QStringLiteral("the receipts in %1 cannot be kept: %2").arg(name, what),
                     true};
    };
    if (!makePrivateFolder(folderOf(dataDir)))
        return error(QStringLiteral("their folder cannot be made"));
    QLockFile lock(name + QStringLiteral(".lock"));
    if (!lock.tryLock(lockWithin))
        return error(QStringLiteral("somebody else holds them"));
    HostReceipts receipts = load(dataDir, host);
    if (!receipts.merge(folder, came, all))
        return ok();
    QSaveFile file(name);
    const QByteArray text = encode(receipts);
    if (!file.open(QIODevice::WriteOnly) || file.write(text) != text.size() || !file.commit())
        return error(file.errorString());
    return ok();
}

Status HostReceipts::keep(const QString &dataDir, const QString &host, const FreshnessReport &look)
{
    for (const FolderReport &folder : look.folders) {
        const bool isThere = folder.trouble.isEmpty(); // else the disk may only be away
        if (!isThere)
            continue;
        if (Status kept = keep(dataDir, host, folder.folder, folder.receipts, true); !kept)
            return kept;
    }
    return ok();
}

bool HostReceipts::merge(const QString &folder, const QList<HostReceipt> &came, bool all)
{
    bool changed = false;
    std::map<std::pair<QString, QString>, HostReceipt> next = m_all;
    if (all)
        std::erase_if(next, [&](const auto &entry) { return entry.first.first == folder; });
    for (const HostReceipt &one : came) {
        if (!isField(folder) || !isField(one.file) || one.sha256.size() != 64)
            continue;
        HostReceipt receipt = one;
        receipt.folder = folder;
        const auto key = std::pair(folder, one.file);
        const auto before = m_all.find(key);
        // Who told it first is who wrote it: every look over there sees what a push has left.
        if (before != m_all.end() && before->second.saysTheSame(receipt))
            receipt = before->second;
        next[key] = receipt;
    }
    changed = next != m_all;
    m_all = std::move(next);
    return changed;
}

std::vector<HostReceipt> HostReceipts::in(const QString &folder) const
{
    std::vector<HostReceipt> found;
    for (const auto &[key, receipt] : m_all) {
        if (key.first == folder)
            found.push_back(receipt);
    }
    return found;
}

std::vector<HostReceipt> HostReceipts::all() const
{
    std::vector<HostReceipt> found;
    for (const auto &[key, receipt] : m_all)
        found.push_back(receipt);
    return found;
}

QByteArray HostReceipts::encode(const HostReceipts &receipts)
{
    QByteArray text = header;
    for (const auto &[key, one] : receipts.m_all) {
        const auto number = [](qint64 value) { return QByteArray::number(value); };
        const QByteArrayList fields{
            one.folder.toUtf8(),        one.file.toUtf8(), number(one.rows), number(toMs(one.first)),
            number(toMs(one.last)),     number(one.bytes), one.sha256,       number(toMs(one.received)),
            wayName(one.way).toLatin1()};
        text += fields.join('\t') + '\n';
    }
    return text;
}

HostReceipts HostReceipts::decode(const QByteArray &text)
{
    HostReceipts receipts;
    if (!text.startsWith(header))
        return receipts;
    for (const QByteArray &line : text.mid(header.size()).split('\n')) {
        const QList<QByteArray> fields = line.split('\t');
        if (fields.size() != fieldCount)
            continue;
        bool good = true;
        const auto number = [&](qsizetype index) {
            bool isNumber = false;
            const qint64 value = fields[index].toLongLong(&isNumber);
            good = good && isNumber;
            return value;
        };
        const HostReceipt receipt{.folder = QString::fromUtf8(fields[0]),
                                  .file = QString::fromUtf8(fields[1]),
                                  .rows = number(2),
                                  .first = fromMs(number(3)),
                                  .last = fromMs(number(4)),
                                  .bytes = number(5),
                                  .sha256 = fields[6],
                                  .received = fromMs(number(7)),
                                  .way = fields[8] == "pull" ? HostReceipt::Way::Pull : HostReceipt::Way::Push};
        if (good && receipt.sha256.size() == 64 && isField(receipt.folder) && isField(receipt.file))
            receipts.m_all[{receipt.folder, receipt.file}] = receipt;
    }
    return receipts;
}

} // namespace tk::remote
