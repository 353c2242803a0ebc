// The collector's end of a push: says what the store has, and gives the rows that the feeder asks for. Driven from
// outside: bytes in, bytes out, never more than a page at a time. One thread, that of its reader, which it may keep
// waiting for the store.
#pragma once

#include "sync/push_message.h"
#include "sync/store_rows.h"

#include <deque>
#include <functional>

namespace tk::sync {

struct PushReport
{
    QString version{};                    // of the tapekeeper over there
    std::vector<SyncReport::Row> files{}; // without those that are as they were
    qint64 unchanged = 0;
    bool stopped = false;
    std::vector<PushReceipt> receipts{}; // all of them, or those that have changed
    bool all_receipts = false;

    bool isGood() const;
    qint64 added() const; // rows
    QString summary() const;

private:
    SyncReport whole() const;
};

class PushSender
{
public:
    struct Options
    {
        config::SyncSettings settings; // which files, and how; its datadir is nobody's business here
        bool full = false;
        QString version;    // of this program
        QByteArray known{}; // digestOf() the receipts from there
        std::function<UtcTime()> now;
    };

    PushSender(Options options, store::StoreReader &reader, const std::atomic<bool> &stop);

    // What the feeder says. After an error there is nothing more to be said.
    Status receive(QByteArrayView bytes);

    // Whether there is something to send, and the next piece of it. Reads from the store.
    bool hasMore() const;
    Result<QByteArray> next();

    bool hasGreeted() const { return m_greeted; }
    QString heardInstead() const { return m_greeted ? QString() : m_hello.heard(); }
    bool isDone() const { return m_done; }
    const PushReport &report() const { return m_report; }

private:
    struct Answering
    {
        PushWant want;
        std::optional<UtcTime> from; // of the next page
        Rows rows{};                 // read and not sent
        size_t sent = 0;             // of them
        Rows rest{};                 // of a block that goes on in the next page
    };

    Status take(const Frame &frame);
    Result<QByteArray> introduce();
    QByteArray answer(Answering &answering);

    Options m_options;
    store::StoreReader &m_reader;
    StoreRows m_rows;
    HelloReader m_hello;
    FrameReader m_frames;
    bool m_greeted = false;
    bool m_introduced = false;
    bool m_done = false;
    std::vector<FilePlan> m_plans;
    std::deque<Answering> m_wants;
    PushReport m_report;
};

} // namespace tk::sync
