// RFC 6455 on the wire: frames in and out, and the handshake texts. Pure: no socket, no clock. The product's client and
// the exchange simulator share it. Why not QWebSocket: it cannot tell the status of a refused upgrade, refuses text
// whose characters are split over fragments, shows no pings, and costs twice as much per frame (docs/architecture.md).
#pragma once

#include "base/result.h"

#include <QByteArray>
#include <QByteArrayView>
#include <QUrl>

#include <array>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace tk::net {

enum class Opcode : quint8 { Continuation = 0, Text = 1, Binary = 2, Close = 8, Ping = 9, Pong = 10 };

struct WsMessage
{
    Opcode opcode = Opcode::Text; // never Continuation: fragments are joined
    std::string_view payload;     // valid until the next call on the reader; 64 readable bytes follow it (simdjson)
};

// Turns received bytes into messages, without copying whole unfragmented server frames.
class WsReader
{
public:
    enum class Role { Client, Server }; // a client refuses masked frames, a server unmasked ones

    explicit WsReader(Role role, size_t maxMessageBytes = size_t(16) << 20);

    // Room for `size` more bytes; write there, then commit() what was written.
    char *reserve(size_t size);
    void commit(size_t size);
    void append(QByteArrayView bytes);

    // The next complete message; nothing when more bytes are needed. An error is a protocol violation: close with
    // closeCode() and give up the connection.
    Result<std::optional<WsMessage>> next();

    quint16 closeCode() const { return m_closeCode; }
    size_t buffered() const { return m_end - m_begin; }

private:
    struct Header
    {
        Opcode opcode = Opcode::Text;
        bool final = true;
        bool masked = false;
        size_t size = 2; // of the header itself
        quint64 length = 0;
        std::array<char, 4> mask{};
    };

    Error violation(quint16 code, const QString &what);
    Result<std::optional<Header>> header();
    std::optional<WsMessage> joined(const Header &header, std::string_view payload);

    Role m_role;
    size_t m_maxMessageBytes;
    std::vector<char> m_buffer;
    size_t m_begin = 0; // of what is not yet parsed
    size_t m_end = 0;   // of what was received
    std::vector<char> m_fragments;
    size_t m_fragmentBytes = 0;
    Opcode m_fragmentOpcode = Opcode::Continuation; // Continuation: no fragmented message is under way
    quint16 m_closeCode = 1002;
    std::optional<Error> m_failure; // a violation stays: nothing after it can be trusted
};

// One whole frame. Clients mask with `mask` (RFC 6455 §5.3), servers send none.
QByteArray encodeFrame(Opcode opcode, QByteArrayView payload, std::optional<quint32> mask, bool final = true);

// Payload of a close frame, and its reading: code 1005 when there is none.
QByteArray closePayload(quint16 code, QByteArrayView reason);
std::pair<quint16, QByteArray> readClosePayload(std::string_view payload);

// The client's upgrade request, and the Sec-WebSocket-Accept that answers its key (base64 of 16 random bytes).
QByteArray upgradeRequest(const QUrl &url, const QByteArray &key, const QByteArray &userAgent);
QByteArray acceptKey(const QByteArray &key);

} // namespace tk::net
