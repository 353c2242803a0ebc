#include "net/websocket_codec.h"

#include <QCryptographicHash>
#include <QtEndian>

#include <algorithm>
#include <cstring>

namespace tk::net {

namespace {

constexpr size_t padding = 64; // readable bytes behind every payload: what simdjson needs
constexpr size_t maxControlPayload = 125;

bool isControl(Opcode opcode)
{
    return (quint8(opcode) & 8) != 0;
}

bool isKnown(quint8 opcode)
{
    return opcode <= 2 || (opcode >= 8 && opcode <= 10);
}

// Eight bytes at a time; `data` starts at the first byte of the payload, so the mask needs no turning.
void applyMask(char *data, size_t size, std::array<char, 4> mask)
{
    quint64 wide = 0;
    std::memcpy(&wide, mask.data(), 4);
    std::memcpy(reinterpret_cast<char *>(&wide) + 4, mask.data(), 4);
    size_t i = 0;
    for (; i + 8 <= size; i += 8) {
        quint64 word = 0;
        std::memcpy(&word, data + i, 8);
        word ^= wide;
        std::memcpy(data + i, &word, 8);
    }
    for (; i < size; ++i)
        data[i] = char(data[i] ^ mask[i % 4]);
}

} // namespace

WsReader::WsReader(Role role, size_t maxMessageBytes)
    : m_role(role)
    , m_maxMessageBytes(maxMessageBytes)
{}

char *WsReader::reserve(size_t size)
{
    if (m_begin == m_end)
        m_begin = m_end = 0;
    const size_t held = m_end - m_begin;
    if (m_end + size + padding > m_buffer.size()) {
        // Moving only when at least as much was consumed as is moved keeps the cost per byte constant.
        if (m_begin >= held && held + size + padding <= m_buffer.size()) {
            std::memmove(m_buffer.data(), m_buffer.data() + m_begin, held);
            m_begin = 0;
            m_end = held;
        } else {
            std::vector<char> larger(std::max(m_buffer.size() * 2, held + size + padding));
            if (held > 0)
                std::memcpy(larger.data(), m_buffer.data() + m_begin, held);
            m_buffer.swap(larger);
            m_begin = 0;
            m_end = held;
        }
    }
    return m_buffer.data() + m_end;
}

void WsReader::commit(size_t size)
{
    Q_ASSERT(m_end + size + padding <= m_buffer.size());
    m_end += size;
}

void WsReader::append(QByteArrayView bytes)
{
    if (bytes.isEmpty())
        return;
    std::memcpy(reserve(size_t(bytes.size())), bytes.data(), size_t(bytes.size()));
    commit(size_t(bytes.size()));
}

Error WsReader::violation(quint16 code, const QString &what)
{
    m_closeCode = code;
    m_failure = Error{Error::Kind::Parse, QStringLiteral("websocket protocol violated by the peer: ") + what, true};
    return *m_failure;
}

Result<std::optional<WsReader::Header>> WsReader::header()
{
    const size_t held = m_end - m_begin;
    if (held < 2)
        return std::optional<Header>();
    const char *bytes = m_buffer.data() + m_begin;
    const quint8 first = quint8(bytes[0]);
    const quint8 second = quint8(bytes[1]);
    Header head;
    if ((first & 0x70) != 0)
        return violation(1002, QStringLiteral("reserved bits are set"));
    if (!isKnown(first & 0x0f))
        return violation(1002, QStringLiteral("reserved opcode %1").arg(first & 0x0f));
    head.opcode = Opcode(first & 0x0f);
    head.final = (first & 0x80) != 0;
    head.masked = (second & 0x80) != 0;
    head.length = second & 0x7f;
    if (isControl(head.opcode) && (!head.final || head.length > maxControlPayload))
        return violation(1002, QStringLiteral("a control frame is fragmented or longer than 125 bytes"));
    if (head.masked != (m_role == Role::Server))
        return violation(1002, head.masked ? QStringLiteral("a server's frame is masked")
                                           : QStringLiteral("a client's frame is not masked"));
    if (head.length == 126) {
        if (held < 4)
            return std::optional<Header>();
        head.length = qFromBigEndian<quint16>(bytes + 2);
        head.size = 4;
        if (head.length < 126)
            return violation(1002, QStringLiteral("a length is not in its shortest form"));
    } else if (head.length == 127) {
        if (held < 10)
            return std::optional<Header>();
        head.length = qFromBigEndian<quint64>(bytes + 2);
        head.size = 10;
        if (head.length <= 0xffff || (head.length >> 63) != 0)
            return violation(1002, QStringLiteral("a length is not in its shortest form"));
    }
    if (!isControl(head.opcode)) {
        const bool underWay = m_fragmentOpcode != Opcode::Continuation;
        if ((head.opcode == Opcode::Continuation) != underWay)
            return violation(1002, underWay ? QStringLiteral("a new message starts inside a fragmented one")
                                            : QStringLiteral("a continuation without a beginning"));
        // Refused by the header, before any of the payload is held.
        if (head.length > m_maxMessageBytes || m_fragmentBytes > m_maxMessageBytes - head.length)
            return violation(1009, QStringLiteral("a message of more than %1 bytes").arg(m_maxMessageBytes));
    }
    if (head.masked) {
        if (held < head.size + 4)
            return std::optional<Header>();
        std::memcpy(head.mask.data(), bytes + head.size, 4);
        head.size += 4;
    }
    return std::optional<Header>(head);
}

std::optional<WsMessage> WsReader::joined(const Header &header, std::string_view payload)
{
    if (header.opcode != Opcode::Continuation)
        m_fragmentOpcode = header.opcode;
    const size_t needed = m_fragmentBytes + payload.size() + padding;
    if (needed > m_fragments.size())
        m_fragments.resize(std::max(needed, m_fragments.size() * 2));
    if (!payload.empty())
        std::memcpy(m_fragments.data() + m_fragmentBytes, payload.data(), payload.size());
    m_fragmentBytes += payload.size();
    if (!header.final)
        return {};
    const WsMessage message{m_fragmentOpcode, std::string_view(m_fragments.data(), m_fragmentBytes)};
    m_fragmentOpcode = Opcode::Continuation;
    m_fragmentBytes = 0;
    return message;
}

Result<std::optional<WsMessage>> WsReader::next()
{
    while (!m_failure) {
        const Result<std::optional<Header>> parsed = header();
        if (!parsed)
            return parsed.error();
        if (!parsed->has_value())
            return std::optional<WsMessage>();
        const Header &head = **parsed;
        if (m_end - m_begin - head.size < head.length)
            return std::optional<WsMessage>();
        char *payload = m_buffer.data() + m_begin + head.size;
        m_begin += head.size + size_t(head.length);
        if (head.masked)
            applyMask(payload, size_t(head.length), head.mask);
        const std::string_view view(payload, size_t(head.length));
        if (isControl(head.opcode) || (head.final && head.opcode != Opcode::Continuation))
            return std::optional<WsMessage>(WsMessage{head.opcode, view});
        if (const std::optional<WsMessage> message = joined(head, view))
            return message;
    }
    return *m_failure;
}

QByteArray encodeFrame(Opcode opcode, QByteArrayView payload, std::optional<quint32> mask, bool final)
{
    std::array<char, 14> head{};
    size_t size = 2;
    const quint64 length = quint64(payload.size());
    head[0] = char((final ? 0x80 : 0) | quint8(opcode));
    if (length < 126) {
        head[1] = char(length);
    } else if (length <= 0xffff) {
        head[1] = 126;
        qToBigEndian(quint16(length), head.data() + 2);
        size = 4;
    } else {
        head[1] = 127;
        qToBigEndian(length, head.data() + 2);
        size = 10;
    }
    std::array<char, 4> maskBytes{};
    if (mask) {
        head[1] = char(quint8(head[1]) | 0x80);
        qToBigEndian(*mask, maskBytes.data());
        std::memcpy(head.data() + size, maskBytes.data(), 4);
        size += 4;
    }
    QByteArray frame(qsizetype(size) + payload.size(), Qt::Uninitialized);
    std::memcpy(frame.data(), head.data(), size);
    if (!payload.isEmpty())
        std::memcpy(frame.data() + size, payload.data(), size_t(payload.size()));
    if (mask)
        applyMask(frame.data() + size, size_t(payload.size()), maskBytes);
    return frame;
}

QByteArray closePayload(quint16 code, QByteArrayView reason)
{
    QByteArray payload(2, Qt::Uninitialized);
    qToBigEndian(code, payload.data());
    payload.append(reason.first(std::min<qsizetype>(reason.size(), qsizetype(maxControlPayload) - 2)));
    return payload;
}

std::pair<quint16, QByteArray> readClosePayload(std::string_view payload)
{
    if (payload.size() < 2)
        return {1005, {}};
    return {qFromBigEndian<quint16>(payload.data()), QByteArray(payload.data() + 2, qsizetype(payload.size()) - 2)};
}

QByteArray upgradeRequest(const QUrl &url, const QByteArray &key, const QByteArray &userAgent)
{
    QByteArray target = url.path(QUrl::FullyEncoded).toLatin1();
    if (target.isEmpty())
        target = "/";
    if (url.hasQuery())
        target += '?' + url.query(QUrl::FullyEncoded).toLatin1();
    QByteArray host = url.host(QUrl::FullyEncoded).toLatin1();
    if (host.contains(':'))
        host = '[' + host + ']'; // an IPv6 address
    const bool secure = url.scheme() == QLatin1String("wss") || url.scheme() == QLatin1String("https");
    if (const int port = url.port(); port > 0 && port != (secure ? 443 : 80))
        host += ':' + QByteArray::number(port);
    return "GET " + target + " HTTP/1.1\r\nHost: " + host +
           "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: " + key +
           "\r\nSec-WebSocket-Version: 13\r\nUser-Agent: " + userAgent + "\r\n\r\n";
}

QByteArray acceptKey(const QByteArray &key)
{
    return QCryptographicHash::hash(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11", QCryptographicHash::Sha1).toBase64();
}

} // namespace tk::net
