#include "app/copy_target.h"

#include "runtime/data_dir_lock.h"
#include "store/embedded/embedded_store.h"
#include "store/influx/direct_writer.h"
#include "store/influx/influx_reader.h"
#include "store/line_protocol.h"
#include "store/point_line.h"

namespace tk::app {

using store::influx::DirectWriter;
using store::influx::InfluxReader;
using store::influx::Isolation;

namespace {

constexpr qsizetype refusedShown = 20;

class EmbeddedTarget final : public CopyTarget
{
public:
    static Result<std::unique_ptr<CopyTarget>> open(const QString &dataDir)
    {
        auto lock = runtime::DataDirLock::acquire(dataDir);
        if (!lock)
            return lock.error();
        std::unique_ptr<EmbeddedTarget> target(new EmbeddedTarget(std::move(lock).value(), dataDir));
        auto writer = target->m_store.openWriter();
        if (!writer)
            return writer.error();
        target->m_writer = std::move(writer).value();
        return std::unique_ptr<CopyTarget>(std::move(target));
    }

    Status write(const RecordBatch &batch) override
    {
        const auto written = m_writer->write({batch});
        return written ? ok() : Status(written.error());
    }
    Status finish() override { return m_writer->sync(); }
    Result<std::unique_ptr<store::StoreReader>> openReader() override { return m_store.openReader(); }

private:
    EmbeddedTarget(runtime::DataDirLock lock, const QString &dataDir)
        : m_lock(std::move(lock))
        , m_store(store::EmbeddedStore::fileIn(dataDir))
    {}

    runtime::DataDirLock m_lock;
    store::EmbeddedStore m_store;
    std::unique_ptr<store::StoreWriter> m_writer;
};

class InfluxTarget final : public CopyTarget
{
public:
    InfluxTarget(const config::InfluxSettings &settings, std::shared_ptr<const Clock> clock,
                 const std::atomic<bool> &stop)
        : m_settings(settings)
        , m_clock(clock)
        , m_stop(stop)
        , m_writer({.settings = settings}, clock, &stop)
    {}

    Status connect() { return m_writer.connect(); }

    Status write(const RecordBatch &batch) override
    {
        QByteArray lines;
        for (const CandleBatch &candles : batch.candles)
            store::appendLines(candles, lines);
        for (const CandleBatch &candles : batch.mark_candles)
            store::appendMarkLines(candles, lines);
        for (const FundingPoint &point : batch.funding)
            store::appendLine(point, lines);
        for (const MarkPoint &point : batch.marks)
            store::appendLine(point, lines);
        // All of them are stamped in milliseconds: one lane does.
        const auto written = m_writer.write(store::Lane::Candles, lines, [this](const Isolation::Refused &one) {
            const auto point = store::readPointLine(one.line);
            ++refused[point ? QString::fromUtf8(point->measurement.toByteArray()) : QString()];
            if (refusals.size() < refusedShown)
                refusals.append(QStringLiteral("refused: %1 (%2%3)")
                                    .arg(QString::fromUtf8(one.line),
                                         one.reply.status == 0 ? QString() : QString::number(one.reply.status) + u' ',
                                         one.reply.text));
        });
        return written ? ok() : Status(written.error());
    }
    Status finish() override { return ok(); }
    Result<std::unique_ptr<store::StoreReader>> openReader() override
    {
        return std::unique_ptr<store::StoreReader>(std::make_unique<InfluxReader>(
            m_settings, [clock = m_clock] { return clock->utcNow(); }, &m_stop));
    }

private:
    config::InfluxSettings m_settings;
    std::shared_ptr<const Clock> m_clock;
    const std::atomic<bool> &m_stop;
    DirectWriter m_writer;
};

} // namespace

Result<std::unique_ptr<CopyTarget>> openEmbeddedTarget(const QString &dataDir)
{
    return EmbeddedTarget::open(dataDir);
}

Result<std::unique_ptr<CopyTarget>> openInfluxTarget(const config::InfluxSettings &settings,
                                                     std::shared_ptr<const Clock> clock, const std::atomic<bool> &stop)
{
    auto target = std::make_unique<InfluxTarget>(settings, std::move(clock), stop);
    if (const Status connected = target->connect(); !connected)
        return connected.error();
    return std::unique_ptr<CopyTarget>(std::move(target));
}

} // namespace tk::app
