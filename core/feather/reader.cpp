#include "feather/reader.h"

#include "feather/arrow_ids.h"
#include "feather/flat_view.h"
#include "feather/last_row.h"

#include <QtEndian>

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <string_view>

namespace tk::feather {

namespace {

constexpr qint64 mostRows = qint64(1) << 28;
constexpr qint64 mostPadding = 64; // of a column, in bytes
constexpr size_t mostFields = 4096;
constexpr size_t mostMetadata = 4096;

struct Node
{
    qint64 length;
    qint64 nulls;
};
struct Span
{
    qint64 offset;
    qint64 length;
};
struct Block
{
    qint64 offset;
    qint32 metadata;
    qint32 padding;
    qint64 body;
};

Error damaged(const QString &what)
{
    return Error{Error::Kind::Parse, what};
}

Error unknown(const QString &what)
{
    return Error{Error::Kind::Refused, what};
}

template <typename T>
T numberAt(QByteArrayView bytes, qint64 offset)
{
    return qFromLittleEndian<T>(bytes.data() + offset);
}

// A flatbuffer on ground of its own: aligned, whatever the file says.
class FlatCopy
{
public:
    explicit FlatCopy(QByteArrayView bytes)
        : m_words(size_t(bytes.size() + 7) / 8 + 1)
        , m_verifier(reinterpret_cast<const uint8_t *>(m_words.data()), size_t(bytes.size()) + 1, 64, 100'000)
    {
        std::memcpy(m_words.data(), bytes.data(), size_t(bytes.size()));
        m_root = FlatView::root(m_verifier, reinterpret_cast<const uint8_t *>(m_words.data()));
    }
    const FlatView &root() const { return m_root; }

private:
    std::vector<quint64> m_words;
    flatbuffers::Verifier m_verifier;
    FlatView m_root;
};

QByteArray bytesOf(std::string_view text)
{
    return {text.data(), qsizetype(text.size())};
}

Result<Field> readField(const FlatView &view)
{
    const auto broken = [] { return damaged(QStringLiteral("the schema is damaged")); };
    const auto name = view.text(arrow::field::name);
    const auto code = view.number<quint8>(arrow::field::typeType, 0);
    const FlatView type = view.table(arrow::field::type);
    if (!name || !code || !type)
        return broken();
    Field field{.name = bytesOf(*name)};
    const auto other = [&](const QString &what) {
        return unknown(QStringLiteral("column \"%1\" is %2").arg(QString::fromUtf8(field.name), what));
    };
    if (view.has(arrow::field::dictionary))
        return other(QStringLiteral("a dictionary"));
    switch (*code) {
    case arrow::field::integer: {
        const auto width = type.number<qint32>(arrow::integer::bitWidth, 0);
        const auto isSigned = type.number<quint8>(arrow::integer::isSigned, 0);
        if (!width || !isSigned)
            return broken();
        if (*width != 64 || *isSigned != 1)
            return other(QStringLiteral("an integer of %1 bits").arg(*width));
        field.kind = Kind::Integer;
        return field;
    }
    case arrow::field::floatingPoint: {
        const auto precision = type.number<qint16>(arrow::floatingPoint::precision, 0);
        if (!precision)
            return broken();
        if (*precision != arrow::floatingPoint::asDouble)
            return other(QStringLiteral("a float of less than 64 bits"));
        field.kind = Kind::Double;
        return field;
    }
    case arrow::field::timestamp: {
        const auto unit = type.number<qint16>(arrow::timestamp::unit, 0);
        if (!unit || *unit < 0 || *unit > qint16(Unit::Nanosecond))
            return broken();
        field.kind = Kind::Timestamp;
        field.unit = Unit(*unit);
        if (type.has(arrow::timestamp::zone)) {
            const auto zone = type.text(arrow::timestamp::zone);
            if (!zone)
                return broken();
            field.zone = bytesOf(*zone);
        }
        return field;
    }
    default:
        return other(QStringLiteral("of type %1, neither a time nor a number").arg(*code));
    }
}

Result<Schema> readSchema(const FlatView &view)
{
    const auto endianness = view.number<qint16>(arrow::schema::endianness, 0);
    const auto claimed = view.count(arrow::schema::fields);
    if (claimed && *claimed > mostFields)
        return unknown(
            QStringLiteral("the file has %1 columns; this program reads %2 at most").arg(*claimed).arg(mostFields));
    const auto fields = view.tables(arrow::schema::fields, mostFields);
    if (!endianness || !fields)
        return damaged(QStringLiteral("the schema is damaged"));
    if (*endianness != 0)
        return unknown(QStringLiteral("the file is big-endian"));
    Schema schema;
    for (const FlatView &one : *fields) {
        auto field = readField(one);
        if (!field)
            return field.error();
        schema.fields.push_back(std::move(field).value());
    }
    if (view.has(arrow::schema::metadata)) {
        const auto entries = view.count(arrow::schema::metadata);
        if (entries && *entries > mostMetadata)
            return unknown(QStringLiteral("the file has %1 entries of metadata; this program reads %2 at most")
                               .arg(*entries)
                               .arg(mostMetadata));
        const auto metadata = view.tables(arrow::schema::metadata, mostMetadata);
        if (!metadata)
            return damaged(QStringLiteral("the metadata of the schema are damaged"));
        for (const FlatView &one : *metadata) {
            const auto key = one.text(arrow::keyValue::key);
            const auto value = one.text(arrow::keyValue::value);
            if (!key || !value)
                return damaged(QStringLiteral("the metadata of the schema are damaged"));
            schema.metadata.emplace_back(bytesOf(*key), bytesOf(*value));
        }
    }
    return schema;
}

// Sound files of other kinds that people give this name.
QString otherFormat(QByteArrayView file)
{
    static constexpr std::array<std::pair<std::string_view, const char *>, 6> known{
        {{"FEA1", "Feather of version 1"},
         {"PAR1", "Parquet"},
         {"\x1f\x8b", "compressed with gzip"},
         {"\x28\xb5\x2f\xfd", "compressed with zstd"},
         {"\x89HDF", "HDF5"},
         {"[", "JSON"}}};
    for (const auto &[begin, name] : known) {
        if (file.startsWith(QByteArrayView(begin.data(), qsizetype(begin.size()))))
            return QString::fromLatin1(name);
    }
    return {};
}

struct Footer
{
    Schema schema;
    std::vector<Block> blocks; // ascending, apart from each other, inside the file
};

// `ending`: the last bytes of a file of `size` bytes, or all of it.
Result<Footer> readFooter(QByteArrayView ending, qint64 size)
{
    constexpr qint64 head = 8;                                 // magic and padding
    constexpr qint64 tail = sizeof(qint32) + arrow::magicSize; // length and magic
    const qint64 before = size - ending.size();                // bytes that are not here
    const auto isMagic = [&](qint64 at) {
        return std::memcmp(ending.data() + at - before, arrow::magic, arrow::magicSize) == 0;
    };
    if (const QString other = before == 0 ? otherFormat(ending) : QString(); !other.isEmpty())
        return unknown(QStringLiteral("the file is %1, and no Feather file of version 2").arg(other));
    if (size < head + tail || ending.size() < tail || (before == 0 && !isMagic(0)))
        return damaged(size == 0 ? QStringLiteral("the file is empty") : QStringLiteral("this is no Feather file"));
    if (!isMagic(size - arrow::magicSize))
        return damaged(QStringLiteral("the file ends early"));
    const qint64 length = numberAt<qint32>(ending, size - tail - before);
    if (length <= 0 || length > size - head - tail)
        return damaged(QStringLiteral("the file's footer is damaged"));
    const qint64 start = size - tail - length;
    if (start < before)
        return unknown(QStringLiteral("the file's footer is longer than what was read of it"));
    const FlatCopy copy(ending.sliced(start - before, length));
    const auto version = copy.root().number<qint16>(arrow::footer::version, 0);
    const FlatView schemaView = copy.root().table(arrow::footer::schema);
    if (!version || !schemaView)
        return damaged(QStringLiteral("the file's footer is damaged"));
    if (*version != arrow::version5 && *version != arrow::version5 - 1)
        return unknown(QStringLiteral("the file is of another version of Arrow (%1)").arg(*version));
    auto schema = readSchema(schemaView);
    if (!schema)
        return schema.error();
    Footer footer{std::move(schema).value(), {}};
    if (copy.root().has(arrow::footer::recordBatches)) {
        auto blocks = copy.root().structs<Block>(arrow::footer::recordBatches);
        if (!blocks)
            return damaged(QStringLiteral("the file's footer is damaged"));
        footer.blocks = std::move(*blocks);
    }
    qint64 end = head;
    for (const Block &block : footer.blocks) {
        const bool inside = block.offset >= end && block.offset <= start && block.metadata >= head &&
                            block.metadata <= start - block.offset && block.body >= 0 &&
                            block.body <= start - block.offset - block.metadata;
        if (!inside || block.offset % arrow::alignment != 0 || block.metadata % arrow::alignment != 0)
            return damaged(QStringLiteral("the file's list of batches is damaged"));
        end = block.offset + block.metadata + block.body;
    }
    return footer;
}

struct Batch
{
    qint64 rows = 0;
    std::vector<Node> nodes;
    std::vector<Span> spans; // a bitmap and values for each column, ascending, apart, inside the body
    bool compressed = false;
};

Result<Batch> readBatch(QByteArrayView message, qint64 bodyLength, size_t columns)
{
    const auto broken = [] { return damaged(QStringLiteral("a batch of the file is damaged")); };
    const qint64 begin = numberAt<quint32>(message, 0);
    if (begin != arrow::continuation) {
        if (begin > 0 && begin <= message.size() - 4) // where the length stood first, before 2019
            return unknown(QStringLiteral("the file is of a version of Arrow before 0.15"));
        return broken();
    }
    const qint64 length = numberAt<qint32>(message, 4);
    if (length <= 0 || length > message.size() - 8)
        return broken();
    const FlatCopy copy(message.sliced(8, length));
    const auto type = copy.root().number<quint8>(arrow::message::headerType, 0);
    const FlatView header = copy.root().table(arrow::message::header);
    if (!type || *type != arrow::message::recordBatch || !header)
        return broken();
    const auto rows = header.number<qint64>(arrow::recordBatch::length, 0);
    auto nodes = header.structs<Node>(arrow::recordBatch::nodes);
    auto spans = header.structs<Span>(arrow::recordBatch::buffers);
    if (!rows || *rows < 0 || *rows > mostRows || !nodes || nodes->size() != columns || !spans ||
        spans->size() != 2 * columns)
        return broken();
    Batch batch{*rows, std::move(*nodes), std::move(*spans), header.has(arrow::recordBatch::compression)};
    if (batch.compressed) {
        const FlatView compression = header.table(arrow::recordBatch::compression);
        const auto codec = compression.number<qint8>(arrow::compression::codec, 0);
        const auto method = compression.number<qint8>(arrow::compression::method, 0);
        if (!codec || !method)
            return broken();
        if (*codec == arrow::compression::zstd)
            return unknown(QStringLiteral("the file is compressed with ZSTD, not with LZ4 as freqtrade does: write it "
                                          "again with compression=\"lz4\""));
        if (*codec != arrow::compression::lz4Frame || *method != 0)
            return unknown(QStringLiteral("the file's compression is not known (%1)").arg(*codec));
    }
    for (const Node &node : batch.nodes) {
        if (node.length != batch.rows || node.nulls < 0 || node.nulls > batch.rows)
            return broken();
    }
    qint64 end = 0;
    for (const Span &span : batch.spans) {
        if (span.length < 0 || span.offset < 0 || span.length > bodyLength || span.offset > bodyLength - span.length)
            return broken();
        if (span.length == 0)
            continue;
        if (span.offset < end)
            return broken();
        end = span.offset + span.length;
    }
    return batch;
}

// Appends space for `rows` values, and returns where they go.
void *grow(Column &column, Kind kind, qint64 rows)
{
    if (kind == Kind::Double) {
        column.doubles.resize(column.doubles.size() + size_t(rows));
        return column.doubles.data() + column.doubles.size() - rows;
    }
    column.integers.resize(column.integers.size() + size_t(rows));
    return column.integers.data() + column.integers.size() - rows;
}

} // namespace

Result<Schema> Reader::schema(QByteArrayView file)
{
    auto footer = readFooter(file, file.size());
    if (!footer)
        return footer.error();
    return std::move(footer.value().schema);
}

Result<Table> Reader::read(QByteArrayView file)
{
    auto footer = readFooter(file, file.size());
    if (!footer)
        return footer.error();
    Table table{std::move(footer.value().schema), 0, {}};
    const size_t count = table.schema.fields.size();
    table.columns.resize(count);

    // The bytes of one buffer: as they are, or unpacked. `size` is what it must have.
    const auto unpack = [&](QByteArrayView bytes, bool compressed, void *into, size_t size) -> Status {
        const auto broken = [] { return damaged(QStringLiteral("a column has another length than its rows")); };
        if (!compressed || (bytes.size() >= 8 && numberAt<qint64>(bytes, 0) == -1)) {
            if (compressed)
                bytes = bytes.sliced(8);
            if (size_t(bytes.size()) < size)
                return broken();
            std::memcpy(into, bytes.data(), size);
            return ok();
        }
        // Some writers pad what they pack.
        if (bytes.size() < 8)
            return broken();
        const qint64 whole = numberAt<qint64>(bytes, 0);
        const size_t packed = size_t(bytes.size() - 8);
        if (whole < qint64(size) || whole > qint64(size) + mostPadding || size_t(whole) > Lz4Frame::mostIn(packed))
            return broken();
        if (size_t(whole) == size)
            return m_lz4.decompress(bytes.data() + 8, packed, into, size);
        m_scratch.resize(size_t(whole));
        if (const Status unpacked = m_lz4.decompress(bytes.data() + 8, packed, m_scratch.data(), size_t(whole));
            !unpacked)
            return unpacked.error();
        std::memcpy(into, m_scratch.data(), size);
        return ok();
    };

    for (const Block &block : footer->blocks) {
        const QByteArrayView message = file.sliced(block.offset, block.metadata);
        const QByteArrayView body = file.sliced(block.offset + block.metadata, block.body);
        const auto batch = readBatch(message, block.body, count);
        if (!batch)
            return batch.error();
        if (batch->rows > mostRows - table.rows)
            return unknown(QStringLiteral("the file has more than %1 rows").arg(mostRows));
        table.rows += batch->rows;
        if (batch->rows == 0)
            continue;
        for (size_t i = 0; i < count; ++i) {
            if (m_stop && *m_stop)
                return Error{Error::Kind::Cancelled, QStringLiteral("interrupted")};
            const Span &bitmapSpan = batch->spans[2 * i];
            const Span &valueSpan = batch->spans[2 * i + 1];
            const size_t size = size_t(batch->rows) * sizeof(double);
            const size_t most =
                batch->compressed ? Lz4Frame::mostIn(size_t(valueSpan.length)) : size_t(valueSpan.length);
            if (size > most)
                return damaged(QStringLiteral("a column has another length than its rows"));
            const Kind kind = table.schema.fields[i].kind;
            void *values = grow(table.columns[i], kind, batch->rows);
            if (const Status status =
                    unpack(body.sliced(valueSpan.offset, valueSpan.length), batch->compressed, values, size);
                !status)
                return status.error();
            if (batch->nodes[i].nulls == 0)
                continue;
            if (kind != Kind::Double)
                return unknown(
                    QStringLiteral("column \"%1\" has holes").arg(QString::fromUtf8(table.schema.fields[i].name)));
            std::vector<quint8> bitmap(size_t(batch->rows + 7) / 8);
            if (const Status status = unpack(body.sliced(bitmapSpan.offset, bitmapSpan.length), batch->compressed,
                                             bitmap.data(), bitmap.size());
                !status)
                return status.error();
            double *doubles = static_cast<double *>(values);
            for (qint64 row = 0; row < batch->rows; ++row) {
                if (!(bitmap[size_t(row / 8)] >> (row % 8) & 1))
                    doubles[row] = std::numeric_limits<double>::quiet_NaN();
            }
        }
    }
    return table;
}

Result<LastBatch> lastBatch(QByteArrayView ending, qint64 size)
{
    auto footer = readFooter(ending, size);
    if (!footer)
        return footer.error();
    LastBatch last{std::move(footer.value().schema), {}, {}};
    if (!footer->blocks.empty()) {
        const Block &block = footer->blocks.back();
        last.head = {block.offset, block.metadata};
        last.body = {block.offset + block.metadata, block.body};
    }
    return last;
}

Result<ColumnPlace> columnPlace(const LastBatch &batch, QByteArrayView head, size_t column)
{
    if (head.size() != batch.head.length || column >= batch.schema.fields.size())
        return damaged(QStringLiteral("a batch of the file is not whole"));
    const auto read = readBatch(head, batch.body.length, batch.schema.fields.size());
    if (!read)
        return read.error();
    if (read->nodes[column].nulls != 0)
        return damaged(QStringLiteral("the column has holes"));
    const Span &span = read->spans[2 * column + 1];
    return ColumnPlace{{batch.body.offset + span.offset, span.length}, read->rows, read->compressed};
}

Result<qint64> lastInteger(const ColumnPlace &place, QByteArrayView bytes)
{
    const auto broken = [] { return damaged(QStringLiteral("a column has another length than its rows")); };
    const qint64 size = place.rows * qint64(sizeof(qint64));
    if (place.rows < 1 || bytes.size() != place.piece.length)
        return broken();
    bool packed = place.compressed;
    if (packed) {
        if (bytes.size() < 8)
            return broken();
        const qint64 whole = numberAt<qint64>(bytes, 0);
        bytes = bytes.sliced(8);
        packed = whole != -1;
        if (packed &&
            (whole < size || whole > size + mostPadding || size_t(whole) > Lz4Frame::mostIn(size_t(bytes.size()))))
            return broken();
        if (packed) {
            std::vector<char> values(static_cast<size_t>(whole));
            Lz4Frame lz4;
            if (const Status unpacked =
                    lz4.decompress(bytes.data(), size_t(bytes.size()), values.data(), values.size());
                !unpacked)
                return unpacked.error();
            return qFromLittleEndian<qint64>(values.data() + size - qint64(sizeof(qint64)));
        }
    }
    if (bytes.size() < size)
        return broken();
    return numberAt<qint64>(bytes, size - qint64(sizeof(qint64)));
}

} // namespace tk::feather
