#include "sync/push_receiver.h"

#include "sync/push_message.h"
#include "sync/store_rows.h"

#include <QDir>
#include <QHash>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <deque>
#include <map>
#include <poll.h>
#include <unistd.h>

namespace tk::sync {

namespace {

Error lost(const QString &what)
{
    return Error{Error::Kind::Network, QStringLiteral("the collector is gone: %1").arg(what), true};
}

// The two ends of the pipe, read and written with patience.
class Pipe
{
public:
    explicit Pipe(const PushReceiver::Options &options)
        : m_options(options)
    {}

    Status write(QByteArrayView bytes)
    {
        while (!bytes.isEmpty()) {
            if (const Status ready = wait(m_options.out, POLLOUT); !ready)
                return ready;
            const ssize_t sent = ::write(m_options.out, bytes.data(), size_t(bytes.size()));
            if (sent > 0)
                bytes = bytes.sliced(sent);
            else if (sent < 0 && errno != EINTR && errno != EAGAIN)
                return lost(QString::fromLocal8Bit(std::strerror(errno)));
        }
        return ok();
    }

    Result<Frame> read()
    {
        while (true) {
            auto frame = m_frames.next();
            if (!frame)
                return frame.error();
            if (*frame)
                return std::move(**frame);
            if (const Status ready = wait(m_options.in, POLLIN); !ready)
                return ready.error();
            const ssize_t got = ::read(m_options.in, m_buffer.data(), m_buffer.size());
            if (got == 0)
                return lost(QStringLiteral("the connection has ended"));
            if (got > 0)
                m_frames.feed({m_buffer.data(), got});
            else if (errno != EINTR && errno != EAGAIN)
                return lost(QString::fromLocal8Bit(std::strerror(errno)));
        }
    }

private:
    Status wait(int descriptor, short events)
    {
        pollfd one{descriptor, events, 0};
        const int found = ::poll(&one, 1, int(m_options.silence.count()));
        if (found == 0)
            return lost(QStringLiteral("not a word within %1 s").arg(double(m_options.silence.count()) / 1000.0));
        return ok(); // an error shows when the descriptor is used
    }

    const PushReceiver::Options &m_options;
    FrameReader m_frames;
    std::vector<char> m_buffer = std::vector<char>(64 << 10);
};

// Rows on their way, about. So many questions at once, and not one after the other, because a connection may take long
// for each way, and ssh's own holds small packets back until the one before has arrived.
constexpr qint64 mostRowsAhead = 60'000;
constexpr qint64 fewRowsAhead = mostRowsAhead / 2; // time to ask for more

qint64 rowsExpected(const RowSource::Wish &wish)
{
    const FileId &file = wish.plan.file;
    const UtcTime from = std::max(wish.from, wish.plan.store_first);
    const qint64 rows = (wish.plan.store_last - from) / nominalLength(file.timeframe);
    // Where the first record is not known: as if there were a page of them.
    const bool isOpen = toMs(from) == 0;
    return isOpen ? StoreRows::mostRows : std::max<qint64>(1, rows);
}

// The collector's store, seen through the pipe. Asks ahead for what is going to be wanted, so that neither end waits
// for the other, and neither holds much.
class RemoteRows final : public RowSource
{
public:
    RemoteRows(Pipe &pipe, const std::vector<FilePlan> &plans, std::atomic<bool> &stop)
        : m_pipe(pipe)
        , m_stop(stop)
    {
        for (size_t i = 0; i < plans.size(); ++i)
            m_numbers.insert(keyOf(plans[i].file), quint32(i));
    }

    void expect(const std::vector<Wish> &wishes) override { m_wishes.assign(wishes.begin(), wishes.end()); }

    Result<Rows> rows(const FilePlan &plan, UtcTime from, const feather::Table &have) override
    {
        if (m_broken)
            return *m_broken;
        forgetBefore(plan.file);
        auto request = std::ranges::find_if(
            m_requests, [&](const Request &one) { return one.file == plan.file && one.from == from; });
        const bool ahead = request != m_requests.end();
        if (!ahead) {
            ask({plan, from},
                isLong({plan, from, true}) ? blocksOf(plan.file.timeframe, rowsOf(have)) : std::vector<RowBlock>());
            request = std::prev(m_requests.end());
        }
        const quint32 id = request->id;
        topUp();
        if (const Status asked = m_pipe.write(std::exchange(m_questions, {})); !asked)
            return broken(asked.error());
        while (true) {
            request = std::ranges::find(m_requests, id, &Request::id);
            if (request->done) {
                Result<Rows> result = request->failed ? Result<Rows>(*request->failed) : std::move(request->rows);
                m_requests.erase(request);
                return result;
            }
            if (const Status answered = takeAnswer(); !answered)
                return broken(answered.error());
        }
    }

    const std::optional<Error> &whyBroken() const { return m_broken; }

private:
    struct Request
    {
        quint32 id = 0;
        FileId file;
        UtcTime from{};
        qint64 expected = 0; // rows
        Rows rows{};
        bool done = false;
        bool unwanted = false; // nobody is going to ask for it any more
        std::optional<Error> failed{};
    };

    static QString keyOf(const FileId &file)
    {
        // Of mark and funding files the timeframe is this side's choice.
        const int timeframe = file.content == Content::Candles ? int(file.timeframe) : -1;
        return QStringLiteral("%1\n%2\n%3\n%4").arg(file.exchange, file.pair).arg(int(file.content)).arg(timeframe);
    }

    // The run has passed by files that it was expected to ask for: they could not be read, say.
    void forgetBefore(const FileId &file)
    {
        const auto wish = std::ranges::find_if(m_wishes, [&](const Wish &one) { return one.plan.file == file; });
        if (wish != m_wishes.end())
            m_wishes.erase(m_wishes.begin(), wish);
        const auto request = std::ranges::find(m_requests, file, &Request::file);
        if (request == m_requests.end() && wish == m_wishes.end())
            return;
        for (auto one = m_requests.begin(); one != request; ++one)
            one->unwanted = true;
        std::erase_if(m_requests, [](const Request &one) { return one.unwanted && one.done; });
    }

    // Of a long file that is there most will be the same: its blocks are told, which have to be read first.
    static bool isLong(const Wish &wish)
    {
        return wish.exists && wish.plan.file.content == Content::Candles && rowsExpected(wish) > rowsOfBlock;
    }

    void ask(const Wish &wish, std::vector<RowBlock> have = {})
    {
        if (have.size() > mostBlocks)
            have.clear();
        const quint32 id = ++m_lastId;
        m_requests.push_back({.id = id, .file = wish.plan.file, .from = wish.from, .expected = rowsExpected(wish)});
        m_questions += pushFrame(PushWant{.id = id,
                                          .plan = m_numbers.value(keyOf(wish.plan.file)),
                                          .timeframe = wish.plan.file.timeframe,
                                          .from = wish.from,
                                          .have = std::move(have)});
    }

    void topUp()
    {
        qint64 ahead = 0;
        for (const Request &request : m_requests)
            ahead += request.expected;
        const bool isEnough = ahead > fewRowsAhead || m_requests.size() > mostWants / 2;
        if (isEnough && m_requests.size() > 1)
            return;
        while (!m_wishes.empty() && ahead < mostRowsAhead && m_requests.size() < mostWants - 1) {
            const Wish wish = std::move(m_wishes.front());
            m_wishes.pop_front();
            const bool asked = std::ranges::any_of(
                m_requests, [&](const Request &one) { return one.file == wish.plan.file && one.from == wish.from; });
            if (asked || isLong(wish))
                continue;
            ask(wish);
            ahead += rowsExpected(wish);
        }
    }

    // Answers come in the order of the questions.
    Status takeAnswer()
    {
        const auto frame = m_pipe.read();
        if (!frame)
            return frame.error();
        const auto request = std::ranges::find(m_requests, false, &Request::done);
        const auto unexpected = [&] {
            return Error{Error::Kind::Parse,
                         QStringLiteral("the conversation is out of step: an answer that nobody asked for"), true};
        };
        if (request == m_requests.end())
            return unexpected();
        if (frame->kind == FrameKind::NoRows) {
            const auto message = readPush<PushNoRows>(*frame);
            if (!message)
                return message.error();
            if (message->id != request->id)
                return unexpected();
            request->failed = Error{Error::Kind::Storage, message->why, true};
            request->done = true;
        } else {
            auto message = readPush<PushRows>(*frame);
            if (!message)
                return message.error();
            const bool follows = request->rows.size() == 0 || message->rows.size() == 0 ||
                                 message->rows.times.front() > request->rows.times.back();
            if (message->id != request->id || !follows)
                return unexpected();
            if (qint64(request->rows.size() + message->rows.size()) > mostRowsOfFile)
                return Error{Error::Kind::Parse, QStringLiteral("more rows than any file can have"), false};
            if (!request->unwanted) {
                request->rows.exact_to = std::max(request->rows.exact_to, message->rows.exact_to);
                if (request->rows.left_out == 0)
                    request->rows.why_left = message->rows.why_left;
                request->rows.left_out += message->rows.left_out;
                request->rows.times.insert(request->rows.times.end(), message->rows.times.begin(),
                                           message->rows.times.end());
                request->rows.values.insert(request->rows.values.end(), message->rows.values.begin(),
                                            message->rows.values.end());
            }
            request->done = message->last;
        }
        if (request->done && request->unwanted)
            m_requests.erase(request);
        return ok();
    }

    Error broken(const Error &error)
    {
        m_broken = error;
        m_stop = true; // what lies staged goes, the files stay as they are
        return error;
    }

    Pipe &m_pipe;
    std::atomic<bool> &m_stop;
    QHash<QString, quint32> m_numbers;
    std::deque<Wish> m_wishes;      // not asked for yet
    QByteArray m_questions;         // not said yet
    std::deque<Request> m_requests; // in the order in which they are answered
    quint32 m_lastId = 0;
    std::optional<Error> m_broken;
};

// Receipts of files that are still what they describe.
Result<std::vector<PushReceipt>> receiptsIn(const config::SyncSettings &settings)
{
    const auto all = SyncRun::receipts(settings);
    if (!all)
        return all.error();
    std::vector<PushReceipt> receipts;
    for (const auto &[folder, one] : *all) {
        const auto stamp = stampOf(QDir(settings.datadir).filePath(folder + u'/' + one.name));
        if (stamp && stamp->exists() && stamp->sameFile(one.stamp))
            receipts.push_back({folder + u'/' + one.name, one.rows, one.first, one.last, one.stamp.size, one.sha256});
    }
    return receipts;
}

Result<std::vector<FilePlan>> readPlans(Pipe &pipe, quint32 count)
{
    std::vector<FilePlan> plans;
    while (plans.size() < count) {
        const auto frame = pipe.read();
        if (!frame)
            return frame.error();
        auto some = readPush<PushPlans>(*frame);
        if (!some)
            return some.error();
        if (some->plans.empty() || plans.size() + some->plans.size() > count)
            return Error{Error::Kind::Parse, QStringLiteral("the conversation is out of step: other plans than said"),
                         true};
        plans.insert(plans.end(), some->plans.begin(), some->plans.end());
    }
    if (!std::ranges::is_sorted(plans, {}, [](const FilePlan &plan) { return plan.file.exchange; }))
        return Error{Error::Kind::Parse, QStringLiteral("the plans are not sorted by exchange"), false};
    return plans;
}

Status answer(Pipe &pipe, const SyncReport &report, const std::vector<PushReceipt> &before,
              const std::vector<PushReceipt> &after, bool changesAlone)
{
    QByteArray bytes;
    quint32 unchanged = 0;
    for (const SyncReport::Row &row : report.files) {
        if (row.file.isAsBefore())
            ++unchanged;
        else
            bytes += pushFrame(PushFile{row});
    }
    QHash<QString, PushReceipt> old;
    for (const PushReceipt &receipt : before)
        old.insert(receipt.file, receipt);
    std::vector<PushReceipt> changed;
    size_t still = 0;
    for (const PushReceipt &receipt : after) {
        const auto found = old.constFind(receipt.file);
        still += found == old.constEnd() ? 0 : 1;
        if (found == old.constEnd() || *found != receipt)
            changed.push_back(receipt);
    }
    // One that is gone can only be told by telling all.
    const bool all = !changesAlone || still < before.size();
    for (const PushReceipt &receipt : all ? after : changed)
        bytes += pushFrame(receipt);
    bytes += pushFrame(PushDone{unchanged, report.stopped, all});
    return pipe.write(bytes);
}

} // namespace

Result<SyncReport> PushReceiver::run()
{
    Pipe pipe(m_options);
    const auto fail = [&](const Error &error) {
        (void)pipe.write(pushFrame(PushFail{error}));
        return error;
    };
    if (const Status greeted = pipe.write(helloLine(m_options.version)); !greeted)
        return greeted.error();
    const auto frame = pipe.read();
    if (!frame)
        return fail(frame.error());
    const auto begin = readPush<PushBegin>(*frame);
    if (!begin)
        return fail(begin.error());
    if (begin->protocol != pushProtocol)
        return fail({Error::Kind::Refused,
                     QStringLiteral("the tapekeeper of the collector (%1) and the one here (%2) do not understand one "
                                    "another: install the same version on both")
                         .arg(begin->version, m_options.version)});
    const auto plans = readPlans(pipe, begin->plans);
    if (!plans)
        return fail(plans.error());

    SyncOptions options{.full = begin->full,
                        .lock_patience = m_options.lock_patience,
                        .busy_patience = m_options.busy_patience,
                        .settled_after = m_options.settled_after};
    options.settings.datadir = m_options.datadir;
    options.settings.interval = begin->interval;
    options.settings.history = begin->history;
    options.settings.freqtrade = begin->freqtrade;
    std::atomic<bool> stop{false};
    RemoteRows rows(pipe, *plans, stop);
    const auto before = receiptsIn(options.settings);
    if (!before)
        return fail(before.error());
    const auto report = syncFiles(
        options, *plans, rows, [now = begin->now] { return now; }, stop, [](qint64, qint64, const QString &) {});
    if (rows.whyBroken())
        return fail(*rows.whyBroken());
    if (!report)
        return fail(report.error());
    const auto after = receiptsIn(options.settings);
    if (!after)
        return fail(after.error());
    if (const Status told = answer(pipe, *report, *before, *after, begin->known == digestOf(*before)); !told)
        return told.error();
    return *report;
}

} // namespace tk::sync
