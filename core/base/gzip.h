// Bodies made small for the wire, whole buffers at a time. Pure.
#pragma once

#include <QByteArray>
#include <QByteArrayView>

#include <memory>
#include <optional>

namespace tk {

// Keeps its working memory from one buffer to the next. One thread at a time.
class GzipCompressor
{
public:
    explicit GzipCompressor(int level = 1); // 1: the fastest, and for line protocol nearly as small as any
    ~GzipCompressor();
    QByteArray compress(QByteArrayView bytes); // one gzip member

private:
    struct State;
    std::unique_ptr<State> m_state;
};

// One gzip member whose content is at most `longest` bytes; nothing for anything else.
std::optional<QByteArray> gunzip(QByteArrayView bytes, qsizetype longest);

} // namespace tk
