#include "sync/push_sender.h"

#include <algorithm>

namespace tk::sync {

namespace {

constexpr size_t plansAtOnce = 1'000;
constexpr size_t rowsAtOnce = size_t(StoreRows::mostRows);

Error outOfStep(const QString &what)
{
    return Error{Error::Kind::Parse, QStringLiteral("the conversation is out of step: %1").arg(what), true};
}

} // namespace

// As a sync on the host itself would have told it.
SyncReport PushReport::whole() const
{
    SyncReport all{files, stopped};
    all.files.resize(files.size() + size_t(unchanged)); // a file of which nothing is said is as it was
    return all;
}

bool PushReport::isGood() const
{
    return whole().isGood();
}

qint64 PushReport::added() const
{
    return whole().added();
}

QString PushReport::summary() const
{
    return whole().summary();
}

PushSender::PushSender(Options options, store::StoreReader &reader, const std::atomic<bool> &stop)
    : m_options(std::move(options))
    , m_reader(reader)
    , m_rows(reader, stop)
{}

Status PushSender::receive(QByteArrayView bytes)
{
    if (m_greeted) {
        m_frames.feed(bytes);
    } else {
        QByteArray rest;
        const auto hello = m_hello.feed(bytes, rest);
        if (!hello)
            return hello.error();
        if (!*hello)
            return ok();
        m_report.version = (*hello)->version;
        if ((*hello)->protocol != pushProtocol)
            return Error{Error::Kind::Refused,
                         QStringLiteral("the tapekeeper over there (%1) and the one here (%2) do not understand one "
                                        "another: install the same version on both")
                             .arg(m_report.version, m_options.version)};
        m_greeted = true;
        m_frames.feed(rest);
    }
    while (true) {
        const auto frame = m_frames.next();
        if (!frame)
            return frame.error();
        if (!*frame)
            return ok();
        if (const Status taken = take(**frame); !taken)
            return taken;
    }
}

Status PushSender::take(const Frame &frame)
{
    if (m_done)
        return outOfStep(QStringLiteral("words after the end"));
    switch (frame.kind) {
    case FrameKind::Want: {
        const auto want = readPush<PushWant>(frame);
        if (!want)
            return want.error();
        if (want->plan >= m_plans.size() || m_wants.size() >= mostWants)
            return outOfStep(QStringLiteral("it asks for what it was not offered"));
        // One at a time: they may be large.
        const auto hasBlocks = [](const Answering &one) { return !one.want.have.empty(); };
        if (!want->have.empty() && std::ranges::any_of(m_wants, hasBlocks))
            return outOfStep(QStringLiteral("it tells of two files at once"));
        m_wants.push_back({.want = *want, .from = want->from});
        return ok();
    }
    case FrameKind::File: {
        auto file = readPush<PushFile>(frame);
        if (!file)
            return file.error();
        m_report.files.push_back(std::move(file->row));
        return m_report.files.size() <= 2 * m_plans.size() ? ok() : outOfStep(QStringLiteral("more files than plans"));
    }
    case FrameKind::Receipt: {
        auto receipt = readPush<PushReceipt>(frame);
        if (!receipt)
            return receipt.error();
        m_report.receipts.push_back(std::move(receipt).value());
        return m_report.receipts.size() <= mostPlans ? ok() : outOfStep(QStringLiteral("receipts without end"));
    }
    case FrameKind::Done: {
        const auto done = readPush<PushDone>(frame);
        if (!done)
            return done.error();
        if (done->unchanged > m_plans.size())
            return outOfStep(QStringLiteral("more files than plans"));
        m_report.unchanged = done->unchanged;
        m_report.stopped = done->stopped;
        m_report.all_receipts = done->all;
        m_done = true;
        return ok();
    }
    case FrameKind::Fail: {
        const auto fail = readPush<PushFail>(frame);
        return fail ? fail->error : fail.error();
    }
    default:
        return outOfStep(QStringLiteral("it says what only this side may say"));
    }
}

bool PushSender::hasMore() const
{
    return m_greeted && (!m_introduced || !m_wants.empty());
}

Result<QByteArray> PushSender::introduce()
{
    auto plans = planFiles(m_options.settings, m_reader);
    if (!plans)
        return plans.error();
    m_plans = std::move(plans).value();
    m_introduced = true;
    QByteArray bytes = pushFrame(PushBegin{.version = m_options.version,
                                           .now = m_options.now(),
                                           .history = m_options.settings.history,
                                           .interval = m_options.settings.interval,
                                           .freqtrade = m_options.settings.freqtrade,
                                           .full = m_options.full,
                                           .plans = quint32(m_plans.size()),
                                           .known = m_options.known});
    for (size_t at = 0; at < m_plans.size(); at += plansAtOnce) {
        const auto from = m_plans.begin() + qsizetype(at);
        const auto to = m_plans.begin() + qsizetype(std::min(at + plansAtOnce, m_plans.size()));
        bytes += pushFrame(PushPlans{{from, to}});
    }
    return bytes;
}

QByteArray PushSender::answer(Answering &answering)
{
    FilePlan plan = m_plans[answering.want.plan];
    plan.file.timeframe = answering.want.timeframe;
    if (answering.sent == answering.rows.size() && answering.from) {
        auto page = m_rows.page(plan, *answering.from);
        if (!page) {
            const QByteArray frame = pushFrame(PushNoRows{answering.want.id, page.error().message});
            m_wants.pop_front();
            return frame;
        }
        answering.rows = std::move(page->rows);
        answering.sent = 0;
        answering.from = page->next;
        if (!answering.want.have.empty()) {
            Rows rows = std::exchange(answering.rest, {});
            rows.left_out = answering.rows.left_out;
            rows.why_left = answering.rows.why_left;
            for (size_t row = 0; row < answering.rows.size(); ++row)
                rows.add(answering.rows.times[row], answering.rows.values[row]);
            dropKnown(plan.file.timeframe, answering.want.have, answering.from.has_value(), rows, answering.rest);
            answering.rows = std::move(rows);
        }
    }
    PushRows some{.id = answering.want.id};
    some.rows.exact_to = answering.rows.exact_to;
    some.rows.left_out = std::exchange(answering.rows.left_out, 0); // told once of each page
    some.rows.why_left = std::exchange(answering.rows.why_left, {});
    const size_t end = std::min(answering.rows.size(), answering.sent + rowsAtOnce);
    for (size_t row = answering.sent; row < end; ++row)
        some.rows.add(answering.rows.times[row], answering.rows.values[row]);
    answering.sent = end;
    some.last = answering.sent == answering.rows.size() && !answering.from;
    const QByteArray frame = pushFrame(some);
    if (some.last)
        m_wants.pop_front();
    return frame;
}

Result<QByteArray> PushSender::next()
{
    if (!m_introduced)
        return introduce();
    return answer(m_wants.front());
}

} // namespace tk::sync
