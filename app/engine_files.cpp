// What the engine does when its files are taken away while it runs, and when they are ours again.
#include "app/engine.h"
#include "base/logging.h"

namespace tk::app {

void Engine::watchFolder()
{
    const QString part = QStringLiteral("data folder");
    connect(&m_folder, &DataFolder::lost, this, [this, part](const QString &why) {
        m_health->set(part, telemetry::PartState::Failed, why);
        if (m_spoolWatch)
            m_spoolWatch->suspend(why);
    });
    connect(&m_folder, &DataFolder::troubled, this,
            [this, part](const QString &why) { m_health->set(part, telemetry::PartState::Failed, why); });
    connect(&m_folder, &DataFolder::taken, this, [this, part](const QString &why) {
        // The store, the ledger and the events look after their own files; the spool is looked after.
        m_health->set(part, telemetry::PartState::Ok);
        if (m_spoolWatch)
            m_spoolWatch->resume();
        if (m_journal)
            m_journal->note({.kind = alert::EventKind::Store,
                             .severity = alert::Severity::Trouble,
                             .title = QStringLiteral("Data folder taken again"),
                             .detail = why});
        if (m_link) {
            if (const Status status = m_link->listen(link::LinkServer::fileIn(m_settings.engine.data_dir)); !status)
                qCCritical(lcApp).noquote()
                    << "commands and windows cannot reach this engine:" << status.error().message;
        }
        Q_EMIT m_switchboard.instrumentsSuspect(why); // the list of the exchange lay there, too
    });
}

void Engine::watchSpool()
{
    const QString part = QStringLiteral("spool");
    m_spoolWatch = std::make_unique<SpoolWatch>(m_influx, m_clock, m_settings.engine.data_dir);
    m_health->set(part, telemetry::PartState::Ok);
    connect(m_spoolWatch.get(), &SpoolWatch::troubled, this,
            [this, part](const QString &why) { m_health->set(part, telemetry::PartState::Failed, why); });
    connect(m_spoolWatch.get(), &SpoolWatch::mended, this,
            [this, part](const QString &why, const std::vector<Gap> &gaps) {
                m_health->set(part, telemetry::PartState::Ok);
                if (!gaps.empty())
                    Q_EMIT m_switchboard.gapsOpened(gaps);
                if (m_journal)
                    m_journal->note(
                        {.kind = alert::EventKind::Store,
                         .severity = alert::Severity::Trouble,
                         .title = QStringLiteral("Spool began anew"),
                         .detail = QStringLiteral("%1 · %2").arg(
                             why, gaps.empty() ? QStringLiteral("nothing was on its way to the database")
                                               : QStringLiteral("what was on its way to the database is fetched again, "
                                                                "or named where nobody has it"))});
            });
}

} // namespace tk::app
