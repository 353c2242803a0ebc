// The list of contracts: real names where the names matter (digits first, multiples, Chinese), made up values.
#pragma once

#include "support/exchange/contract.h"

#include <memory>
#include <vector>

namespace tk::sim {

struct UniverseSettings
{
    quint64 seed = 1;
    int pairs = 164;                                          // perpetual USDT contracts that trade
    double activity = 1.0;                                    // factor on the number of trades
    qint64 activeFromMs = std::numeric_limits<qint64>::min(); // the factor holds from here on
    qint64 nowMs = 0; // onboard dates of recently listed contracts are on the grid of days around it
};

class Universe
{
public:
    explicit Universe(const UniverseSettings &settings);

    const std::vector<std::unique_ptr<Contract>> &contracts() const { return m_contracts; }
    Contract *find(QByteArrayView symbol) const;     // in upper or lower case, as REST takes it
    Contract *findLower(QByteArrayView lower) const; // as in stream names

    // Adds a perpetual USDT contract that starts to trade at `onboardMs`.
    Contract *list(const QByteArray &symbol, qint64 onboardMs, qint64 tradesPerHour);

private:
    Contract *add(const QByteArray &base, const QByteArray &quote, double price, qint64 tradesPerHour);
    void addSpecials();

    UniverseSettings m_settings;
    std::vector<std::unique_ptr<Contract>> m_contracts; // addresses stay
};

} // namespace tk::sim
