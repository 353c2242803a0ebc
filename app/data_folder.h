// Looks whether the data folder is still the one that the engine took, and takes it again where it was removed or
// replaced: lock, socket, events, and whatever its owner hangs on it. Main thread.
#pragma once

#include "base/result.h"
#include "runtime/data_dir_lock.h"

#include <QObject>
#include <QTimer>

namespace tk::app {

class DataFolder final : public QObject
{
    Q_OBJECT
public:
    DataFolder(QString folder, runtime::DataDirLock lock);

Q_SIGNALS:
    void lost(const QString &why);     // once, when it is noticed
    void troubled(const QString &why); // it cannot be taken again now; told at every change of the reason
    void taken(const QString &why);    // made anew, or taken as it is now, and ours

private:
    struct Identity
    {
        quint64 device = 0;
        quint64 inode = 0;
        bool operator==(const Identity &) const = default;
    };
    void look();
    Identity lockFile() const;

    QString m_folder;
    runtime::DataDirLock m_lock;
    Identity m_known;
    QString m_lost;    // what happened to it; empty while it is ours
    QString m_trouble; // why it cannot be taken again
    QTimer m_timer;
};

} // namespace tk::app
