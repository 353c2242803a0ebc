// Both ends of a push: whatever bytes come, in whatever pieces, they are frames and messages within their bounds or an
// error; and a message that was understood is understood again when it is said again.
#include "fuzz_target.h"

#include "sync/push_message.h"

#include <cmath>

using namespace tk;
using namespace tk::sync;

namespace {

template <typename Message>
void judge(const Frame &frame)
{
    const auto message = readPush<Message>(frame);
    if (!message) {
        FUZZ_CHECK(!message.error().message.isEmpty());
        return;
    }
    FUZZ_CHECK(frame.kind == Message::kind);
    if constexpr (std::is_same_v<Message, PushBegin>) {
        if (message->protocol != pushProtocol)
            return; // the rest is another version's
        FUZZ_CHECK(message->plans <= mostPlans && message->interval.count() > 0);
    }
    if constexpr (std::is_same_v<Message, PushPlans>) {
        for (const FilePlan &plan : message->plans)
            FUZZ_CHECK(!plan.file.exchange.contains(u'/') && !plan.file.exchange.startsWith(u'.'));
    }
    if constexpr (std::is_same_v<Message, PushRows>) {
        FUZZ_CHECK(message->rows.times.size() == message->rows.values.size());
        for (size_t i = 0; i < message->rows.size(); ++i) {
            FUZZ_CHECK(i == 0 || message->rows.times[i - 1] < message->rows.times[i]);
            for (const double value : message->rows.values[i])
                FUZZ_CHECK(std::isfinite(value));
        }
    }
    const QByteArray said = pushFrame(*message);
    FrameReader reader;
    reader.feed(said);
    const auto again = reader.next();
    FUZZ_CHECK(again.has_value() && again->has_value());
    const auto back = readPush<Message>(**again);
    FUZZ_CHECK(back.has_value() && pushFrame(*back) == said);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const QByteArrayView bytes(reinterpret_cast<const char *>(data), qsizetype(size));
    const qsizetype piece = size > 0 ? 1 + data[0] % 64 : 1;
    HelloReader hello;
    QByteArray rest;
    (void)hello.feed(bytes, rest);
    FUZZ_CHECK(rest.size() <= bytes.size());
    FrameReader frames;
    for (qsizetype at = 0; at < bytes.size(); at += piece) {
        frames.feed(bytes.sliced(at, std::min(piece, bytes.size() - at)));
        while (true) {
            const auto frame = frames.next();
            if (!frame || !*frame) {
                FUZZ_CHECK(frame.has_value() || !frame.error().message.isEmpty());
                break;
            }
            FUZZ_CHECK((*frame)->payload.size() <= mostPayload);
            judge<PushBegin>(**frame);
            judge<PushPlans>(**frame);
            judge<PushWant>(**frame);
            judge<PushRows>(**frame);
            judge<PushNoRows>(**frame);
            judge<PushFile>(**frame);
            judge<PushReceipt>(**frame);
            judge<PushDone>(**frame);
            judge<PushFail>(**frame);
        }
    }
    // And as the payload of every message, so that not every change is one of the frame.
    const Frame whole{FrameKind::Begin, bytes.toByteArray()};
    const auto as = [&](FrameKind kind) { return Frame{kind, whole.payload}; };
    judge<PushBegin>(as(FrameKind::Begin));
    judge<PushPlans>(as(FrameKind::Plans));
    judge<PushWant>(as(FrameKind::Want));
    judge<PushRows>(as(FrameKind::Rows));
    judge<PushFile>(as(FrameKind::File));
    judge<PushReceipt>(as(FrameKind::Receipt));
    judge<PushFail>(as(FrameKind::Fail));
    return 0;
}
