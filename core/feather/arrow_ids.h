// Numbers of the Arrow IPC format, version 5: slots of its flatbuffers tables, codes of its unions.
#pragma once

#include <flatbuffers/base.h>

namespace tk::feather::arrow {

// A slot's place in the vtable.
constexpr flatbuffers::voffset_t slot(int number)
{
    return flatbuffers::voffset_t(4 + 2 * number);
}

inline constexpr char magic[] = "ARROW1";
inline constexpr int magicSize = 6;
inline constexpr int alignment = 8;
inline constexpr unsigned continuation = 0xFFFF'FFFF;
inline constexpr int version5 = 4;

namespace message {
inline constexpr auto version = slot(0), headerType = slot(1), header = slot(2), bodyLength = slot(3);
inline constexpr int schema = 1, dictionaryBatch = 2, recordBatch = 3; // header types
} // namespace message

namespace schema {
inline constexpr auto endianness = slot(0), fields = slot(1), metadata = slot(2);
}

namespace keyValue {
inline constexpr auto key = slot(0), value = slot(1);
}

namespace field {
inline constexpr auto name = slot(0), nullable = slot(1), typeType = slot(2), type = slot(3), dictionary = slot(4),
                      children = slot(5);
inline constexpr int integer = 2, floatingPoint = 3, timestamp = 10; // types
} // namespace field

namespace integer {
inline constexpr auto bitWidth = slot(0), isSigned = slot(1);
}

namespace floatingPoint {
inline constexpr auto precision = slot(0);
inline constexpr int asDouble = 2;
} // namespace floatingPoint

namespace timestamp {
inline constexpr auto unit = slot(0), zone = slot(1);
}

namespace recordBatch {
inline constexpr auto length = slot(0), nodes = slot(1), buffers = slot(2), compression = slot(3);
}

namespace compression {
inline constexpr auto codec = slot(0), method = slot(1);
inline constexpr int lz4Frame = 0, zstd = 1;
} // namespace compression

namespace footer {
inline constexpr auto version = slot(0), schema = slot(1), dictionaries = slot(2), recordBatches = slot(3);
}

} // namespace tk::feather::arrow
