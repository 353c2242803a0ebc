#include "ui/chart/value_line.h"

#include <QCoreApplication>

namespace tk::ui {

namespace {

QString translated(const char *text)
{
    return QCoreApplication::translate("tk::ui::ValueLine", text);
}

} // namespace

QString decimalText(const DecimalText &decimal)
{
    const std::string_view text = decimal.view();
    return text.empty() ? neverText() : priceText(QString::fromLatin1(text.data(), qsizetype(text.size())));
}

std::vector<ValuePart> valueParts(const Candle &candle, bool forming, Timeframe timeframe, UtcTime now, ClockZone zone)
{
    const std::string_view source = sourceName(candle.source);
    const QString opened = candleOpenText(candle.open_time, timeframe, now, zone);
    return {
        {QString(), opened + u' ' + zoneName(candle.open_time, zone)},
        {QStringLiteral("O"), decimalText(candle.open)},
        {QStringLiteral("H"), decimalText(candle.high)},
        {QStringLiteral("L"), decimalText(candle.low)},
        {QStringLiteral("C"), decimalText(candle.close)},
        {QStringLiteral("V"), decimalText(candle.volume)},
        {translated(QT_TRANSLATE_NOOP("tk::ui::ValueLine", "trades")), countText(candle.trades)},
        {translated(QT_TRANSLATE_NOOP("tk::ui::ValueLine", "source")),
         forming ? translated(QT_TRANSLATE_NOOP("tk::ui::ValueLine", "forming"))
                 : QString::fromLatin1(source.data(), qsizetype(source.size()))},
    };
}

QString valueText(const std::vector<ValuePart> &parts)
{
    QStringList words;
    for (const ValuePart &part : parts)
        words.append(part.label.isEmpty() ? part.value : part.label + u' ' + part.value);
    return words.join(QStringLiteral("  "));
}

} // namespace tk::ui
