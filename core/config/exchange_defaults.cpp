#include "config/exchange_defaults.h"

#include "exchange/catalog.h"

namespace tk::config {

QString defaultExchange()
{
    return exchange::builtInCatalog().entries().front().name;
}

QUrl defaultRestUrl()
{
    return exchange::builtInCatalog().entries().front().rest_url;
}

QUrl defaultWsUrl()
{
    return exchange::builtInCatalog().entries().front().ws_url;
}

} // namespace tk::config
