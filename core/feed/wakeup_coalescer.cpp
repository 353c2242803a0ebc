#include "feed/wakeup_coalescer.h"

#include <QAbstractEventDispatcher>
#include <QThread>

namespace tk::feed {

WakeupCoalescer::WakeupCoalescer(std::chrono::microseconds pause, QObject *parent)
    : QObject(parent)
    , m_pause(pause)
{
    connect(
        QAbstractEventDispatcher::instance(), &QAbstractEventDispatcher::aboutToBlock, this,
        [this] { QThread::usleep(static_cast<unsigned long>(m_pause.count())); }, Qt::DirectConnection);
}

} // namespace tk::feed
