// A spool in a folder of its own, what it told, and lines to put in: line N of a lane is recognised wherever it turns
// up.
#pragma once

#include "store/spool/spool.h"

#include <QDir>
#include <QDirIterator>
#include <QFile>
#include <QTemporaryDir>
#include <QTest>

#include <memory>

namespace tk::test {

using store::Lane;

inline const UtcTime spoolStart = fromMs(1'795'000'000'000);

// "candles n=12 xxxx\n"
inline QByteArray spoolLine(Lane lane, int number, int size = 100)
{
    const auto name = store::laneName(lane);
    QByteArray line = QByteArray(name.data(), qsizetype(name.size())) + " n=" + QByteArray::number(number) + ' ';
    return line.leftJustified(size - 1, 'x') + '\n';
}

inline std::vector<int> numbersIn(const QByteArray &lines)
{
    std::vector<int> numbers;
    for (const QByteArray &line : lines.split('\n')) {
        if (!line.isEmpty())
            numbers.push_back(line.split(' ').value(1).mid(2).toInt());
    }
    return numbers;
}

inline std::vector<int> numbersIn(const std::vector<store::SpoolEntry> &entries)
{
    std::vector<int> numbers;
    for (const store::SpoolEntry &entry : entries) {
        for (const int number : numbersIn(entry.lines))
            numbers.push_back(number);
    }
    return numbers;
}

inline std::vector<int> countUp(int first, int last)
{
    std::vector<int> numbers;
    for (int i = first; i <= last; ++i)
        numbers.push_back(i);
    return numbers;
}

class SpoolRig
{
public:
    SpoolRig() { options.folder = dir.filePath(QStringLiteral("spool")); }

    bool open()
    {
        spool.reset();
        options.onEvicted = [this](const auto &entries) {
            evicted.insert(evicted.end(), entries.begin(), entries.end());
        };
        options.onDamage = [this](const store::SpoolDamage &one) { damage.push_back(one); };
        auto opened = store::openSpool(options);
        if (!opened) {
            qWarning("%s", qPrintable(opened.error().message));
            return false;
        }
        spool = std::move(opened).value();
        return true;
    }

    Result<quint64> tryAppend(Lane lane, const QByteArray &lines, UtcTime taken = spoolStart)
    {
        store::PerLane<QByteArray> all;
        all[size_t(lane)] = lines;
        const auto done = spool->append(all, taken);
        if (!done)
            return done.error();
        return (*done)[size_t(lane)];
    }
    quint64 append(Lane lane, const QByteArray &lines, UtcTime taken = spoolStart)
    {
        const auto done = tryAppend(lane, lines, taken);
        if (!done)
            qWarning("%s", qPrintable(done.error().message));
        return done ? *done : 0;
    }
    // Entries of one line each, with these numbers.
    void fill(Lane lane, int first, int last, int size = 100, UtcTime taken = spoolStart)
    {
        for (int i = first; i <= last; ++i)
            append(lane, spoolLine(lane, i, size), taken);
    }

    std::vector<store::SpoolEntry> readAll(Lane lane, quint64 after = 0, qint64 portion = 1 << 20)
    {
        std::vector<store::SpoolEntry> all;
        while (true) {
            const auto some = spool->read(lane, after, portion);
            if (!some || some->empty())
                return all;
            all.insert(all.end(), some->begin(), some->end());
            after = some->back().seq;
        }
    }
    std::vector<int> numbers(Lane lane, quint64 after = 0) { return numbersIn(readAll(lane, after)); }

    QString laneFolder(Lane lane) const
    {
        const auto name = store::laneName(lane);
        return options.folder + u'/' + QString::fromLatin1(name.data(), qsizetype(name.size()));
    }
    QStringList segments(Lane lane) const
    {
        QStringList files;
        for (const QString &name : QDir(laneFolder(lane)).entryList(QDir::Files, QDir::Name))
            files.append(laneFolder(lane) + u'/' + name);
        return files;
    }
    QString positionFile() const { return options.folder + QStringLiteral("/positions"); }
    qint64 sizeOfFiles() const
    {
        qint64 size = 0;
        QDirIterator files(options.folder, QDir::Files, QDirIterator::Subdirectories);
        while (files.hasNext()) {
            files.next();
            size += files.fileInfo().size();
        }
        return size;
    }
    store::SpoolFigures::OfLane figures(Lane lane) const { return spool->figures().lanes[size_t(lane)]; }

    QTemporaryDir dir;
    store::SpoolOptions options;
    std::vector<store::SpoolEntry> evicted;
    std::vector<store::SpoolDamage> damage;
    std::unique_ptr<store::Spool> spool;
};

inline QByteArray contentOf(const QString &name)
{
    QFile file(name);
    return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
}

inline bool setContent(const QString &name, const QByteArray &bytes)
{
    QFile file(name);
    return file.open(QIODevice::WriteOnly) && file.write(bytes) == bytes.size();
}

} // namespace tk::test
