#include "exchange/binance_usdm/frame_fields.h"

#include <charconv>

namespace tk::exchange::binance {

void FrameFields::keepNamed(std::string_view name, std::string_view text)
{
    const auto number = [text](auto &into) {
        const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), into);
        return problem == std::errc() && end == text.data() + text.size();
    };
    if (name == "st") {
        number(extras.family);
    } else if (name == "ps") {
        extras.pair_symbol = text;
    } else if (name == "cs") {
        extras.status = text;
    } else if (name == "ap") {
        extras.average_price = text;
    } else if (name == "dt") {
        extras.good &= number(extras.delivery);
    } else if (name == "pu") {
        extras.good &= number(extras.previous_id);
    } else if (name == "id") {
        number(answer.id);
    } else if (name == "result") {
        answer.given = true;
    } else if (name == "code") {
        number(answer.code);
        answer.error = true;
    } else if (name == "msg") {
        answer.message = QString::fromUtf8(text.data(), qsizetype(text.size()));
    }
}

} // namespace tk::exchange::binance
