#include "sync/push_message.h"

#include <QCryptographicHash>
#include <QDataStream>
#include <QIODevice>
#include <QRegularExpression>

#include <algorithm>
#include <cmath>

namespace tk::sync {

namespace {

constexpr qint64 latest = 9'000'000'000'000; // ms, in the year 2255: what nanoseconds can still say
constexpr qint64 longestSpan = qint64(100) * 366 * 86'400'000;
constexpr qsizetype longestNote = 4'000;
constexpr size_t bytesOfRow = 6 * 8;

using Stream = QDataStream;

void corrupt(Stream &in)
{
    in.setStatus(Stream::ReadCorruptData);
}

void put(Stream &out, UtcTime time)
{
    out << qint64(toMs(time));
}
void take(Stream &in, UtcTime &time)
{
    qint64 ms = 0;
    in >> ms;
    if (ms < 0 || ms > latest)
        return corrupt(in);
    time = fromMs(ms);
}

void put(Stream &out, milliseconds span)
{
    out << qint64(span.count());
}
void take(Stream &in, milliseconds &span)
{
    qint64 ms = 0;
    in >> ms;
    if (ms < 0 || ms > longestSpan)
        return corrupt(in);
    span = milliseconds(ms);
}

// Numbers of things: never below zero.
void take(Stream &in, qint64 &number)
{
    in >> number;
    if (number < 0)
        corrupt(in);
}

template <typename Enum>
void takeEnum(Stream &in, Enum &value, Enum last)
{
    quint8 number = 0;
    in >> number;
    if (number > quint8(last))
        return corrupt(in);
    value = Enum(number);
}

void put(Stream &out, const QString &text)
{
    out << text.left(longestNote).toUtf8();
}
void take(Stream &in, QString &text)
{
    QByteArray utf8;
    in >> utf8;
    text = QString::fromUtf8(utf8);
    if (text.size() > longestNote || text.contains(QChar(0)))
        corrupt(in);
}

void put(Stream &out, const FilePlan &plan)
{
    put(out, plan.file.exchange);
    put(out, plan.file.pair);
    out << quint8(plan.file.content) << quint8(plan.file.timeframe);
    put(out, plan.store_first);
    put(out, plan.store_last);
    put(out, plan.own_last);
}
void take(Stream &in, FilePlan &plan)
{
    // It becomes the name of a folder.
    static const QRegularExpression exchange(QStringLiteral("^[a-z0-9][a-z0-9-]{0,63}\\z"));
    take(in, plan.file.exchange);
    take(in, plan.file.pair);
    takeEnum(in, plan.file.content, Content::Funding);
    takeEnum(in, plan.file.timeframe, Timeframe::Mo1);
    take(in, plan.store_first);
    take(in, plan.store_last);
    take(in, plan.own_last);
    if (!exchange.match(plan.file.exchange).hasMatch())
        corrupt(in);
}

// Column by column, which packs better.
void put(Stream &out, const Rows &rows)
{
    out << rows.exact_to << rows.left_out;
    put(out, rows.why_left);
    out << quint32(rows.size());
    for (const qint64 time : rows.times)
        out << time;
    for (size_t column = 0; column < 5; ++column) {
        for (const auto &values : rows.values)
            out << values[column];
    }
}
void take(Stream &in, Rows &rows)
{
    quint32 count = 0;
    in >> rows.exact_to;
    take(in, rows.left_out);
    take(in, rows.why_left);
    in >> count;
    if (rows.exact_to < 0 || rows.exact_to > latest)
        return corrupt(in);
    if (in.status() != Stream::Ok || in.device()->bytesAvailable() != qint64(count * bytesOfRow))
        return corrupt(in);
    rows.times.resize(count);
    rows.values.resize(count);
    for (qint64 &time : rows.times) {
        in >> time;
        if (time < 0 || time > latest)
            corrupt(in);
    }
    if (std::ranges::adjacent_find(rows.times, std::ranges::greater_equal()) != rows.times.end())
        corrupt(in);
    for (size_t column = 0; column < 5; ++column) {
        for (auto &values : rows.values) {
            in >> values[column];
            if (!std::isfinite(values[column]))
                corrupt(in);
        }
    }
}

void put(Stream &out, const PushBegin &begin)
{
    out << begin.protocol;
    put(out, begin.version);
    put(out, begin.now);
    put(out, begin.history);
    put(out, begin.interval);
    put(out, begin.freqtrade);
    out << begin.full << begin.plans << begin.known;
}
void take(Stream &in, PushBegin &begin)
{
    in >> begin.protocol;
    take(in, begin.version);
    if (begin.protocol != pushProtocol) { // whatever follows
        in.device()->readAll();
        return;
    }
    take(in, begin.now);
    take(in, begin.history);
    take(in, begin.interval);
    take(in, begin.freqtrade);
    in >> begin.full >> begin.plans >> begin.known;
    if (begin.plans > mostPlans || begin.interval < milliseconds(1))
        corrupt(in);
}

void put(Stream &out, const PushPlans &message)
{
    out << quint32(message.plans.size());
    for (const FilePlan &plan : message.plans)
        put(out, plan);
}
void take(Stream &in, PushPlans &message)
{
    quint32 count = 0;
    in >> count;
    while (message.plans.size() < count && in.status() == Stream::Ok)
        take(in, message.plans.emplace_back());
}

void put(Stream &out, const PushWant &want)
{
    out << want.id << want.plan << quint8(want.timeframe);
    put(out, want.from);
    out << quint32(want.have.size());
    for (const RowBlock &block : want.have)
        out << block.start << block.digest;
}
void take(Stream &in, PushWant &want)
{
    in >> want.id >> want.plan;
    takeEnum(in, want.timeframe, Timeframe::Mo1);
    take(in, want.from);
    quint32 count = 0;
    in >> count;
    if (count > mostBlocks)
        return corrupt(in);
    while (want.have.size() < count && in.status() == Stream::Ok) {
        RowBlock &block = want.have.emplace_back();
        in >> block.start >> block.digest;
        if (block.digest.size() != digestLength)
            corrupt(in);
    }
    if (!std::ranges::is_sorted(want.have, {}, &RowBlock::start))
        corrupt(in);
}

void put(Stream &out, const PushRows &message)
{
    out << message.id << message.last;
    put(out, message.rows);
}
void take(Stream &in, PushRows &message)
{
    in >> message.id >> message.last;
    take(in, message.rows);
}

void put(Stream &out, const PushNoRows &message)
{
    out << message.id;
    put(out, message.why);
}
void take(Stream &in, PushNoRows &message)
{
    in >> message.id;
    take(in, message.why);
}

void put(Stream &out, const PushFile &message)
{
    const FileReport &file = message.row.file;
    put(out, message.row.folder);
    put(out, file.name);
    out << quint8(file.state) << file.added << file.replaced << file.left_out << file.rows;
    put(out, file.last);
    out << file.bytes;
    put(out, file.note);
}
void take(Stream &in, PushFile &message)
{
    FileReport &file = message.row.file;
    take(in, message.row.folder);
    take(in, file.name);
    takeEnum(in, file.state, FileState::Failed);
    take(in, file.added);
    take(in, file.replaced);
    take(in, file.left_out);
    take(in, file.rows);
    take(in, file.last);
    take(in, file.bytes);
    take(in, file.note);
}

void put(Stream &out, const PushReceipt &receipt)
{
    put(out, receipt.file);
    out << receipt.rows;
    put(out, receipt.first);
    put(out, receipt.last);
    out << receipt.bytes << QByteArray::fromHex(receipt.sha256);
}
void take(Stream &in, PushReceipt &receipt)
{
    QByteArray sha256;
    take(in, receipt.file);
    take(in, receipt.rows);
    take(in, receipt.first);
    take(in, receipt.last);
    take(in, receipt.bytes);
    in >> sha256;
    receipt.sha256 = sha256.toHex();
    // It becomes a line of a file.
    const bool isLine = std::ranges::none_of(receipt.file, [](QChar c) { return c.unicode() < 0x20; });
    if (sha256.size() != 32 || receipt.file.isEmpty() || !isLine)
        corrupt(in);
}

void put(Stream &out, const PushDone &done)
{
    out << done.unchanged << done.stopped << done.all;
}
void take(Stream &in, PushDone &done)
{
    in >> done.unchanged >> done.stopped >> done.all;
}

void put(Stream &out, const PushFail &fail)
{
    out << quint8(fail.error.kind) << fail.error.retryable;
    put(out, fail.error.message);
}
void take(Stream &in, PushFail &fail)
{
    takeEnum(in, fail.error.kind, Error::Kind::Refused);
    in >> fail.error.retryable;
    take(in, fail.error.message);
}

} // namespace

template <typename Message>
QByteArray pushFrame(const Message &message)
{
    Frame frame{Message::kind, {}};
    Stream out(&frame.payload, QIODevice::WriteOnly);
    out.setVersion(Stream::Qt_6_0);
    put(out, message);
    return encodeFrame(frame);
}

template <typename Message>
Result<Message> readPush(const Frame &frame)
{
    Message message;
    Stream in(frame.payload);
    in.setVersion(Stream::Qt_6_0);
    take(in, message);
    if (frame.kind != Message::kind || in.status() != Stream::Ok || !in.atEnd())
        return Error{Error::Kind::Parse,
                     QStringLiteral("the conversation is out of step: a frame \"%1\" of %2 bytes that says nothing "
                                    "sensible")
                         .arg(QLatin1Char(char(frame.kind)))
                         .arg(frame.payload.size()),
                     true};
    return message;
}

#define TK_PUSH_MESSAGE(Message)                                                                                       \
    template QByteArray pushFrame(const Message &);                                                                    \
    template Result<Message> readPush(const Frame &);

TK_PUSH_MESSAGE(PushBegin)
TK_PUSH_MESSAGE(PushPlans)
TK_PUSH_MESSAGE(PushWant)
TK_PUSH_MESSAGE(PushRows)
TK_PUSH_MESSAGE(PushNoRows)
TK_PUSH_MESSAGE(PushFile)
TK_PUSH_MESSAGE(PushReceipt)
TK_PUSH_MESSAGE(PushDone)
TK_PUSH_MESSAGE(PushFail)

QByteArray digestOf(std::vector<PushReceipt> receipts)
{
    std::ranges::sort(receipts, {}, &PushReceipt::file);
    QCryptographicHash hash(QCryptographicHash::Sha256);
    for (const PushReceipt &receipt : receipts)
        hash.addData(pushFrame(receipt));
    return hash.result();
}

} // namespace tk::sync
