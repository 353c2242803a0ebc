#include "sync/push_frame.h"

#include "base/printable.h"

#include <QList>
#include <QRegularExpression>
#include <QtEndian>

#include <cstring>

namespace tk::sync {

namespace {

constexpr qsizetype headLength = 5;
constexpr qsizetype mostNoise = 64 << 10; // of a login shell
const QByteArray helloWord = "TAPEKEEPER-PUSH ";

bool isKind(char kind)
{
    return kind != 0 && std::strchr("BPRNWFCDE", kind) != nullptr;
}

Error broken(const QString &what)
{
    return Error{Error::Kind::Parse, QStringLiteral("the conversation is out of step: %1").arg(what), true};
}

} // namespace

QByteArray encodeFrame(const Frame &frame)
{
    QByteArray bytes(headLength, Qt::Uninitialized);
    bytes[0] = char(frame.kind);
    qToLittleEndian(quint32(frame.payload.size()), bytes.data() + 1);
    return bytes + frame.payload;
}

Result<std::optional<Frame>> FrameReader::next()
{
    if (m_bytes.size() < headLength)
        return std::optional<Frame>();
    const auto length = qsizetype(qFromLittleEndian<quint32>(m_bytes.constData() + 1));
    if (!isKind(m_bytes[0]))
        return broken(QStringLiteral("no frame begins with the byte %1").arg(quint8(m_bytes[0])));
    if (length > mostPayload)
        return broken(QStringLiteral("a frame of %1 bytes").arg(length));
    if (m_bytes.size() < headLength + length)
        return std::optional<Frame>();
    Frame frame{FrameKind(m_bytes[0]), m_bytes.mid(headLength, length)};
    m_bytes.remove(0, headLength + length);
    return std::optional(std::move(frame));
}

QByteArray helloLine(const QString &version)
{
    return '\n' + helloWord + QByteArray::number(pushProtocol) + ' ' + version.toUtf8() + '\n';
}

namespace {

// At the begin of a line; or behind something that did not end its line (a terminal's title, `echo -n`), where what
// follows is a greeting through and through: a line of prose may have the word, too.
qsizetype greetingAt(const QByteArray &bytes)
{
    if (bytes.startsWith(helloWord))
        return 0;
    if (const qsizetype line = bytes.indexOf('\n' + helloWord); line >= 0)
        return line + 1;
    static const QRegularExpression whole(QStringLiteral("^[0-9]{1,4} [0-9][0-9A-Za-z.+~-]{0,40}$"));
    for (qsizetype at = bytes.indexOf(helloWord); at >= 0; at = bytes.indexOf(helloWord, at + 1)) {
        const qsizetype from = at + helloWord.size();
        const qsizetype end = bytes.indexOf('\n', from);
        if (end >= 0 && whole.match(QString::fromLatin1(bytes.mid(from, end - from))).hasMatch())
            return at;
    }
    return -1;
}

} // namespace

QString HelloReader::heard() const
{
    return printable(QString::fromUtf8(m_bytes.left(60)).simplified());
}

Result<std::optional<Hello>> HelloReader::feed(QByteArrayView bytes, QByteArray &rest)
{
    m_bytes.append(bytes);
    const qsizetype at = greetingAt(m_bytes);
    const qsizetype end = at < 0 ? -1 : m_bytes.indexOf('\n', at);
    if (end < 0) {
        if (m_bytes.size() > mostNoise)
            return broken(QStringLiteral("no tapekeeper has answered within %1 bytes, which begin with \"%2\"")
                              .arg(mostNoise)
                              .arg(heard()));
        return std::optional<Hello>();
    }
    const QList<QByteArray> words = m_bytes.mid(at, end - at).split(' ');
    bool good = false;
    const quint32 protocol = words.size() == 3 ? words[1].toUInt(&good) : 0;
    if (!good)
        return broken(
            QStringLiteral("no greeting: \"%1\"").arg(printable(QString::fromUtf8(m_bytes.mid(at, end - at)))));
    rest = m_bytes.mid(end + 1);
    return std::optional(Hello{protocol, QString::fromUtf8(words[2])});
}

} // namespace tk::sync
