// What is used of one limit of an exchange: by our requests, and by others behind the same address as far as answers
// tell of them. Pure; one thread.
#pragma once

#include "base/time.h"
#include "exchange/limits.h"

#include <memory>
#include <optional>

namespace tk::history {

// One moment by both clocks: ours for spans, the exchange's for the windows that it aligns.
struct Moment
{
    MonotonicTime now{};
    UtcTime exchange{};
};

class LimitAccount
{
public:
    virtual ~LimitAccount() = default;

    // Zero: `amount` fits into what we allow ourselves. What is more than the whole of it goes alone, or it never
    // would.
    virtual milliseconds wait(int amount, int allowed, Moment at) = 0;
    virtual void take(int amount) = 0; // a request is sent
    // Its answer, or its end without one: sent at `sent` by the exchange's clock; `told`: what is used, by the answer.
    virtual void settle(int amount, std::optional<int> told, UtcTime sent, Moment at) = 0;
    virtual int used(Moment at) const = 0; // of the window that runs, as far as we know
};

std::unique_ptr<LimitAccount> openAccount(const exchange::RequestLimit &limit);

} // namespace tk::history
