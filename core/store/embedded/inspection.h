// Reads the whole file of the embedded store now and then, page by page, beside the writer: damage is found while the
// engine runs, and not at the next start. Lives in a thread of its own, which may wait for the disk.
#pragma once

#include "base/clock.h"
#include "runtime/service.h"
#include "store/embedded/embedded_store.h"

#include <QTimer>

#include <memory>

namespace tk::store {

class Inspection final : public runtime::Service
{
    Q_OBJECT
public:
    Inspection(std::shared_ptr<EmbeddedShared> shared, std::shared_ptr<const Clock> clock, milliseconds every);

    Status start() override;
    void stop() override;

private:
    void inspect();

    std::shared_ptr<EmbeddedShared> m_shared;
    std::shared_ptr<const Clock> m_clock;
    milliseconds m_every;
    QTimer m_timer;
};

} // namespace tk::store
