// The only source of chance in the simulator: the same input gives the same output, for ever and in every process.
#pragma once

#include <QByteArrayView>
#include <QtGlobal>

namespace tk::sim {

constexpr quint64 mix(quint64 x) // splitmix64
{
    x += 0x9e3779b97f4a7c15ULL;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
    return x ^ (x >> 31);
}

constexpr quint64 mix(quint64 seed, quint64 x)
{
    return mix(seed ^ mix(x));
}

inline quint64 mixText(quint64 seed, QByteArrayView text)
{
    for (const char c : text)
        seed = mix(seed, quint8(c));
    return seed;
}

constexpr double unit(quint64 hash) // [0, 1)
{
    return double(hash >> 11) * 0x1.0p-53;
}

} // namespace tk::sim
