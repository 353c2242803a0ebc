// The reader of Feather files: whatever the bytes are, it ends with a table or an error; and a table that it gives can
// be written and read again, with the same schema and the same values.
#include "fuzz_target.h"

#include "feather/reader.h"
#include "feather/writer.h"

#include <cstring>

using namespace tk;
using namespace tk::feather;

namespace {

bool same(const Column &a, const Column &b)
{
    return a.integers == b.integers && a.doubles.size() == b.doubles.size() &&
           (a.doubles.empty() ||
            std::memcmp(a.doubles.data(), b.doubles.data(), a.doubles.size() * sizeof(double)) == 0);
}

// A sound file of two batches.
QByteArray soundFile()
{
    Table table{
        {{{"date", Kind::Timestamp, Unit::Nanosecond, "UTC"}, {"open"}, {"count", Kind::Integer}}, {{"k", "v"}}},
        6,
        std::vector<Column>(3)};
    for (qint64 i = 0; i < table.rows; ++i) {
        table.columns[0].integers.push_back(i * 1'000'000);
        table.columns[1].doubles.push_back(double(i) / 3);
        table.columns[2].integers.push_back(i);
    }
    return Writer({.level = 9, .batch_rows = 4}).write(table).value();
}

void judge(QByteArrayView file)
{
    Reader reader;
    const auto table = reader.read(file);
    const auto schema = Reader::schema(file);
    if (!table) {
        FUZZ_CHECK(!table.error().message.isEmpty());
        return;
    }
    FUZZ_CHECK(schema.has_value() && *schema == table->schema);
    FUZZ_CHECK(table->columns.size() == table->schema.fields.size());
    qint64 bytes = 0;
    for (const Column &column : table->columns)
        bytes += qint64(column.integers.size() + column.doubles.size()) * 8;
    FUZZ_CHECK(bytes <= qint64(file.size()) * 255);
    const auto again = Writer().write(*table);
    FUZZ_CHECK(again.has_value());
    const auto back = reader.read(*again);
    FUZZ_CHECK(back.has_value() && back->schema == table->schema && back->rows == table->rows);
    for (size_t i = 0; i < table->columns.size(); ++i)
        FUZZ_CHECK(same(back->columns[i], table->columns[i]));
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    judge(QByteArrayView(reinterpret_cast<const char *>(data), qsizetype(size)));

    // Most changes of length end at the footer. So the last bytes are taken as small changes of a sound file, too:
    // place and value, three bytes each.
    static const QByteArray sound = soundFile();
    QByteArray file = sound;
    for (size_t at = size; at >= 3 && size - at < 12; at -= 3)
        file[(data[at - 3] << 8 | data[at - 2]) % file.size()] = char(data[at - 1]);
    judge(file);
    return 0;
}
