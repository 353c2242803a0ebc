// Frames in and out, whole and in pieces, good and bad.
#include "net/websocket_codec.h"
#include "support/test_registry.h"

#include <QTest>

namespace tk::net {

namespace {

QByteArray textOf(const WsMessage &message)
{
    return QByteArray(message.payload.data(), qsizetype(message.payload.size()));
}

// Everything `bytes` hold; a protocol error ends the list with "!CODE".
QList<QByteArray> readAll(WsReader &reader, QByteArrayView bytes, qsizetype piece)
{
    QList<QByteArray> found;
    for (qsizetype at = 0; at < bytes.size(); at += piece) {
        reader.append(bytes.sliced(at, std::min(piece, bytes.size() - at)));
        while (true) {
            const Result<std::optional<WsMessage>> next = reader.next();
            if (!next) {
                found << '!' + QByteArray::number(reader.closeCode());
                return found;
            }
            if (!next->has_value())
                break;
            found << QByteArray::number(int((**next).opcode)) + ':' + textOf(**next);
        }
    }
    return found;
}

} // namespace

class TestWebsocketCodec : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void readsWhatItWrote_data();
    void readsWhatItWrote();
    void joinsFragmentsSplitInsideACharacter();
    void deliversControlFramesBetweenFragments();
    void leavesReadableBytesBehindThePayload();
    void doesNotCopyWholeServerFrames();
    void refusesViolations_data();
    void refusesViolations();
    void refusesTooLargeByTheHeaderAlone();
    void refusesTooLargeInSum();
    void staysRefused();
    void holdsNoMoreThanItMust();
    void readsClosePayloads();
    void writesTheUpgradeRequest();
    void answersTheKeyOfTheStandard();
};

void TestWebsocketCodec::readsWhatItWrote_data()
{
    QTest::addColumn<int>("size");
    QTest::addColumn<int>("piece");
    QTest::addColumn<bool>("masked");
    for (const bool masked : {false, true}) {
        for (const int size : {0, 1, 7, 8, 125, 126, 127, 65535, 65536}) {
            for (const int piece : {1, 3, 1024, 1 << 20})
                QTest::addRow("%d bytes in pieces of %d, %s", size, piece, masked ? "masked" : "plain")
                    << size << piece << masked;
        }
        QTest::addRow("1 MB, %s", masked ? "masked" : "plain") << (1 << 20) << 1460 << masked;
    }
}

void TestWebsocketCodec::readsWhatItWrote()
{
    QFETCH(int, size);
    QFETCH(int, piece);
    QFETCH(bool, masked);
    QByteArray payload(size, Qt::Uninitialized);
    for (int i = 0; i < size; ++i)
        payload[i] = char(i * 31 + i / 251);
    const std::optional<quint32> mask = masked ? std::optional<quint32>(0x9a3b7c01) : std::nullopt;
    QByteArray bytes;
    for (int i = 0; i < 3; ++i)
        bytes += encodeFrame(Opcode::Binary, payload, mask);
    bytes += encodeFrame(Opcode::Ping, "p", mask);
    WsReader reader(masked ? WsReader::Role::Server : WsReader::Role::Client);
    const QByteArray whole = "2:" + payload;
    QCOMPARE(readAll(reader, bytes, piece), (QList<QByteArray>{whole, whole, whole, "9:p"}));
    QCOMPARE(reader.buffered(), size_t(0));
}

void TestWebsocketCodec::joinsFragmentsSplitInsideACharacter()
{
    const QByteArray text = QStringLiteral("币安人生USDT 龙虾 €").toUtf8();
    for (const auto role : {WsReader::Role::Client, WsReader::Role::Server}) {
        const std::optional<quint32> mask = role == WsReader::Role::Server ? std::optional<quint32>(77) : std::nullopt;
        for (qsizetype cut = 0; cut <= text.size(); ++cut) {
            WsReader reader(role);
            const QByteArray bytes = encodeFrame(Opcode::Text, text.left(cut), mask, false) +
                                     encodeFrame(Opcode::Continuation, {}, mask, false) +
                                     encodeFrame(Opcode::Continuation, text.mid(cut), mask, true) +
                                     encodeFrame(Opcode::Text, "after", mask);
            QCOMPARE(readAll(reader, bytes, 1), (QList<QByteArray>{"1:" + text, "1:after"}));
        }
    }
}

void TestWebsocketCodec::deliversControlFramesBetweenFragments()
{
    WsReader reader(WsReader::Role::Client);
    const QByteArray bytes =
        encodeFrame(Opcode::Text, "a", {}, false) + encodeFrame(Opcode::Ping, "1795168800000", {}) +
        encodeFrame(Opcode::Continuation, "b", {}, true) + encodeFrame(Opcode::Close, closePayload(1001, "bye"), {});
    QCOMPARE(readAll(reader, bytes, 1000), (QList<QByteArray>{"9:1795168800000", "1:ab",
                                                              QByteArray("8:\x03\xe9"
                                                                         "bye")}));
}

void TestWebsocketCodec::leavesReadableBytesBehindThePayload()
{
    // The address sanitizer watches this one: simdjson reads up to 64 bytes beyond the text.
    for (const bool fragmented : {false, true}) {
        WsReader reader(WsReader::Role::Client);
        if (fragmented) {
            reader.append(encodeFrame(Opcode::Text, QByteArray(500, 'x'), {}, false));
            reader.append(encodeFrame(Opcode::Continuation, QByteArray(500, 'y'), {}, true));
        } else {
            reader.append(encodeFrame(Opcode::Text, QByteArray(1000, 'x'), {}));
        }
        const Result<std::optional<WsMessage>> message = reader.next();
        QVERIFY(message && message->has_value());
        const std::string_view payload = (**message).payload;
        QCOMPARE(payload.size(), size_t(1000));
        int sum = 0;
        for (int i = 0; i < 64; ++i)
            sum += payload.data()[payload.size() + size_t(i)];
        QVERIFY(sum >= -128 * 64);
    }
}

void TestWebsocketCodec::doesNotCopyWholeServerFrames()
{
    WsReader reader(WsReader::Role::Client);
    const QByteArray frame = encodeFrame(Opcode::Text, QByteArray(300, 'x'), {});
    char *room = reader.reserve(4096);
    memcpy(room, frame.data(), size_t(frame.size()));
    reader.commit(size_t(frame.size()));
    const Result<std::optional<WsMessage>> message = reader.next();
    QVERIFY(message && message->has_value());
    QCOMPARE(static_cast<const void *>((**message).payload.data()), static_cast<const void *>(room + 4));
}

void TestWebsocketCodec::refusesViolations_data()
{
    QTest::addColumn<QByteArray>("bytes");
    QTest::addColumn<bool>("server");
    const QByteArray good = encodeFrame(Opcode::Text, "x", {});
    const auto withFirst = [&](quint8 first) {
        QByteArray bytes = good;
        bytes[0] = char(first);
        return bytes;
    };
    QTest::newRow("rsv1, as permessage-deflate would set") << withFirst(0xc1) << false;
    QTest::newRow("rsv2") << withFirst(0xa1) << false;
    QTest::newRow("rsv3") << withFirst(0x91) << false;
    for (const quint8 opcode : {3, 4, 5, 6, 7, 11, 12, 13, 14, 15})
        QTest::addRow("reserved opcode %d", opcode) << withFirst(quint8(0x80 | opcode)) << false;
    QTest::newRow("fragmented ping") << encodeFrame(Opcode::Ping, "x", {}, false) << false;
    QTest::newRow("ping of 126 bytes") << encodeFrame(Opcode::Ping, QByteArray(126, 'x'), {}) << false;
    QTest::newRow("masked by a server") << encodeFrame(Opcode::Text, "x", 1) << false;
    QTest::newRow("not masked by a client") << good << true;
    QTest::newRow("continuation of nothing") << encodeFrame(Opcode::Continuation, "x", {}) << false;
    QTest::newRow("text inside a fragmented text")
        << encodeFrame(Opcode::Text, "x", {}, false) + encodeFrame(Opcode::Text, "y", {}) << false;
    QTest::newRow("16 bit length that needs 7") << QByteArray("\x81\x7e\x00\x05hello", 9) << false;
    QTest::newRow("64 bit length that needs 16") << QByteArray("\x81\x7f\0\0\0\0\0\0\xff\xff", 10) << false;
    QTest::newRow("64 bit length with the top bit")
        << QByteArray("\x81\x7f\xff\xff\xff\xff\xff\xff\xff\xff", 10) << false;
}

void TestWebsocketCodec::refusesViolations()
{
    QFETCH(QByteArray, bytes);
    QFETCH(bool, server);
    for (const qsizetype piece : {1, 1000}) {
        WsReader reader(server ? WsReader::Role::Server : WsReader::Role::Client);
        QCOMPARE(readAll(reader, bytes, piece), (QList<QByteArray>{"!1002"}));
    }
}

void TestWebsocketCodec::refusesTooLargeByTheHeaderAlone()
{
    WsReader reader(WsReader::Role::Client, 1 << 20);
    const QByteArray head = encodeFrame(Opcode::Text, QByteArray((1 << 20) + 1, 'x'), {}).left(10);
    QCOMPARE(readAll(reader, head, 1), (QList<QByteArray>{"!1009"}));
}

void TestWebsocketCodec::refusesTooLargeInSum()
{
    WsReader reader(WsReader::Role::Client, 1000);
    const QByteArray bytes = encodeFrame(Opcode::Text, QByteArray(600, 'x'), {}, false) +
                             encodeFrame(Opcode::Continuation, QByteArray(401, 'x'), {}, true);
    QCOMPARE(readAll(reader, bytes, 7), (QList<QByteArray>{"!1009"}));
}

void TestWebsocketCodec::staysRefused()
{
    WsReader reader(WsReader::Role::Client);
    reader.append(encodeFrame(Opcode::Continuation, "x", {}));
    QVERIFY(!reader.next());
    reader.append(encodeFrame(Opcode::Text, "x", {}));
    QVERIFY(!reader.next());
}

void TestWebsocketCodec::holdsNoMoreThanItMust()
{
    // A day of frames through a reader that never becomes empty must not grow the buffer: the room it hands out stays
    // within one small allocation.
    WsReader reader(WsReader::Role::Client);
    const QByteArray frame = encodeFrame(Opcode::Text, QByteArray(343, 'x'), {});
    reader.append(QByteArrayView(frame).first(100));
    const char *lowest = nullptr;
    const char *highest = nullptr;
    for (int i = 0; i < 20'000; ++i) {
        reader.append(QByteArrayView(frame).sliced(100));
        reader.append(QByteArrayView(frame).first(100));
        const Result<std::optional<WsMessage>> message = reader.next();
        QVERIFY(message && message->has_value());
        const char *at = (**message).payload.data();
        if (i < 10)
            lowest = highest = at;
        lowest = std::min(lowest, at);
        highest = std::max(highest, at);
    }
    QVERIFY(highest - lowest < 4096);
}

void TestWebsocketCodec::readsClosePayloads()
{
    QCOMPARE(readClosePayload({}).first, quint16(1005));
    QCOMPARE(readClosePayload("x").first, quint16(1005));
    const QByteArray payload = closePayload(1008, QByteArray(200, 'r'));
    QCOMPARE(payload.size(), 125);
    const auto [code, reason] = readClosePayload(std::string_view(payload.data(), size_t(payload.size())));
    QCOMPARE(code, quint16(1008));
    QCOMPARE(reason, QByteArray(123, 'r'));
}

void TestWebsocketCodec::writesTheUpgradeRequest()
{
    QCOMPARE(upgradeRequest(QUrl(QStringLiteral("ws://127.0.0.1:4711/market/stream?streams=a@b/c@d")), "KEY", "tk/1"),
             QByteArray("GET /market/stream?streams=a@b/c@d HTTP/1.1\r\nHost: 127.0.0.1:4711\r\nUpgrade: websocket\r\n"
                        "Connection: Upgrade\r\nSec-WebSocket-Key: KEY\r\nSec-WebSocket-Version: 13\r\nUser-Agent: "
                        "tk/1\r\n\r\n"));
    QVERIFY(upgradeRequest(QUrl(QStringLiteral("wss://[::1]:443")), "K", "u")
                .startsWith("GET / HTTP/1.1\r\nHost: [::1]\r\n"));
    QVERIFY(upgradeRequest(QUrl(QStringLiteral("ws://h/ws/币安人生usdt@kline_1m")), "K", "u")
                .startsWith("GET /ws/%E5%B8%81%E5%AE%89%E4%BA%BA%E7%94%9Fusdt@kline_1m HTTP"));
}

void TestWebsocketCodec::answersTheKeyOfTheStandard()
{
    QCOMPARE(acceptKey("dGhlIHNhbXBsZSBub25jZQ=="), QByteArray("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")); // RFC 6455 §1.3
}

TK_TEST(TestWebsocketCodec, websocket_codec);

} // namespace tk::net

#include "tst_websocket_codec.moc"
