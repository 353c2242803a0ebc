#include "app/commands/copy.h"

#include "app/commands/named_series.h"

#include <cstdlib>

namespace tk::app {

CopyCommand::CopyCommand(const CommandLine &commandLine, const config::Settings &givenSettings)
    : Command(commandLine, givenSettings)
{
    connect(&m_signals, &runtime::SignalWatcher::terminate, this, [this](int count) {
        if (count > 1)
            std::_Exit(DoesNotHold);
        m_stop = true;
    });
}

CopyCommand::~CopyCommand()
{
    m_stop = true;
    if (m_worker.joinable())
        m_worker.join();
}

Result<CopyWish> CopyCommand::wish() const
{
    const auto kind = [](const QString &name) {
        return name == QLatin1StringView("influx") ? StoreKind::Influx : StoreKind::Embedded;
    };
    CopyWish wish{.settings = settings(),
                  .source = kind(line().source),
                  .target = kind(line().target),
                  .from = line().from,
                  .to = line().to};
    wish.exchange = line().exchange;
    auto pairs = namedPairs(line().pairs);
    auto timeframes = namedTimeframes(line().timeframes);
    if (!pairs || !timeframes)
        return pairs ? timeframes.error() : pairs.error();
    wish.pairs = std::move(pairs).value();
    wish.timeframes = std::move(timeframes).value();
    return wish;
}

void CopyCommand::start()
{
    const auto asked = wish();
    if (!asked)
        return fail(asked.error());
    if (const Status status = m_signals.start(); !status)
        complain(status.error().message);
    m_bar.emplace(QStringLiteral("points"));
    // The stores are waited for elsewhere, so that a signal is heard here.
    m_worker = std::thread([this, wish = *asked, clock = makeClock(line())] {
        StoreCopy copy(wish, clock, m_stop, [this](qint64 done, qint64 total, const QString &what) {
            QMetaObject::invokeMethod(
                this,
                [this, done, total, what] {
                    if (m_bar)
                        m_bar->show(done, total, what);
                },
                Qt::QueuedConnection);
        });
        Result<CopyReport> result = copy.run();
        QMetaObject::invokeMethod(
            this,
            [this, result = std::move(result)] {
                m_bar.reset();
                if (!result)
                    return fail(result.error());
                show(*result);
            },
            Qt::QueuedConnection);
    });
}

void CopyCommand::show(const CopyReport &report)
{
    Table table{{{QStringLiteral("measurement")},
                 {QStringLiteral("series"), true},
                 {QStringLiteral("points"), true},
                 {QStringLiteral("refused"), true},
                 {QStringLiteral("missing"), true}},
                {}};
    bool whole = report.impossible == 0;
    for (const CopyRow &row : report.rows) {
        whole &= row.refused == 0 && row.missing == 0;
        table.rows.push_back({Cell::of(row.measurement), Cell::of(row.series), Cell::of(row.points),
                              Cell::of(row.refused), Cell::of(row.missing)});
    }
    if (!print(table))
        return finish(Internal);
    for (const QString &problem : report.problems)
        complain(problem);
    if (report.ticks > 0)
        complain(QStringLiteral("%1 ticks stay where they are: copy takes candles, settled funding and mark prices")
                     .arg(report.ticks));
    const bool asked = !line().pairs.isEmpty() || !line().timeframes.isEmpty() || line().from || line().to;
    if (report.rows.empty()) {
        complain(QStringLiteral("there is nothing to copy in the %1 store").arg(line().source));
        return finish(asked ? DoesNotHold : Done); // who names something expects it to be there
    }
    if (!whole)
        complain(QStringLiteral("not everything is in the %1 store; copying again sends all of it again")
                     .arg(line().target) +
                 (report.impossible > 0 ? QStringLiteral(". Rows that cannot be are fetched from the exchange with "
                                                         "\"tapekeeper backfill\"")
                                        : QString()));
    finish(whole ? Done : DoesNotHold);
}

} // namespace tk::app
