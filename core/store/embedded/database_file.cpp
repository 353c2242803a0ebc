#include "store/embedded/database_file.h"

#include "base/clock.h"
#include "base/logging.h"
#include "base/private_folder.h"

#include <QDir>
#include <QFileInfo>

#include <optional>

namespace tk::store {

namespace {

Error configError(const QString &message)
{
    return Error{Error::Kind::Config, message};
}

Status createSchema(Database &database, const DatabaseSpec &spec)
{
    Transaction transaction(database);
    if (Status begun = transaction.begin(); !begun)
        return begun;
    // Somebody else may have created it while we waited for the lock.
    const Result<qint64> version = database.integer("PRAGMA user_version");
    if (!version)
        return version.error();
    if (*version == 0) {
        if (Status created = database.execute(spec.schema); !created)
            return created;
        const QByteArray marks = "CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;"
                                 "PRAGMA application_id=" +
                                 QByteArray::number(spec.applicationId) +
                                 ";PRAGMA user_version=" + QByteArray::number(spec.version);
        if (Status marked = database.execute(marks.constData()); !marked)
            return marked;
    }
    return transaction.commit();
}

// Ours and of a version we know; creates the schema in an empty file.
Status checkIdentity(Database &database, const DatabaseSpec &spec)
{
    const Result<qint64> tables = database.integer("SELECT count(*) FROM sqlite_schema");
    if (!tables)
        return tables.error();
    if (*tables == 0)
        return createSchema(database, spec);
    const Result<qint64> application = database.integer("PRAGMA application_id");
    if (!application)
        return application.error();
    if (*application != spec.applicationId)
        return configError(QStringLiteral("%1 is a database of another program, not Tapekeeper's %2: move it away or "
                                          "choose another data_dir")
                               .arg(database.file(), QLatin1String(spec.title)));
    const Result<qint64> version = database.integer("PRAGMA user_version");
    if (!version)
        return version.error();
    if (*version != spec.version)
        return configError(QStringLiteral("%1 has version %2 of the %3, this program knows %4: use the newer program "
                                          "that wrote it, or move the file away")
                               .arg(database.file())
                               .arg(*version)
                               .arg(QLatin1String(spec.title))
                               .arg(spec.version));
    return ok();
}

const QByteArray cleanStop = "1";

// Names this run of the machine's kernel; what a killed process has written lives on in the kernel, and only the end of
// that can tear a page of the file.
QByteArray bootId()
{
    QFile file(QStringLiteral("/proc/sys/kernel/random/boot_id"));
    const QByteArray id = file.open(QIODevice::ReadOnly) ? file.readAll().trimmed() : QByteArray();
    return id.isEmpty() ? QByteArray("unknown") : id;
}

// How the last writer left: cleanStop, or the boot in which it was writing when it ended.
Result<QByteArray> lastStop(Database &database)
{
    Statement statement = database.prepare("SELECT value FROM meta WHERE key='clean'");
    const Result<bool> row = statement.step();
    if (!row)
        return row.error();
    return *row ? statement.string(0).toUtf8() : cleanStop; // no row: just created
}

Status setStop(Database &database, const QByteArray &value)
{
    return database.prepare("INSERT OR REPLACE INTO meta VALUES('clean', ?1)")
        .bind(1, std::string_view(value.constData(), size_t(value.size())))
        .run();
}

Status prepareConnection(Database &database, const DatabaseSpec &spec)
{
    QByteArray pragmas = "PRAGMA journal_mode=WAL;PRAGMA temp_store=MEMORY;PRAGMA cache_size=-4000;PRAGMA synchronous=";
    pragmas += spec.synchronous;
    pragmas += ";PRAGMA wal_autocheckpoint=" + QByteArray::number(spec.logPages) +
               ";PRAGMA journal_size_limit=" + QByteArray::number(qint64(spec.logPages) * 4 * 4096);
    if (Status set = database.execute(pragmas.constData()); !set)
        return set;
    if (spec.maxBytes > 0) {
        const Result<qint64> pageSize = database.integer("PRAGMA page_size");
        if (!pageSize)
            return pageSize.error();
        const QByteArray limit = "PRAGMA max_page_count=" + QByteArray::number(spec.maxBytes / *pageSize);
        return database.execute(limit.constData());
    }
    return ok();
}

// One attempt. `damage` is set when the file cannot be trusted.
Result<Database> openOnce(const QString &file, const DatabaseSpec &spec, QString &damage)
{
    Result<Database> opened = Database::open(file, Database::Mode::ReadWrite, spec.busyTimeout);
    if (!opened)
        return opened;
    Database &database = opened.value();
    const auto failed = [&](const Error &error) -> Result<Database> {
        if (database.isCorrupt())
            damage = error.message;
        return error;
    };
    if (Status prepared = prepareConnection(database, spec); !prepared)
        return failed(prepared.error());
    if (Status identified = checkIdentity(database, spec); !identified)
        return failed(identified.error());
    const Result<QByteArray> last = lastStop(database);
    if (!last)
        return failed(last.error());
    const QByteArray boot = bootId();
    if (*last != cleanStop && (*last != boot || boot == "unknown")) {
        qCInfo(lcStore).noquote() << "The machine went down while the" << spec.title << "was in use: checking" << file
                                  << "of" << QFileInfo(file).size() / 1'000'000 << "MB";
        const Result<QString> verdict = quickCheck(database);
        if (!verdict)
            return failed(verdict.error());
        if (*verdict != QLatin1String("ok")) {
            damage = *verdict;
            return Error{Error::Kind::Storage, damage};
        }
    }
    if (Status marked = setStop(database, boot); !marked)
        return failed(marked.error());
    return opened;
}

} // namespace

Result<QString> quickCheck(Database &database)
{
    Statement check = database.prepare("PRAGMA quick_check(1)");
    const Result<bool> row = check.step();
    if (!row)
        return row.error();
    return *row ? check.string(0).simplified() : QStringLiteral("quick_check gave no answer");
}

Result<Database> openOwned(const QString &file, const DatabaseSpec &spec,
                           const std::function<void(const QString &)> &onSetAside)
{
    if (!makePrivateFolder(QFileInfo(file).absolutePath()))
        return configError(QStringLiteral("cannot create the folder of %1: check the permissions, or choose another "
                                          "data_dir")
                               .arg(file));
    QString damage;
    Result<Database> opened = openOnce(file, spec, damage);
    if (opened || damage.isEmpty())
        return opened;
    const Result<QString> aside = setAside(file, spec.title, damage);
    if (!aside)
        return aside.error();
    if (onSetAside)
        onSetAside(*aside);
    damage.clear();
    return openOnce(file, spec, damage);
}

void closeOwned(Database &database)
{
    if (database.isCorrupt() || database.wasReplaced())
        return; // the next start shall look at it
    static_cast<void>(setStop(database, cleanStop));
    static_cast<void>(database.execute("PRAGMA wal_checkpoint(TRUNCATE)"));
}

Result<QString> setAside(const QString &file, const char *title, const QString &why)
{
    const QString stamp =
        isoText(SystemClock().utcNow()).remove(u'-').remove(u':').section(u'.', 0, 0).remove(u'Z') + u'Z';
    const QString wanted = file + QStringLiteral(".corrupt-") + stamp;
    QString aside = wanted;
    for (int n = 2; QFileInfo::exists(aside); ++n)
        aside = wanted + u'-' + QString::number(n);
    if (!QFile::rename(file, aside))
        return Error{Error::Kind::Storage,
                     QStringLiteral("%1 is damaged (%2) and cannot be renamed to %3: move it away by hand")
                         .arg(file, why, aside)};
    for (const QLatin1String suffix : {QLatin1String("-wal"), QLatin1String("-shm")})
        QFile::rename(file + suffix, aside + suffix); // may not exist
    qCCritical(lcStore).noquote() << "The" << title << file << "is damaged:" << why << "- set aside as" << aside
                                  << "; a new one is begun; what the exchange still has is fetched again";
    return aside;
}

} // namespace tk::store
