// The one writer of the embedded store. Belongs to one thread.
#pragma once

#include "store/embedded/embedded_store.h"
#include "store/embedded/sqlite.h"

#include <QHash>

namespace tk::store {

class EmbeddedWriter final : public StoreWriter
{
public:
    explicit EmbeddedWriter(std::shared_ptr<EmbeddedShared> shared);
    ~EmbeddedWriter() override;

    Status open();

    Result<WriteOutcome> write(const std::vector<RecordBatch> &batches) override;
    Result<qint64> removeBefore(UtcTime before) override;
    Status sync() override;
    Status lookAfter() override;

private:
    struct Session; // the open file and its statements; replaced as a whole when the file is set aside

    Status setDamagedAside(const QString &why);
    Status beginAnew(const QString &why);
    Status rescueLog(const QString &why);
    void tellAnew();
    template <typename F>
    auto guarded(F &&work) -> decltype(work());

    std::shared_ptr<EmbeddedShared> m_shared;
    std::unique_ptr<Session> m_session;
    QString m_anew; // why the file is another one; told once it is open
};

} // namespace tk::store
