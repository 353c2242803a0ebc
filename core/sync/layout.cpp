#include "sync/layout.h"

#include <array>

namespace tk::sync {

namespace {

constexpr std::array candleColumns{"open", "high", "low", "close", "volume"};
constexpr const char *fundingColumn = "funding_rate";

constexpr HostVersion hourlyMarks{2025, 12};
constexpr HostVersion millisecondDates{2026, 4};
constexpr HostVersion narrowFunding{2026, 9};

} // namespace

std::optional<HostVersion> HostVersion::parse(QStringView text)
{
    const qsizetype dot = text.indexOf(u'.');
    if (dot != 4)
        return {};
    qsizetype end = dot + 1;
    while (end < text.size() && text[end].isDigit())
        ++end;
    bool good = false;
    HostVersion version;
    version.year = text.first(dot).toInt(&good);
    if (!good || version.year < 2019)
        return {};
    version.month = text.sliced(dot + 1, end - dot - 1).toInt(&good);
    const bool ends = end == text.size() || text[end] == u'.' || text[end] == u'-';
    if (!good || version.month < 1 || version.month > 12 || !ends)
        return {};
    return version;
}

Layout layoutOf(HostVersion version, const QString &exchange)
{
    Layout layout;
    if (version < millisecondDates)
        layout.unit = feather::Unit::Nanosecond;
    if (version < hourlyMarks) {
        const QString folder = exchangeFolder(exchange);
        const bool fourHours = folder == QLatin1StringView("okx") || folder == QLatin1StringView("bybit");
        layout.mark = fourHours ? Timeframe::H4 : Timeframe::H8;
        layout.funding = Timeframe::H8;
    }
    layout.narrow_funding = version >= narrowFunding;
    return layout;
}

Layout layoutOf(const QStringList &names, const std::optional<feather::Schema> &sample)
{
    Layout layout;
    if (sample && !sample->fields.empty() && sample->fields[0].kind == feather::Kind::Timestamp)
        layout.unit = sample->fields[0].unit;
    const auto has = [&](const char *kind, Timeframe timeframe) {
        const QString end =
            u'-' + timeframeInName(timeframe) + u'-' + QLatin1StringView(kind) + QStringLiteral(".feather");
        return std::any_of(names.begin(), names.end(), [&](const QString &name) { return name.endsWith(end); });
    };
    for (const auto &[kind, timeframe] :
         {std::pair{"mark", &layout.mark}, std::pair{"funding_rate", &layout.funding}}) {
        if (has(kind, Timeframe::H1))
            continue; // an old host's longer ones may lie there still: it moved on
        for (const Timeframe longer : {Timeframe::H8, Timeframe::H4}) {
            if (has(kind, longer))
                *timeframe = longer;
        }
    }
    return layout;
}

feather::Schema schemaOf(Content content, const Layout &layout)
{
    feather::Schema schema;
    schema.fields.push_back({"date", feather::Kind::Timestamp, layout.unit, "UTC"});
    if (content == Content::Funding && layout.narrow_funding) {
        schema.fields.push_back({fundingColumn});
        return schema;
    }
    for (const char *name : candleColumns)
        schema.fields.push_back({name});
    return schema;
}

std::optional<size_t> valueColumns(const feather::Schema &schema, Content content)
{
    const auto &fields = schema.fields;
    const bool dated = !fields.empty() && fields[0].name == "date" && fields[0].kind != feather::Kind::Double;
    if (!dated)
        return {};
    const auto isValue = [&](size_t index, const char *name) {
        return fields[index].name == name && fields[index].kind == feather::Kind::Double;
    };
    if (content == Content::Funding && fields.size() == 2 && isValue(1, fundingColumn))
        return 1;
    if (fields.size() != 1 + candleColumns.size())
        return {};
    for (size_t i = 0; i < candleColumns.size(); ++i) {
        if (!isValue(i + 1, candleColumns[i]))
            return {};
    }
    return candleColumns.size();
}

QString strangeColumn(const feather::Schema &schema, Content content)
{
    const feather::Schema usual = schemaOf(content, {});
    for (size_t i = 0; i < schema.fields.size(); ++i) {
        const QString name = QString::fromUtf8(schema.fields[i].name);
        if (i >= usual.fields.size())
            return QStringLiteral("\"%1\" is one of %2 more").arg(name).arg(schema.fields.size() - usual.fields.size());
        if (schema.fields[i].name != usual.fields[i].name)
            return QStringLiteral("\"%1\" is in the place of \"%2\"")
                .arg(name, QString::fromUtf8(usual.fields[i].name));
        const bool isNumber = schema.fields[i].kind == feather::Kind::Double;
        if ((usual.fields[i].kind == feather::Kind::Double) != isNumber)
            return QStringLiteral("\"%1\" is of another type").arg(name);
    }
    if (schema.fields.size() >= usual.fields.size())
        return QStringLiteral("they are others");
    return QStringLiteral("\"%1\" is missing").arg(QString::fromUtf8(usual.fields[schema.fields.size()].name));
}

} // namespace tk::sync
