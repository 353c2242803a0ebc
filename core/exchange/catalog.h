// The exchanges that a program can collect from, as data: for each its adapter and what a configuration need not say.
// Who adds an exchange adds its folder and one row to the built-in catalogue. Values; any thread.
#pragma once

#include "base/result.h"
#include "exchange/adapter.h"

#include <QStringList>
#include <QUrl>

#include <functional>
#include <memory>
#include <vector>

namespace tk::exchange {

struct CatalogEntry
{
    QString name;         // in configuration, store and metrics: "binance-usdm"
    QString display_name; // for people: "Binance USD-M"
    QUrl rest_url;
    QUrl ws_url;
    std::function<std::unique_ptr<ExchangeAdapter>()> make; // a new one for each thread that uses it
};

class Catalog
{
public:
    explicit Catalog(std::vector<CatalogEntry> entries)
        : m_entries(std::move(entries))
    {}

    const std::vector<CatalogEntry> &entries() const { return m_entries; } // the first is what a new user gets
    const CatalogEntry *find(const QString &name) const;                   // nothing: unknown
    QStringList names() const;

    // An error names what is known.
    Result<std::unique_ptr<ExchangeAdapter>> makeAdapter(const QString &name) const;

private:
    std::vector<CatalogEntry> m_entries;
};

// What this program is built with.
const Catalog &builtInCatalog();

} // namespace tk::exchange
