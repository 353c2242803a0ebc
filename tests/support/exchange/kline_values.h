// What stream and history must agree on about the end of a candle.
#pragma once

#include "support/exchange/tape.h"

namespace tk::sim {

// When the closed frame of a candle that ends at `closeMs` is sent: 0.2 s to 2 s after it.
qint64 closeDue(const Contract &contract, qint64 closeMs);

// Another telling of a candle, for the fault history-correction: what is said before it is corrected.
Aggregate preliminary(const Contract &contract, const Aggregate &sum);

} // namespace tk::sim
