#include "app/commands/sync.h"

#include "app/commands/file_table.h"
#include "app/commands/named_series.h"
#include "app/open_store.h"
#include "base/clock.h"

#include <QDir>

#include <cstdlib>

namespace tk::app {

SyncCommand::SyncCommand(const CommandLine &commandLine, const config::Settings &givenSettings)
    : Command(commandLine, givenSettings)
    , m_clock(makeClock(commandLine))
{
    connect(&m_signals, &runtime::SignalWatcher::terminate, this, [this](int count) {
        if (count > 1)
            std::_Exit(DoesNotHold); // the files are whole at every moment
        m_stop = true;
        if (m_timer.isActive())
            finish(Done); // between two runs
    });
    m_timer.setSingleShot(true);
    connect(&m_timer, &QTimer::timeout, this, &SyncCommand::run);
}

SyncCommand::~SyncCommand()
{
    m_stop = true;
    if (m_worker.joinable())
        m_worker.join();
}

Result<config::SyncSettings> SyncCommand::wish() const
{
    config::SyncSettings wish = settings().sync;
    if (!line().datadir.isEmpty())
        wish.datadir = QDir::cleanPath(QDir::current().absoluteFilePath(config::expandHome(line().datadir)));
    wish.exchange = line().exchange;
    auto pairs = namedPairs(line().pairs);
    auto timeframes = namedTimeframes(line().timeframes);
    if (!pairs || !timeframes)
        return pairs ? timeframes.error() : pairs.error();
    if (!line().pairs.isEmpty())
        wish.pairs = pairs->isEmpty() ? std::nullopt : std::optional(std::move(pairs).value());
    if (!line().timeframes.isEmpty())
        wish.timeframes = std::move(timeframes).value();
    return wish;
}

void SyncCommand::start()
{
    const auto asked = wish();
    if (!asked)
        return fail(asked.error());
    m_wish = *asked;
    if (line().receipts)
        return showReceipts();
    if (const Status status = m_signals.start(); !status)
        complain(status.error().message);
    run();
}

void SyncCommand::run()
{
    if (m_worker.joinable())
        m_worker.join();
    m_bar.emplace(QStringLiteral("files"));
    // Store and disk are waited for elsewhere, so that a signal is heard here.
    m_worker = std::thread([this] {
        const auto progress = [this](qint64 done, qint64 all, const QString &what) {
            QMetaObject::invokeMethod(
                this,
                [this, done, all, what] {
                    if (m_bar)
                        m_bar->show(done, all, what);
                },
                Qt::QueuedConnection);
        };
        const auto now = [clock = m_clock] { return clock->utcNow(); };
        auto reader = openReader(settings(), now, &m_stop);
        Result<sync::SyncReport> result = reader ? Result<sync::SyncReport>(sync::SyncReport{}) : reader.error();
        if (reader)
            result =
                sync::SyncRun({.settings = m_wish, .full = line().full}, *reader.value(), now, m_stop, progress).run();
        QMetaObject::invokeMethod(
            this, [this, result = std::move(result)] { ended(result); }, Qt::QueuedConnection);
    });
}

void SyncCommand::ended(const Result<sync::SyncReport> &result)
{
    m_bar.reset();
    if (result && !show(*result))
        return finish(Internal);
    if (line().once) {
        if (!result)
            return fail(result.error());
        // Who names something expects it to be there.
        const bool asked = !line().pairs.isEmpty() || !line().timeframes.isEmpty();
        return finish(result->isGood() && !(asked && result->files.empty()) ? Done : DoesNotHold);
    }
    if (m_stop)
        return finish(Done);
    // What stands in the way now may be gone in three minutes; wrong usage will not be.
    if (!result) {
        if (exitCodeOf(result.error()) != Unreachable)
            return fail(result.error());
        complain(result.error().message);
    }
    m_timer.start(m_clock->timerDelay(m_wish.interval));
}

bool SyncCommand::show(const sync::SyncReport &report)
{
    // Repeated runs would bury what happened under what did not.
    const bool all = line().once;
    Table table{fileColumns(), {}};
    for (const sync::SyncReport::Row &row : report.files) {
        if (all || !row.file.isAsBefore())
            table.rows.push_back(fileCells(row));
        if (!row.file.isGood())
            complain(fileTrouble(row));
    }
    const bool printed = (!all && table.rows.empty()) || print(table);
    if (report.files.empty())
        complain(QStringLiteral("nothing is stored of what was asked for"));
    complain(report.summary());
    return printed;
}

void SyncCommand::showReceipts()
{
    const auto receipts = sync::SyncRun::receipts(m_wish);
    if (!receipts)
        return fail(receipts.error());
    Table table{{{QStringLiteral("file")},
                 {QStringLiteral("rows"), true},
                 {QStringLiteral("first")},
                 {QStringLiteral("last")},
                 {QStringLiteral("bytes"), true},
                 {QStringLiteral("sha256")}},
                {}};
    for (const auto &[folder, receipt] : *receipts)
        table.rows.push_back({Cell::of(folder + u'/' + receipt.name), Cell::of(receipt.rows), Cell::of(receipt.first),
                              Cell::of(receipt.last), Cell::of(receipt.stamp.size),
                              Cell::of(QString::fromLatin1(receipt.sha256))});
    finish(print(table) ? Done : Internal);
}

} // namespace tk::app
