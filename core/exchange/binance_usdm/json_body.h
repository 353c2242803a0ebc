// The body of an answer as JSON.
#pragma once

#include <QByteArrayView>

#include <simdjson.h>

namespace tk::exchange::binance {

// An empty body may have no address, which simdjson 3.0 would hand to memcpy.
inline simdjson::simdjson_result<simdjson::dom::element> parseBody(simdjson::dom::parser &parser, QByteArrayView body)
{
    if (body.isEmpty())
        return simdjson::EMPTY;
    return parser.parse(body.data(), size_t(body.size()));
}

} // namespace tk::exchange::binance
