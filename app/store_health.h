// What is wrong with what was stored, in sentences: one source for status, health, exit codes and metrics. Pure.
#pragma once

#include "app/metrics_bridge.h"

#include <QStringList>

namespace tk::app {

// Why the gap ledger takes nothing; empty while it does. One file, whichever exchange tells of it.
struct LedgerTrouble
{
    QString text{};
    UtcTime since{};
};
LedgerTrouble ledgerTrouble(const Snapshots &snapshots);

// What was stored and is not there any more, and is being brought back. Empty: all is there.
QStringList storeLosses(const Snapshots &snapshots);

// What the database of ours refuses for good, and what is to be done about it.
QStringList databaseRefusals(const Snapshots &snapshots);

// Gaps that have been open for longer than a repair takes.
QStringList lastingGaps(const Snapshots &snapshots);

} // namespace tk::app
