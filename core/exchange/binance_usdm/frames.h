// Binance USD-M websocket frames: bytes in, market events out (reference §2.4, §2.5). Pure; one object per thread.
#pragma once

#include "exchange/adapter.h"

#include <memory>

namespace tk::exchange::binance {

class FrameParser
{
public:
    // Full alone is for tests: it has to say the same of every frame.
    enum class Readers { PlainFirst, FullOnly };

    explicit FrameParser(Readers readers = Readers::PlainFirst);
    ~FrameParser();

    // 64 readable bytes must follow the frame. Events that arrive in arrays are told one by one; rows of COIN-M
    // contracts (st 2), which the array streams mix in, are left out.
    Status parse(std::string_view frame, ParsedFrame &into);

private:
    struct State;
    std::unique_ptr<State> m_state;
    Readers m_readers;
};

} // namespace tk::exchange::binance
