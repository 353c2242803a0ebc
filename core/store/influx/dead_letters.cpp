#include "store/influx/dead_letters.h"

#include "base/logging.h"
#include "base/regular_file.h"

#include <QDir>
#include <QFile>
#include <QJsonDocument>
#include <QJsonObject>
#include <QStringDecoder>
#include <QUrl>

#include <cerrno>
#include <fcntl.h>

namespace tk::store {

namespace {

const QString suffix = QStringLiteral(".jsonl");

QDate dayOf(UtcTime time)
{
    return QDateTime::fromMSecsSinceEpoch(toMs(time), Qt::UTC).date();
}

// User, password and query may be secrets, and the file is made to be shown around.
QString withoutSecrets(const QString &sink)
{
    const QUrl url(sink);
    if (url.scheme().isEmpty() || url.host().isEmpty())
        return sink.section(u'?', 0, 0).section(u'@', -1);
    return url.toString(QUrl::RemoveUserInfo | QUrl::RemoveQuery | QUrl::RemoveFragment);
}

// Text, where it comes back from JSON as the same bytes.
std::optional<QString> asText(const QByteArray &bytes)
{
    QStringDecoder decoder(QStringDecoder::Utf8, QStringDecoder::Flag::Stateless);
    const QString text = decoder(bytes);
    if (decoder.hasError() || text.toUtf8() != bytes)
        return std::nullopt;
    return text;
}

QByteArray encode(const DeadLetter &letter, bool withReason)
{
    QJsonObject object{{QStringLiteral("time"), isoText(letter.time, true)},
                       {QStringLiteral("sink"), withoutSecrets(letter.sink)},
                       {QStringLiteral("database"), letter.database},
                       {QStringLiteral("precision"), letter.precision},
                       {QStringLiteral("status"), letter.status},
                       {QStringLiteral("attempts"), letter.attempts}};
    if (withReason)
        object.insert(QStringLiteral("reason"), letter.reason);
    if (const auto text = asText(letter.line))
        object.insert(QStringLiteral("line"), *text);
    else
        object.insert(QStringLiteral("line_base64"), QString::fromLatin1(letter.line.toBase64()));
    return QJsonDocument(object).toJson(QJsonDocument::Compact) + '\n';
}

std::optional<DeadLetter> decode(const QByteArray &bytes)
{
    const QJsonObject object = QJsonDocument::fromJson(bytes).object();
    const QJsonValue text = object.value(QStringLiteral("line"));
    const QJsonValue base64 = object.value(QStringLiteral("line_base64"));
    const auto time = parseUtcTime(object.value(QStringLiteral("time")).toString());
    if (!time || (!text.isString() && !base64.isString()))
        return std::nullopt;
    DeadLetter letter;
    letter.time = *time;
    letter.sink = object.value(QStringLiteral("sink")).toString();
    letter.database = object.value(QStringLiteral("database")).toString();
    letter.precision = object.value(QStringLiteral("precision")).toString();
    letter.status = object.value(QStringLiteral("status")).toInt();
    letter.reason = object.value(QStringLiteral("reason")).toString();
    letter.attempts = object.value(QStringLiteral("attempts")).toInt();
    if (text.isString()) {
        letter.line = text.toString().toUtf8();
    } else {
        const auto decoded =
            QByteArray::fromBase64Encoding(base64.toString().toLatin1(), QByteArray::AbortOnBase64DecodingErrors);
        if (!decoded)
            return std::nullopt;
        letter.line = *decoded;
    }
    return letter;
}

} // namespace

Status DeadLetters::write(const std::vector<DeadLetter> &letters)
{
    // A run of letters of one day is one write and one sync.
    for (size_t i = 0; i < letters.size();) {
        const QDate day = dayOf(letters[i].time);
        if (Status opened = openDay(day); !opened)
            return opened;
        QByteArray bytes;
        qint64 count = 0;
        for (; i < letters.size() && dayOf(letters[i].time) == day; ++i, ++count) {
            if (m_ofDay + count == m_options.full_per_day)
                qCWarning(lcStore).noquote()
                    << QStringLiteral("dead letters: %1 has %2 already, the rest of the day goes without the server's "
                                      "text: see why the database refuses so much")
                           .arg(m_name)
                           .arg(m_options.full_per_day);
            bytes += encode(letters[i], m_ofDay + count < m_options.full_per_day);
        }
        int error = m_file.write(bytes.constData(), bytes.size(), m_end);
        if (!error)
            error = m_file.sync();
        if (error) {
            m_file.truncate(m_end);
            m_file.close(); // the next attempt looks at what is really there
            return fileError(QStringLiteral("write the dead letters"), m_name, error);
        }
        m_end += bytes.size();
        m_ofDay += count;
        m_written += count;
    }
    return ok();
}

Status DeadLetters::openDay(QDate day)
{
    if (m_file.isOpen() && day == m_day)
        return ok();
    m_file.close();
    if (const int error = createFolder(m_options.folder))
        return fileError(QStringLiteral("create the folder of the dead letters"), m_options.folder, error);
    m_day = day;
    m_name = m_options.folder + u'/' + day.toString(Qt::ISODate) + suffix;
    PosixFile file;
    int error = file.open(m_name, O_RDWR | O_CREAT);
    if (!error)
        error = syncFolder(m_options.folder);
    if (error)
        return fileError(QStringLiteral("open the dead letters"), m_name, error);
    // Count what is there. A torn last line is ended, so that what follows is whole; the reader will report it.
    qint64 end = 0;
    qint64 lines = 0;
    QByteArray buffer(1 << 16, Qt::Uninitialized);
    char last = '\n';
    while (true) {
        const qint64 got = file.read(buffer.data(), buffer.size(), end);
        if (got < 0)
            return fileError(QStringLiteral("read the dead letters"), m_name, int(-got));
        if (got == 0)
            break;
        lines += std::count(buffer.cbegin(), buffer.cbegin() + got, '\n');
        last = buffer[got - 1];
        end += got;
    }
    if (last != '\n') {
        error = file.write("\n", 1, end);
        if (error)
            return fileError(QStringLiteral("write the dead letters"), m_name, error);
        ++end;
        ++lines;
    }
    m_file = std::move(file);
    m_end = end;
    m_ofDay = lines;
    return ok();
}

Status DeadLetters::removeOld(UtcTime now)
{
    const QDate oldest = dayOf(now - m_options.keep);
    for (const QString &name : QDir(m_options.folder).entryList(QDir::Files)) {
        if (!name.endsWith(suffix))
            continue;
        const QDate day = QDate::fromString(name.chopped(suffix.size()), Qt::ISODate);
        if (!day.isValid() || day >= oldest)
            continue;
        QFile file(m_options.folder + u'/' + name);
        if (!file.remove())
            return Error{Error::Kind::Storage,
                         QStringLiteral("cannot remove %1: %2").arg(file.fileName(), file.errorString()), true};
        if (day == m_day)
            m_file.close();
    }
    return ok();
}

std::optional<DeadLetter> readDeadLetter(const QByteArray &line)
{
    return decode(line);
}

Result<std::vector<DeadLetter>> readDeadLetters(const QString &file, QStringList *damage)
{
    QFile from;
    const int descriptor = openRegular(file, O_RDONLY, Links::Follow);
    if (descriptor < 0 || !from.open(descriptor, QIODevice::ReadOnly, QFile::AutoCloseHandle))
        return Error{Error::Kind::Storage, QStringLiteral("cannot read the dead letters %1: %2")
                                               .arg(file, fileErrorText(descriptor < 0 ? -descriptor : EIO))};
    std::vector<DeadLetter> letters;
    for (int number = 1; !from.atEnd(); ++number) {
        QByteArray line = from.readLine();
        const bool torn = !line.endsWith('\n');
        if (!torn)
            line.chop(1);
        std::optional<DeadLetter> letter = decode(line);
        if (letter)
            letters.push_back(std::move(*letter));
        else if (damage)
            damage->append(
                (torn ? QStringLiteral("line %1: torn") : QStringLiteral("line %1: no dead letter")).arg(number));
    }
    if (from.error() != QFileDevice::NoError)
        return Error{Error::Kind::Storage,
                     QStringLiteral("cannot read the dead letters %1: %2").arg(file, from.errorString()), true};
    return letters;
}

} // namespace tk::store
