#include "delivery_rig.h"

#include "store/line_protocol.h"
#include "support/rig_clock.h"

#include <QTest>

namespace tk::test {

using namespace std::chrono_literals;
using store::Lane;

namespace {

const QString exchange = QStringLiteral("binance-usdm");

DecimalText decimal(const std::string &text)
{
    return *DecimalText::from(text);
}

} // namespace

DeliveryRig::DeliveryRig(DeliveryOptions options)
    : m_options(std::move(options))
    , m_clock(std::make_shared<RigClock>(m_options.factor))
    , m_begin(candleOpen(Timeframe::D1, m_clock->utcNow() - 30 * 24h))
    , m_witness(m_clock)
{}

DeliveryRig::~DeliveryRig()
{
    stop();
}

bool DeliveryRig::start()
{
    m_audit.reset(); // what was counted before is no count of this run
    auto opened =
        store::influx::InfluxStore::open({.settings = m_options.settings,
                                          .spool = m_options.spool,
                                          .data_dir = folder(),
                                          .audit_every = m_options.audit_every,
                                          .onEvicted =
                                              [this](const std::vector<StreamSpan> &spans) {
                                                  m_evicted.insert(m_evicted.end(), spans.begin(), spans.end());
                                              }},
                                         m_clock);
    if (!opened) {
        qWarning("%s", qUtf8Printable(opened.error().message));
        return false;
    }
    m_store = std::move(opened).value();
    m_writer = m_store->openWriter().value();
    m_context = std::make_unique<QObject>();
    m_host = std::make_unique<runtime::ServiceHost>();
    m_host->add(
        QStringLiteral("sender"),
        [this]() -> std::unique_ptr<runtime::Service> {
            using store::influx::Sender;
            auto sender = m_store->makeSender([] {});
            QObject::connect(sender.get(), &Sender::stored, m_context.get(),
                             [this](const std::vector<quint64> &tickets) {
                                 for (const quint64 ticket : tickets)
                                     m_tickets.remove(ticket);
                             });
            QObject::connect(sender.get(), &Sender::refused, m_context.get(),
                             [this](const std::vector<StreamSpan> &spans, const QString &reason) {
                                 m_refused.insert(m_refused.end(), spans.begin(), spans.end());
                                 m_witness.refused(spans, reason);
                             });
            QObject::connect(sender.get(), &Sender::databaseDoubtful, m_context.get(), [this](const QString &why) {
                if (m_auditService)
                    QMetaObject::invokeMethod(
                        m_auditService, [audit = m_auditService, why] { audit->everythingWanted(why); },
                        Qt::QueuedConnection);
            });
            QObject::connect(sender.get(), &Sender::snapshotReady, m_context.get(), [this](const auto &snapshot) {
                m_sender = snapshot;
                m_witness.take(snapshot);
            });
            return sender;
        },
        3s);
    m_host->add(
        QStringLiteral("audit"),
        [this]() -> std::unique_ptr<runtime::Service> {
            using store::influx::Audit;
            auto audit = m_store->makeAudit([] {});
            QObject::connect(audit.get(), &Audit::gapsFound, m_context.get(), [this](const std::vector<Gap> &gaps) {
                m_gaps.insert(m_gaps.end(), gaps.begin(), gaps.end());
            });
            QObject::connect(audit.get(), &Audit::lossFound, m_context.get(),
                             [this](qint64 points, qint64 resent) { m_witness.lost(points, resent); });
            QObject::connect(audit.get(), &Audit::snapshotReady, m_context.get(), [this](const auto &snapshot) {
                m_audit = snapshot;
                m_witness.take(snapshot);
            });
            m_auditService = audit.get();
            return audit;
        },
        3s);
    bool ready = false;
    QObject::connect(m_host.get(), &runtime::ServiceHost::allReady, m_context.get(), [&ready] { ready = true; });
    m_host->start();
    return waitUntil([&] { return ready; });
}

void DeliveryRig::stop()
{
    if (!m_host)
        return;
    bool ended = false;
    QObject::connect(m_host.get(), &runtime::ServiceHost::allStopped, m_context.get(), [&ended] { ended = true; });
    m_auditService = nullptr; // it goes before the sender, which may ask for it still
    m_store->interrupt();
    m_host->stop();
    if (!waitUntil([&] { return ended; }, 20s))
        qFatal("the services did not stop");
    m_host.reset();
    m_context.reset();
    m_writer.reset();
    m_store.reset();
    m_tickets.clear(); // who waited is gone
}

void DeliveryRig::auditNow()
{
    QMetaObject::invokeMethod(m_auditService, &store::influx::Audit::passWanted, Qt::QueuedConnection);
}

RecordBatch DeliveryRig::step(int n)
{
    RecordBatch batch;
    const UtcTime open = m_begin + n * 3min;
    for (int p = 0; p < m_options.pairs; ++p) {
        Candle candle;
        candle.open_time = open;
        candle.open = decimal(std::to_string(100 + p) + ".10");
        candle.high = decimal(std::to_string(200 + n) + ".00000001");
        candle.low = decimal("0.000012345");
        candle.close = decimal(std::to_string(n) + "." + std::to_string(p + 1));
        candle.volume = decimal("123456.789");
        candle.quote_volume = decimal(std::to_string(n * 7 + p));
        candle.trades = n;
        candle.source = n % 3 == 0 ? CandleSource::History : CandleSource::Live;
        batch.candles.push_back({{exchange, pair(p), Timeframe::M3}, {candle}});
        for (int minute = 0; minute < 3; ++minute)
            batch.marks.push_back({exchange, pair(p), open + minute * 1min, candle.close, candle.open});
        if (n % 20 == 0)
            batch.funding.push_back(
                {.exchange = exchange, .pair = pair(p), .time = open, .rate = decimal("0.0001"), .predicted_rate = {}});
        for (int trade = 0; trade < 2; ++trade)
            batch.ticks.push_back({exchange, pair(p), QStringLiteral("trades"), open + 1s, n * 2 + trade,
                                   "{\"p\":\"1.5\",\"q\":\"" + QByteArray::number(trade) + "\"}"});
    }
    return batch;
}

void DeliveryRig::expect(const RecordBatch &batch)
{
    store::PerLane<QByteArray> lines;
    for (const CandleBatch &candles : batch.candles)
        store::appendLines(candles, lines[size_t(Lane::Candles)]);
    for (const FundingPoint &point : batch.funding)
        store::appendLine(point, lines[size_t(Lane::Candles)]);
    for (const MarkPoint &point : batch.marks)
        store::appendLine(point, lines[size_t(Lane::Marks)]);
    for (const TickPoint &tick : batch.ticks)
        store::appendLine(tick, lines[size_t(Lane::Ticks)]);
    for (const Lane lane : store::allLanes)
        addLines(m_expected, lane, lines[size_t(lane)]);
}

bool DeliveryRig::write(int steps, milliseconds patience)
{
    for (int i = 0; i < steps; ++i) {
        RecordBatch batch = step(m_steps++);
        batch.ticket = ++m_ticket;
        expect(batch);
        m_tickets.insert(batch.ticket);
        const std::vector<RecordBatch> batches{std::move(batch)};
        QString why;
        const bool taken = waitUntil(
            [&] {
                const auto outcome = m_writer->write(batches);
                why = outcome ? QString() : outcome.error().message;
                return outcome.has_value();
            },
            patience);
        if (!taken) {
            qWarning("the spool does not take records: %s", qUtf8Printable(why));
            return false;
        }
    }
    return true;
}

void DeliveryRig::append(Lane lane, const QByteArray &lines, bool good)
{
    store::PerLane<QByteArray> all;
    all[size_t(lane)] = lines;
    if (const auto appended = m_store->parts().spool->append(all, m_clock->utcNow()); !appended)
        qFatal("%s", qUtf8Printable(appended.error().message));
    if (good)
        addLines(m_expected, lane, lines);
}

bool DeliveryRig::waitUntil(const std::function<bool()> &condition, milliseconds patience)
{
    return QTest::qWaitFor(condition, int(patience.count()));
}

bool DeliveryRig::waitDelivered()
{
    return waitUntil(
        [this] { return m_tickets.isEmpty() && toMs(m_store->parts().spool->figures().oldestWaiting()) == 0; });
}

bool DeliveryRig::waitTrouble()
{
    return waitUntil([this] { return m_sender && !m_sender->trouble.isEmpty(); });
}

QString DeliveryRig::toldAndOver(const QStringList &words)
{
    const Sayings &sayings = m_witness.sayings();
    QStringList wrong = m_witness.contradictions();
    for (const char *face : {"status", "ready", "window", "event"}) {
        const bool must = face != std::string_view("event") || m_witness.sawLastingTrouble();
        if (must && !waitUntil([&] { return sayings.firstComplaints().contains(QLatin1String(face)); },
                               3s)) // events: by and by
            wrong.append(QLatin1String(face) + QStringLiteral(" said nothing"));
    }
    for (const QString &word : words) {
        if (!sayings.contain(word))
            wrong.append(QStringLiteral("nobody said \"%1\"").arg(word));
    }
    if (!wrong.isEmpty())
        return wrong.join(QStringLiteral("; ")) + QStringLiteral("\nsaid:\n") + sayings.text();
    return waitUntil([this] { return m_witness.troubles().isEmpty(); }, 20s)
               ? QString()
               : QStringLiteral("not well again: ") + m_witness.troubles().join(QStringLiteral("; "));
}

QString DeliveryRig::neverComplained() const
{
    QStringList wrong = m_witness.contradictions();
    for (const Saying &saying : m_witness.sayings().all()) {
        if (!saying.text.contains(QLatin1String("connecting")) && !saying.text.contains(QLatin1String("starting")))
            wrong.append(saying.face + QStringLiteral(": ") + saying.text);
    }
    return wrong.join(QStringLiteral("; "));
}

} // namespace tk::test
