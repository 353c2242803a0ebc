#include "feather/writer.h"

#include "feather/arrow_ids.h"

#include <flatbuffers/flatbuffers.h>

#include <QtEndian>

#include <algorithm>
#include <cstring>

namespace tk::feather {

namespace {

using flatbuffers::FlatBufferBuilder;
using flatbuffers::Offset;
using flatbuffers::Vector;
using Any = Offset<void>; // of a table; which one is told by where it goes

static_assert(Q_BYTE_ORDER == Q_LITTLE_ENDIAN, "columns are written as they lie in memory");

struct Node
{
    qint64 length;
    qint64 nulls;
};
struct Span
{
    qint64 offset; // from the start of the body
    qint64 length;
};
struct Block
{
    qint64 offset; // in the file
    qint32 metadata;
    qint32 padding;
    qint64 body;
};

class TableScope
{
public:
    explicit TableScope(FlatBufferBuilder &builder)
        : m_builder(builder)
        , m_start(builder.StartTable())
    {}
    template <typename T>
    TableScope &put(flatbuffers::voffset_t slot, T value)
    {
        m_builder.AddElement<T>(slot, value);
        return *this;
    }
    template <typename T>
    TableScope &refer(flatbuffers::voffset_t slot, Offset<T> target)
    {
        m_builder.AddOffset(slot, target);
        return *this;
    }
    Any end() { return Any(m_builder.EndTable(m_start)); }

private:
    FlatBufferBuilder &m_builder;
    flatbuffers::uoffset_t m_start;
};

Offset<flatbuffers::String> text(FlatBufferBuilder &builder, const QByteArray &bytes)
{
    return builder.CreateString(bytes.constData(), size_t(bytes.size()));
}

Any typeOf(FlatBufferBuilder &builder, const Field &field)
{
    switch (field.kind) {
    case Kind::Timestamp: {
        const auto zone = field.zone.isEmpty() ? Offset<flatbuffers::String>() : text(builder, field.zone);
        TableScope type(builder);
        type.put(arrow::timestamp::unit, qint16(field.unit));
        if (!zone.IsNull())
            type.refer(arrow::timestamp::zone, zone);
        return type.end();
    }
    case Kind::Integer:
        return TableScope(builder)
            .put(arrow::integer::bitWidth, qint32(64))
            .put(arrow::integer::isSigned, quint8(1))
            .end();
    case Kind::Double:
        break;
    }
    return TableScope(builder).put(arrow::floatingPoint::precision, qint16(arrow::floatingPoint::asDouble)).end();
}

quint8 typeCode(Kind kind)
{
    switch (kind) {
    case Kind::Timestamp:
        return arrow::field::timestamp;
    case Kind::Integer:
        return arrow::field::integer;
    case Kind::Double:
        break;
    }
    return arrow::field::floatingPoint;
}

Any schemaOf(FlatBufferBuilder &builder, const Schema &schema)
{
    std::vector<Any> fields;
    for (const Field &field : schema.fields) {
        const auto name = text(builder, field.name);
        const Any type = typeOf(builder, field);
        const auto children = builder.CreateVector(std::vector<Any>());
        fields.push_back(TableScope(builder)
                             .refer(arrow::field::name, name)
                             .put(arrow::field::nullable, quint8(1))
                             .put(arrow::field::typeType, typeCode(field.kind))
                             .refer(arrow::field::type, type)
                             .refer(arrow::field::children, children)
                             .end());
    }
    const auto fieldVector = builder.CreateVector(fields);
    Offset<Vector<Any>> metadataVector;
    if (!schema.metadata.empty()) {
        std::vector<Any> metadata;
        for (const auto &[key, value] : schema.metadata) {
            const auto keyText = text(builder, key);
            const auto valueText = text(builder, value);
            metadata.push_back(TableScope(builder)
                                   .refer(arrow::keyValue::key, keyText)
                                   .refer(arrow::keyValue::value, valueText)
                                   .end());
        }
        metadataVector = builder.CreateVector(metadata);
    }
    TableScope table(builder);
    table.put(arrow::schema::endianness, qint16(0)).refer(arrow::schema::fields, fieldVector);
    if (!metadataVector.IsNull())
        table.refer(arrow::schema::metadata, metadataVector);
    return table.end();
}

void pad(QByteArray &file)
{
    while (file.size() % arrow::alignment != 0)
        file.append('\0');
}

void pad(std::vector<char> &body)
{
    while (body.size() % arrow::alignment != 0)
        body.push_back('\0');
}

template <typename T>
void appendNumber(QByteArray &file, T value)
{
    file.append(reinterpret_cast<const char *>(&value), sizeof(value));
}

// Ends the message whose header this is, and appends it to the file; its place and size go into `block`.
void appendMessage(QByteArray &file, FlatBufferBuilder &builder, int type, Any header, qint64 bodyLength, Block &block)
{
    TableScope message(builder);
    message.put(arrow::message::version, qint16(arrow::version5))
        .put(arrow::message::headerType, quint8(type))
        .refer(arrow::message::header, header)
        .put(arrow::message::bodyLength, bodyLength);
    builder.Finish(message.end());
    block.offset = file.size();
    appendNumber(file, arrow::continuation);
    const qint32 padded = (qint32(builder.GetSize()) + arrow::alignment - 1) & -arrow::alignment;
    appendNumber(file, padded);
    file.append(reinterpret_cast<const char *>(builder.GetBufferPointer()), qsizetype(builder.GetSize()));
    pad(file);
    block.metadata = qint32(file.size() - block.offset);
    block.body = bodyLength;
}

bool isWhole(const Table &table)
{
    if (table.rows < 0 || table.columns.size() != table.schema.fields.size())
        return false;
    for (size_t i = 0; i < table.columns.size(); ++i) {
        const bool doubles = table.schema.fields[i].kind == Kind::Double;
        if ((doubles ? table.columns[i].doubles.size() : table.columns[i].integers.size()) != size_t(table.rows))
            return false;
    }
    return true;
}

} // namespace

Result<QByteArray> Writer::write(const Table &table)
{
    if (!isWhole(table))
        return Error{Error::Kind::Refused, QStringLiteral("the columns of a table do not fit its schema")};
    QByteArray file;
    file.reserve(4096 + qsizetype(table.rows) * qsizetype(table.columns.size()) * 9);
    file.append(arrow::magic, arrow::magicSize);
    pad(file);

    FlatBufferBuilder builder(4096);
    builder.ForceDefaults(true); // so that no reader has to know the defaults
    Block schemaBlock{};
    appendMessage(file, builder, arrow::message::schema, schemaOf(builder, table.schema), 0, schemaBlock);

    std::vector<Block> blocks;
    for (qint64 row = 0; row < table.rows; row += m_options.batch_rows) {
        const qint64 count = std::min(m_options.batch_rows, table.rows - row);
        const std::vector<Node> nodes(table.columns.size(), Node{count, 0});
        std::vector<Span> spans;
        m_body.clear();
        for (size_t i = 0; i < table.columns.size(); ++i) {
            if (m_stop && *m_stop)
                return Error{Error::Kind::Cancelled, QStringLiteral("interrupted")};
            const Column &column = table.columns[i];
            const void *values = table.schema.fields[i].kind == Kind::Double
                                     ? static_cast<const void *>(column.doubles.data() + row)
                                     : static_cast<const void *>(column.integers.data() + row);
            spans.push_back({qint64(m_body.size()), 0}); // no nulls, no bitmap
            const size_t start = m_body.size();
            const qint64 length = count * qint64(sizeof(double));
            m_body.insert(m_body.end(), reinterpret_cast<const char *>(&length),
                          reinterpret_cast<const char *>(&length) + sizeof(length));
            if (const Status packed = m_lz4.compress(values, size_t(length), m_options.level, m_body); !packed)
                return packed.error();
            spans.push_back({qint64(start), qint64(m_body.size() - start)});
            pad(m_body);
        }
        builder.Clear();
        builder.ForceDefaults(true);
        const auto nodeVector = builder.CreateVectorOfStructs(nodes);
        const auto spanVector = builder.CreateVectorOfStructs(spans);
        const Any compression = TableScope(builder)
                                    .put(arrow::compression::codec, qint8(arrow::compression::lz4Frame))
                                    .put(arrow::compression::method, qint8(0))
                                    .end();
        const Any batch = TableScope(builder)
                              .put(arrow::recordBatch::length, count)
                              .refer(arrow::recordBatch::nodes, nodeVector)
                              .refer(arrow::recordBatch::buffers, spanVector)
                              .refer(arrow::recordBatch::compression, compression)
                              .end();
        appendMessage(file, builder, arrow::message::recordBatch, batch, qint64(m_body.size()), blocks.emplace_back());
        file.append(m_body.data(), qsizetype(m_body.size()));
    }
    appendNumber(file, arrow::continuation);
    appendNumber(file, qint32(0)); // the end of the stream

    builder.Clear();
    builder.ForceDefaults(true);
    const Any schema = schemaOf(builder, table.schema);
    const auto dictionaries = builder.CreateVectorOfStructs(std::vector<Block>());
    const auto batches = builder.CreateVectorOfStructs(blocks);
    builder.Finish(TableScope(builder)
                       .put(arrow::footer::version, qint16(arrow::version5))
                       .refer(arrow::footer::schema, schema)
                       .refer(arrow::footer::dictionaries, dictionaries)
                       .refer(arrow::footer::recordBatches, batches)
                       .end());
    file.append(reinterpret_cast<const char *>(builder.GetBufferPointer()), qsizetype(builder.GetSize()));
    appendNumber(file, qint32(builder.GetSize()));
    file.append(arrow::magic, arrow::magicSize);
    return file;
}

} // namespace tk::feather
