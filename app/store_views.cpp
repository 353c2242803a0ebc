#include "app/store_views.h"

#include "app/open_store.h"
#include "base/logging.h"
#include "store/gap_ledger.h"

#include <QDir>
#include <QJsonArray>

namespace tk::app {

namespace {

constexpr qint64 mostCandles = 100'000; // of one answer
constexpr qint64 usualCandles = 1'500;

struct Question
{
    QString command;
    QString exchange;
    QString pair;
    std::optional<Timeframe> timeframe;
    TimeSpan span{};
    qint64 limit = usualCandles;
};

Result<Question> parse(const QString &command, const QJsonObject &args, UtcTime now)
{
    Question question{.command = command,
                      .exchange = args.value(QLatin1String("exchange")).toString(),
                      .pair = args.value(QLatin1String("pair")).toString(),
                      .timeframe = timeframeFromName(args.value(QLatin1String("timeframe")).toString().toStdString())};
    if (command == QLatin1String("series"))
        return question;
    if (question.exchange.isEmpty() || question.pair.isEmpty())
        return Error{Error::Kind::Refused, QStringLiteral("%1 needs \"exchange\" and \"pair\"").arg(command)};
    if (command == QLatin1String("candles") && !question.timeframe)
        return Error{Error::Kind::Refused, QStringLiteral("candles needs a \"timeframe\"")};
    question.span = {fromMs(args.value(QLatin1String("from")).toInteger(0)),
                     fromMs(args.value(QLatin1String("to")).toInteger(toMs(now)))};
    question.limit = std::clamp<qint64>(args.value(QLatin1String("limit")).toInteger(usualCandles), 1, mostCandles);
    return question;
}

// What the exchange is known not to have: there will be no candle, and the chart says why.
QJsonArray unfillable(const SeriesKey &series, const QString &dataDir)
{
    QJsonArray rows;
    const auto gaps = store::readUnclosedGaps(QDir(dataDir).filePath(QStringLiteral("ledger.sqlite")));
    if (!gaps) {
        qCWarning(lcStore).noquote() << gaps.error().message;
        return rows;
    }
    const StreamKey stream{series.exchange, series.pair, StreamKind::Candles, series.timeframe};
    for (const Gap &gap : *gaps) {
        if (gap.state == GapState::Unfillable && gap.stream == stream)
            rows.append(QJsonArray{toMs(gap.from), toMs(gap.to), gap.reason.isEmpty() ? gap.cause : gap.reason});
    }
    return rows;
}

Result<QJsonValue> answerCandles(const Question &question, store::StoreReader &reader, const QString &dataDir)
{
    const SeriesKey series{question.exchange, question.pair, *question.timeframe};
    const auto candles = reader.candles(series, question.span, question.limit);
    if (!candles)
        return candles.error();
    const auto first = reader.firstTime(series);
    if (!first)
        return first.error();
    QJsonArray rows;
    for (const Candle &candle : *candles)
        rows.append(candleArray(candle));
    return QJsonValue(QJsonObject{{QStringLiteral("candles"), rows},
                                  {QStringLiteral("unfillable"), unfillable(series, dataDir)},
                                  {QStringLiteral("first"), first->has_value() ? toMs(**first) : 0}});
}

Result<QJsonValue> answer(const Question &question, store::StoreReader &reader, const QString &dataDir)
{
    if (question.command == QLatin1String("candles"))
        return answerCandles(question, reader, dataDir);
    QJsonArray rows;
    if (question.command == QLatin1String("series")) {
        const auto series = reader.candleSeries();
        if (!series)
            return series.error();
        for (const store::SeriesSummary &row : *series)
            rows.append(QJsonArray{row.series.exchange, row.series.pair, timeframeText(row.series.timeframe),
                                   toMs(row.first), toMs(row.last), row.count});
        return QJsonValue(rows);
    }
    if (question.command == QLatin1String("marks")) {
        const auto marks = reader.markHistory(question.exchange, question.pair, question.span);
        if (!marks)
            return marks.error();
        for (const MarkPoint &mark : *marks)
            rows.append(QJsonArray{toMs(mark.time), decimalText(mark.price), decimalText(mark.index_price)});
    } else {
        const auto rates = reader.fundingHistory(question.exchange, question.pair, question.span);
        if (!rates)
            return rates.error();
        for (const FundingPoint &rate : *rates)
            rows.append(QJsonArray{toMs(rate.time), decimalText(rate.rate)});
    }
    return QJsonValue(QJsonObject{{QStringLiteral("points"), rows}});
}

} // namespace

StoreViews::StoreViews(std::function<config::Settings()> settings, std::function<UtcTime()> now)
    : m_settings(std::move(settings))
    , m_now(std::move(now))
{
    m_pool.setMaxThreadCount(2); // a slow question does not hold up the next chart
}

StoreViews::~StoreViews()
{
    m_pool.clear();
}

bool StoreViews::knows(const QString &command)
{
    static const QStringList commands{QStringLiteral("candles"), QStringLiteral("marks"), QStringLiteral("funding"),
                                      QStringLiteral("series")};
    return commands.contains(command);
}

void StoreViews::run(const QString &command, const QJsonObject &args, link::Reply reply)
{
    const auto question = parse(command, args, m_now());
    if (!question)
        return reply.fail(question.error());
    m_pool.start([this, question = *question, reply, settings = m_settings(), now = m_now] {
        const auto told = [&]() -> Result<QJsonValue> {
            const auto reader = openReader(settings, now);
            return reader ? answer(question, **reader, settings.engine.data_dir) : reader.error();
        }();
        QMetaObject::invokeMethod(this, [reply, told] {
            if (told)
                reply.finish(*told);
            else
                reply.fail(told.error());
        });
    });
}

void StoreViews::findLastStored(std::shared_ptr<store::StoreFactory> store)
{
    m_pool.start([this, store = std::move(store)] {
        const auto index = store->openIndex();
        const auto series =
            index ? index.value()->candleSeries() : Result<std::vector<store::SeriesSummary>>(index.error());
        if (!series) {
            qCWarning(lcStore).noquote() << "the newest stored candles could not be looked up:"
                                         << series.error().message;
            return;
        }
        LastStored stored;
        for (const store::SeriesSummary &row : *series)
            stored.insert(row.series, row.last);
        QMetaObject::invokeMethod(this, [this, stored] { Q_EMIT lastStoredFound(stored); });
    });
}

} // namespace tk::app
