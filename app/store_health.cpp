#include "app/store_health.h"

namespace tk::app {

namespace {

constexpr milliseconds repairTakes{300'000};

QString gapsText(size_t count)
{
    return count == 1 ? QStringLiteral("1 gap") : QStringLiteral("%1 gaps").arg(count);
}

} // namespace

LedgerTrouble ledgerTrouble(const Snapshots &snapshots)
{
    LedgerTrouble trouble;
    for (const auto &history : snapshots.histories) {
        if (history->ledger_trouble.isEmpty() ||
            (!trouble.text.isEmpty() && trouble.since <= history->ledger_trouble_since))
            continue;
        trouble = {history->ledger_trouble, history->ledger_trouble_since};
    }
    return trouble;
}

QStringList storeLosses(const Snapshots &snapshots)
{
    QStringList losses;
    if (const auto &audit = snapshots.audit; audit && !audit->doubt.isEmpty())
        losses.append(QStringLiteral("the database is being counted from end to end since %1: %2")
                          .arg(isoText(audit->doubt_since), audit->doubt));
    for (const auto &history : snapshots.histories) {
        if (history->times_anew < snapshots.store_anew)
            losses.append(QStringLiteral("%1: the store began anew (%2); what is missing is being looked for")
                              .arg(history->exchange, snapshots.store_anew_why));
        else if (history->loss_gaps > 0)
            losses.append(QStringLiteral("%1: what was stored is not there any more: %2 left of it, %3")
                              .arg(history->exchange, gapsText(history->loss_gaps),
                                   history->repairing ? QStringLiteral("being fetched again")
                                                      : QStringLiteral("waiting for history to work")));
    }
    if (snapshots.histories.isEmpty() && snapshots.store_anew > 0)
        losses.append(QStringLiteral("the store began anew (%1)").arg(snapshots.store_anew_why));
    return losses;
}

QStringList databaseRefusals(const Snapshots &snapshots)
{
    QStringList refusals;
    if (snapshots.sender) {
        for (const store::influx::Refusal &refusal : snapshots.sender->refusals)
            refusals.append(QStringLiteral("the database refuses %1 for good since %2: %3; %4")
                                .arg(refusal.measurement, isoText(refusal.since), refusal.reason, refusal.advice));
    }
    if (!refusals.isEmpty())
        return refusals;
    for (const auto &history : snapshots.histories) {
        if (history->refused_gaps > 0)
            refusals.append(QStringLiteral("%1: the database has refused the records of %2; see \"tapekeeper gaps\" "
                                           "and \"tapekeeper dead-letters\"")
                                .arg(history->exchange, gapsText(history->refused_gaps)));
    }
    return refusals;
}

QStringList lastingGaps(const Snapshots &snapshots)
{
    QStringList texts;
    for (const auto &history : snapshots.histories) {
        size_t count = 0;
        UtcTime since = history->at;
        for (const Gap &gap : history->open_gaps) {
            if (toMs(gap.to) == 0 || gap.state == GapState::Refused || history->at - gap.opened < repairTakes)
                continue; // told of by their streams, or by the database
            ++count;
            since = std::min(since, gap.opened);
        }
        if (count > 0)
            texts.append(QStringLiteral("%1: %2 open since %3 and not repaired yet%4")
                             .arg(history->exchange, gapsText(count), isoText(since),
                                  history->repairing ? QString() : QStringLiteral(": history has to work first")));
    }
    return texts;
}

} // namespace tk::app
