#include "feed/wanted_streams.h"

#include "base/logging.h"

#include <algorithm>

namespace tk::feed {

namespace {

// Every pair has one stream that ticks whatever the market does: the canary that its others are judged by.
constexpr StreamKind canary = StreamKind::MarkPrice;

template <typename Value>
bool contains(const std::vector<Value> &values, const Value &value)
{
    return std::ranges::find(values, value) != values.end();
}

} // namespace

std::vector<exchange::StreamSpec> wantedStreams(const exchange::Instrument &instrument, const FeedSettings &settings,
                                                const exchange::ExchangeAdapter &adapter)
{
    std::vector<exchange::StreamSpec> wanted;
    const auto want = [&](StreamKind kind, Timeframe timeframe) {
        if (auto spec = adapter.streamFor(instrument, kind, timeframe))
            wanted.push_back(std::move(spec).value());
        else
            qCWarning(lcFeed).noquote() << spec.error().message << logField(u"pair", instrument.unified);
    };
    for (const StreamKind kind : settings.kinds) {
        if (kind == StreamKind::Candles) {
            for (const Timeframe timeframe : settings.timeframes)
                want(kind, timeframe);
        } else {
            want(kind, Timeframe::M1);
        }
    }
    if (!contains(settings.kinds, canary))
        want(canary, Timeframe::M1);
    return wanted;
}

bool isWanted(const StreamKey &key, const FeedSettings &settings)
{
    if (key.kind == canary)
        return true;
    return contains(settings.kinds, key.kind) &&
           (key.kind != StreamKind::Candles || contains(settings.timeframes, key.timeframe));
}

} // namespace tk::feed
