#include "remote/data_files.h"

#include "remote/ssh_command.h"

#include <QRegularExpression>

namespace tk::remote {

QString receiptsName()
{
    return QStringLiteral(".tapekeeper-sync.receipts");
}

std::optional<DataFileName> parseDataFileName(const QString &path)
{
    static const QRegularExpression form(
        QStringLiteral("^([A-Za-z0-9_]+|[^/-]+)-([0-9]+(?:m|h|d|w|Mo))(?:-([a-z_]+))?\\.feather$"));
    const auto match = form.match(path.section(u'/', -1));
    if (!match.hasMatch())
        return {};
    QString length = match.captured(2);
    if (length.endsWith(QLatin1String("Mo")))
        length = length.chopped(2) + u'M';
    const auto timeframe = timeframeFromName(length.toStdString());
    if (!timeframe)
        return {};
    const QString content = match.captured(3);
    return DataFileName{match.captured(1), *timeframe, content.isEmpty() ? QStringLiteral("spot") : content};
}

QString shellFolder(const QString &folder)
{
    if (folder == QLatin1String("~") || folder == QLatin1String("~/"))
        return QStringLiteral("\"$HOME\"");
    if (folder.startsWith(QLatin1String("~/")))
        return QStringLiteral("\"$HOME\"/") + shellQuoted(folder.mid(2));
    return shellQuoted(folder);
}

void addListing(Script &script, int number, const QString &folder)
{
    const QString quoted = shellFolder(folder);
    script.part(
        QStringLiteral("files-%1").arg(number),
        QStringLiteral("[ -d %1 ] && [ -r %1 ] && find -L %1 -type f \\( -name '*.feather' -o -name '%2' \\) -printf "
                       "'%i\\t%s\\t%T@\\t%P\\n' 2>/dev/null")
            .arg(quoted, receiptsName()));
    script.part(QStringLiteral("disk-%1").arg(number), QStringLiteral("df -Pk -- %1 2>/dev/null").arg(quoted));
}

Listing readListing(int number, const QHash<QString, PartAnswer> &parts)
{
    Listing listing;
    const PartAnswer files = parts.value(QStringLiteral("files-%1").arg(number));
    listing.readable = files.code == 0;
    for (const QByteArray &line : files.out.split('\n')) {
        const QList<QByteArray> fields = line.split('\t');
        if (fields.size() != 4 || fields[3].isEmpty())
            continue;
        // "1795167410.1234567890": digits behind the nanoseconds are always 0.
        const QList<QByteArray> time = fields[2].split('.');
        const qint64 fraction = time.size() > 1 ? time[1].leftJustified(9, '0').left(9).toLongLong() : 0;
        listing.files.push_back({QString::fromUtf8(fields[3]), fields[0].toULongLong(), fields[1].toLongLong(),
                                 time[0].toLongLong() * 1'000'000'000 + fraction});
    }
    const QList<QByteArray> lines = parts.value(QStringLiteral("disk-%1").arg(number)).out.trimmed().split('\n');
    const QList<QByteArray> words = lines.back().simplified().split(' ');
    bool good = false;
    bool goodTotal = false;
    if (words.size() >= 6) {
        const qint64 total = words[1].toLongLong(&goodTotal);
        const qint64 free = words[3].toLongLong(&good);
        if (good && goodTotal) {
            listing.disk_total = total * 1024;
            listing.disk_free = free * 1024;
        }
    }
    return listing;
}

void addPieces(Script &script, const std::vector<Wanted> &pieces)
{
    QString commands =
        QStringLiteral("tkp() { stat -L -c %i -- \"$1\" 2>/dev/null || echo 0; tail -c \"+$2\" -- \"$1\" "
                       "2>/dev/null | head -c \"$3\" | base64 -w0; echo; }\n");
    for (const Wanted &wanted : pieces)
        commands += QStringLiteral("tkp %1/%2 %3 %4\n")
                        .arg(shellFolder(wanted.folder), shellQuoted(wanted.file.path))
                        .arg(wanted.piece.offset + 1)
                        .arg(wanted.piece.length);
    script.part(QStringLiteral("pieces"), commands);
}

std::vector<QByteArray> readPieces(const std::vector<Wanted> &pieces, const QHash<QString, PartAnswer> &parts)
{
    const QList<QByteArray> lines = parts.value(QStringLiteral("pieces")).out.split('\n');
    std::vector<QByteArray> found;
    for (size_t i = 0; i < pieces.size(); ++i) {
        const qsizetype at = qsizetype(2 * i);
        QByteArray &bytes = found.emplace_back();
        if (at + 1 >= lines.size() || lines[at].toULongLong() != pieces[i].file.inode)
            continue;
        bytes = QByteArray::fromBase64(lines[at + 1]);
        if (bytes.size() != pieces[i].piece.length)
            bytes.clear();
    }
    return found;
}

std::vector<ReceiptLine> parseReceipts(const QByteArray &text)
{
    std::vector<ReceiptLine> receipts;
    // Another host may run another version. The fields that are read here stand in the same places in both that there
    // are; of a later one the files tell themselves.
    if (!text.startsWith("# tapekeeper sync receipts 1:") && !text.startsWith("# tapekeeper sync receipts 2:"))
        return receipts;
    for (const QByteArray &line : text.split('\n')) {
        const QList<QByteArray> fields = line.split('\t');
        if (fields.size() < 8 || line.startsWith('#'))
            continue;
        receipts.push_back(
            {{QString::fromUtf8(fields[0]), fields[6].toULongLong(), fields[5].toLongLong(), fields[7].toLongLong()},
             fields[1].toLongLong(),
             fromMs(fields[2].toLongLong()),
             fromMs(fields[3].toLongLong()),
             fields[4]});
    }
    return receipts;
}

} // namespace tk::remote
