#include "support/exchange/universe.h"

#include "support/exchange/hash.h"

#include <QList>
#include <QString>

#include <algorithm>
#include <array>
#include <cmath>

namespace tk::sim {

namespace {

constexpr qint64 dayMs = 86'400'000;

struct Named
{
    const char *base;
    double price;          // 0: by chance
    int tradesPerHour = 0; // 0: by chance
};

// The majors and the names that break parsers come first, so that few pairs have them too.
constexpr std::array named{
    Named{"BTC", 84000, 3600},      Named{"ETH", 2900, 3000},       Named{"SOL", 132, 1800},
    Named{"XRP", 1.48, 1500},       Named{"DOGE", 0.145, 1200},     Named{"ADA", 0.41, 900},
    Named{"AVAX", 13.2, 720},       Named{"LINK", 12.6, 720},       Named{"LTC", 82, 600},
    Named{"DOT", 2.3, 600},         Named{"1INCH", 0.18, 240},      Named{"币安人生", 0.4762, 240},
    Named{"1000PEPE", 0.0045, 900}, Named{"0G", 1.2, 180},          Named{"4", 0.05, 120},
    Named{"龙虾", 0.021, 60},       Named{"1000SHIB", 0.0085, 600}, Named{"1000000MOG", 0.35, 120},
    Named{"我踏马来了", 0.012, 40}, Named{"牛来", 0.0034, 30},      Named{"USDC", 1.0001, 120},
    Named{"XUSD", 0.9998, 60},
};

constexpr std::array names{
    "BNB",    "TRX",     "BCH",    "XLM",      "HBAR",    "UNI",   "AAVE",   "NEAR",   "APT",    "ICP",      "ETC",
    "ATOM",   "FIL",     "ARB",    "OP",       "SUI",     "TON",   "TAO",    "RENDER", "INJ",    "SEI",      "TIA",
    "STX",    "IMX",     "GRT",    "ALGO",     "VET",     "THETA", "FTM",    "SAND",   "MANA",   "AXS",      "GALA",
    "CHZ",    "ENJ",     "CRV",    "COMP",     "MKR",     "SNX",   "YFI",    "SUSHI",  "BAL",    "ZRX",      "KNC",
    "LRC",    "BAT",     "ZEC",    "DASH",     "XMR",     "NEO",   "QTUM",   "ONT",    "IOTA",   "ZIL",      "KAVA",
    "RUNE",   "EGLD",    "FLOW",   "MINA",     "ROSE",    "CELO",  "ONE",    "ANKR",   "SKL",    "STORJ",    "COTI",
    "CTSI",   "DENT",    "HOT",    "IOST",     "RVN",     "SXP",   "KSM",    "AR",     "LPT",    "ENS",      "DYDX",
    "GMX",    "LDO",     "APE",    "GMT",      "MAGIC",   "BLUR",  "HOOK",   "CFX",    "ID",     "JOE",      "RDNT",
    "PENDLE", "WLD",     "ARKM",   "CYBER",    "BIGTIME", "ORDI",  "MEME",   "TOKEN",  "JTO",    "ACE",      "NFP",
    "AI",     "XAI",     "MANTA",  "ALT",      "JUP",     "ZETA",  "DYM",    "PIXEL",  "STRK",   "PORTAL",   "AXL",
    "METIS",  "AEVO",    "ETHFI",  "ENA",      "W",       "TNSR",  "SAGA",   "OMNI",   "REZ",    "BB",       "NOT",
    "IO",     "ZK",      "LISTA",  "ZRO",      "BANANA",  "DOGS",  "POL",    "NEIRO",  "TURBO",  "CATI",     "HMSTR",
    "EIGEN",  "SCR",     "GOAT",   "MOODENG",  "GRASS",   "PNUT",  "ACT",    "HIPPO",  "SWELL",  "ORCA",     "MOVE",
    "ME",     "VANA",    "USUAL",  "FARTCOIN", "KMNO",    "PENGU", "HYPE",   "BIO",    "COOKIE", "GRIFFAIN", "S",
    "TRUMP",  "MELANIA", "ANIME",  "BERA",     "IP",      "KAITO", "SHELL",  "NIL",    "PARTI",  "BABY",     "WCT",
    "INIT",   "SIGN",    "HAEDAL", "PLUME",    "LA",      "HOME",  "RESOLV", "SPK",    "NEWT",   "SAHARA",   "H",
    "ERA",    "TREE",    "PROVE",  "WLFI",
};

int decimalsFor(double price)
{
    if (price >= 100)
        return 2;
    if (price >= 10)
        return 3;
    if (price >= 1)
        return 4;
    if (price >= 0.1)
        return 5;
    return price >= 0.01 ? 6 : 7;
}

int quantityDecimalsFor(double price)
{
    if (price >= 300)
        return 3;
    if (price >= 30)
        return 2;
    return price >= 3 ? 1 : 0;
}

} // namespace

Universe::Universe(const UniverseSettings &settings)
    : m_settings(settings)
{
    for (int i = 0; i < settings.pairs; ++i) {
        const auto at = size_t(i);
        if (at < named.size()) {
            add(named[at].base, "USDT", named[at].price, named[at].tradesPerHour);
            continue;
        }
        const size_t nameAt = at - named.size();
        QByteArray base = nameAt < names.size() ? QByteArray(names[nameAt])
                                                : "SIM" + QByteArray::number(qulonglong(nameAt - names.size() + 1));
        add(base, "USDT", 0, 0);
    }
    addSpecials();
}

Contract *Universe::add(const QByteArray &base, const QByteArray &quote, double price, qint64 tradesPerHour)
{
    auto contract = std::make_unique<Contract>();
    Contract &c = *contract;
    c.index = int(m_contracts.size());
    c.base = base;
    c.quote = quote;
    c.symbol = base + quote;
    c.pair = c.symbol;
    c.lower = c.symbol.toLower();
    c.seed = mixText(m_settings.seed, c.symbol);
    c.contractType = "PERPETUAL";
    c.underlyingType = "COIN";
    c.underlyingSubType = "[\"Crypto\"]";
    const quint64 chance = mix(c.seed, 1);
    if (price <= 0)
        price = std::pow(10.0, -2.3 + 4.3 * unit(chance));
    // One in ten hardly trades: a few times in six hours.
    const bool quiet = tradesPerHour == 0 && c.index % 10 == 7;
    if (tradesPerHour == 0)
        tradesPerHour = 60 + qint64(unit(mix(c.seed, 2)) * unit(mix(c.seed, 3)) * 900);
    c.blockMs = quiet ? 6 * 3'600'000 : 3'600'000;
    c.perBlock = quiet ? 3 + qint64(mix(c.seed, 4) % 6) : tradesPerHour;
    c.perBlockActive = std::max<qint64>(1, std::llround(double(c.perBlock) * m_settings.activity));
    c.activeFromMs = m_settings.activeFromMs;
    if (c.activeFromMs == std::numeric_limits<qint64>::min())
        c.perBlock = c.perBlockActive;
    else
        c.activeFromMs -= c.activeFromMs % c.blockMs;
    c.priceDecimals = decimalsFor(price);
    c.quantityDecimals = quantityDecimalsFor(price);
    c.tick = base == "BTC" ? 10 : 1;
    c.basePrice = price * std::pow(10.0, c.priceDecimals);
    c.lot = std::max<qint64>(1, std::llround(60.0 / price * std::pow(10.0, c.quantityDecimals)));
    c.fundingHours = c.index < 12 ? 8 : std::array{8, 4, 4, 1}[mix(c.seed, 5) % 4];
    // Long ago for most; some were listed within the last weeks, and have less history than a backfill wants.
    c.onboardMs = 1'567'965'300'000 + qint64(mix(c.seed, 6) % (5 * 365)) * dayMs;
    if (m_settings.nowMs > 0 && c.index % 16 == 13)
        c.onboardMs = m_settings.nowMs - m_settings.nowMs % (30 * dayMs) - qint64(2 + mix(c.seed, 7) % 12) * dayMs +
                      9 * 3'600'000 + 30 * 60'000;
    m_contracts.push_back(std::move(contract));
    return m_contracts.back().get();
}

void Universe::addSpecials()
{
    for (const char *base : {"OMG", "BTS", "SRM"}) { // delisted: stay in the list for years, their history readable
        Contract *ended = add(base, "USDT", 0.4, 60);
        ended->onboardMs = 1'593'680'400'000;
        ended->deliveryMs = base[0] == 'O' ? 1'738'314'000'000 : 1'700'000'000'000 - qint64(base[0]) * dayMs;
    }
    Contract *quarter = add("BTC", "USDT", 85000, 600);
    quarter->symbol = "BTCUSDT_261225";
    quarter->lower = quarter->symbol.toLower();
    quarter->contractType = "CURRENT_QUARTER";
    quarter->underlyingSubType = "[]";
    quarter->seed = mixText(m_settings.seed, quarter->symbol);
    quarter->onboardMs = 1'782'460'800'000;
    quarter->deliveryMs = 1'798'185'600'000;
    for (const char *base : {"XAU", "XAG", "TSLA"}) {
        Contract *tradfi = add(base, "USDT", base[1] == 'A' && base[2] == 'U' ? 4103.0 : 59.6, 240);
        tradfi->contractType = "TRADIFI_PERPETUAL";
        tradfi->underlyingType = base[0] == 'T' ? "EQUITY" : "COMMODITY";
        tradfi->underlyingSubType = "[\"TradFi\"]";
        tradfi->fundingHours = 4;
        tradfi->onboardMs = 1'765'440'300'000;
    }
    Contract *pending = add("SOON", "USDT", 1.0, 60);
    pending->contractType = "";
    pending->neverOpens = true;
    add("BTCDOM", "USDT", 5100, 120)->underlyingType = "INDEX";
    add("BTC", "USDC", 84000, 1200)->tick = 10;
    for (const char *base : {"BTC", "ETH", "XRP"}) { // COIN-M rows of the array streams
        Contract *coin = add(base, "USD", base[0] == 'B' ? 84000 : 100, 240);
        coin->pair = coin->symbol;
        coin->symbol += "_PERP";
        coin->lower = coin->symbol.toLower();
        coin->family = 2;
    }
}

Contract *Universe::find(QByteArrayView symbol) const
{
    return findLower(symbol.toByteArray().toLower());
}

Contract *Universe::findLower(QByteArrayView lower) const
{
    const auto found = std::find_if(m_contracts.begin(), m_contracts.end(),
                                    [&](const auto &contract) { return contract->lower == lower; });
    return found == m_contracts.end() ? nullptr : found->get();
}

Contract *Universe::list(const QByteArray &symbol, qint64 onboardMs, qint64 tradesPerHour)
{
    if (find(symbol))
        return nullptr;
    const QByteArray upper = symbol.toUpper();
    Contract *contract = add(upper.endsWith("USDT") ? upper.chopped(4) : upper, "USDT", 0, tradesPerHour);
    contract->onboardMs = onboardMs;
    return contract;
}

} // namespace tk::sim
