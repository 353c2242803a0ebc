// Looks whether the spool and the index of a database are still on the disk, and has them begun anew where somebody
// removed or replaced them; what went with them becomes gaps. Main thread.
#pragma once

#include "base/clock.h"
#include "market/gap.h"
#include "store/influx/influx_store.h"

#include <QObject>
#include <QTimer>

#include <memory>
#include <vector>

namespace tk::app {

class SpoolWatch final : public QObject
{
    Q_OBJECT
public:
    SpoolWatch(std::shared_ptr<store::influx::InfluxStore> store, std::shared_ptr<const Clock> clock, QString folder);

    void suspend(const QString &why); // the data folder is not ours: nothing is made in it
    void resume();                    // it is ours again

Q_SIGNALS:
    void troubled(const QString &why); // what is written now is not on the disk; told at every change of the reason
    // Whole again. `gaps`: what went, for history to fetch, or named where nobody has it; empty where nothing did.
    void mended(const QString &why, const std::vector<tk::Gap> &gaps);

private:
    void look();
    std::vector<Gap> gapsOf(const store::influx::InfluxStore::Loss &loss, const QString &why) const;

    std::shared_ptr<store::influx::InfluxStore> m_store;
    std::shared_ptr<const Clock> m_clock;
    QString m_folder;
    QString m_why; // it is gone for; empty: nothing is known to be
    QString m_trouble;
    bool m_suspended = false;
    QTimer m_timer;
};

} // namespace tk::app
