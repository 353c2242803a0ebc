#include "store/embedded/sqlite.h"

#include "base/regular_file.h"

#include <QFile>

#include <cerrno>
#include <sqlite3.h>
#include <sys/stat.h>

#include <utility>

namespace tk::store {

namespace {

int primary(int code)
{
    return code & 0xff;
}

// What the system said beneath the library, which tells more. The connection knows it of most failures, and its files
// of those that come with a commit.
int systemError(sqlite3 *handle, int code)
{
    if (!handle || (primary(code) != SQLITE_IOERR && primary(code) != SQLITE_CANTOPEN))
        return 0;
    int error = sqlite3_system_errno(handle);
    for (const int pointer : {SQLITE_FCNTL_JOURNAL_POINTER, SQLITE_FCNTL_FILE_POINTER}) {
        sqlite3_file *file = nullptr;
        sqlite3_file_control(handle, "main", pointer, &file);
        if (error == 0 && file && file->pMethods)
            file->pMethods->xFileControl(file, SQLITE_FCNTL_LAST_ERRNO, &error);
    }
    return error;
}

// What to do, and whether the same request may succeed later without anybody's help.
struct Advice
{
    QString text;
    bool retryable;
};

Advice advice(int code, int error)
{
    if (error == EROFS)
        return {QStringLiteral("its disk is read-only, as a kernel makes one that fails: look into the kernel's log, "
                               "then mount it writable again"),
                true};
    switch (primary(code)) {
    case SQLITE_FULL:
        return {QStringLiteral("the disk is full: make room; nothing of this write was kept"), true};
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return {QStringLiteral("another program holds it: it will be tried again"), true};
    case SQLITE_READONLY:
    case SQLITE_PERM:
        return {QStringLiteral("it is read-only: give this user write access to the file and its folder"), false};
    case SQLITE_CANTOPEN:
        return {QStringLiteral("check that the folder exists and this user may read and write it"), false};
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return {QStringLiteral("the file is damaged: the engine sets it aside and begins a new one"), true};
    case SQLITE_IOERR:
        return {QStringLiteral("the disk or file system failed: look into the kernel's log"), true};
    case SQLITE_NOMEM:
        return {QStringLiteral("out of memory"), true};
    default:
        return {QStringLiteral("this is a fault of the program: please report it"), false};
    }
}

bool identify(const QString &file, quint64 &device, quint64 &inode)
{
    struct stat info = {};
    if (::stat(QFile::encodeName(file).constData(), &info) != 0)
        return false;
    device = quint64(info.st_dev);
    inode = quint64(info.st_ino);
    return true;
}

} // namespace

bool meansCorruption(int code)
{
    return primary(code) == SQLITE_CORRUPT || primary(code) == SQLITE_NOTADB;
}

Connection::~Connection()
{
    sqlite3_close_v2(handle);
}

Error Connection::fail(int code, const QString &what)
{
    failure = code;
    const int error = systemError(handle, code);
    const Advice next = advice(code, error);
    // The connection's own words, unless they are about something else by now.
    const bool own = handle && sqlite3_extended_errcode(handle) == code;
    const QString words = QString::fromUtf8(own ? sqlite3_errmsg(handle) : sqlite3_errstr(code)) +
                          (error == 0 ? QString() : QStringLiteral(": ") + qt_error_string(error));
    return Error{Error::Kind::Storage,
                 QStringLiteral("cannot %1 %2: %3 (SQLite %4); %5").arg(what, file, words).arg(code).arg(next.text),
                 next.retryable};
}

// --- Statement -------------------------------------------------------------------------------------------------------

Statement::Statement(Connection *connection, std::string_view sql)
    : m_connection(connection)
{
    note(sqlite3_prepare_v3(connection->handle, sql.data(), int(sql.size()), SQLITE_PREPARE_PERSISTENT, &m_statement,
                            nullptr));
}

Statement::Statement(Statement &&other) noexcept
    : m_connection(other.m_connection)
    , m_statement(std::exchange(other.m_statement, nullptr))
    , m_bindFailure(other.m_bindFailure)
{}

Statement &Statement::operator=(Statement &&other) noexcept
{
    std::swap(m_connection, other.m_connection);
    std::swap(m_statement, other.m_statement);
    std::swap(m_bindFailure, other.m_bindFailure);
    return *this;
}

Statement::~Statement()
{
    sqlite3_finalize(m_statement);
}

void Statement::note(int code)
{
    if (m_bindFailure == SQLITE_OK)
        m_bindFailure = code;
}

Statement &Statement::bind(int position, qint64 value)
{
    note(sqlite3_bind_int64(m_statement, position, value));
    return *this;
}

Statement &Statement::bind(int position, std::string_view text)
{
    // An empty view may point nowhere, which SQLite would take for NULL.
    note(sqlite3_bind_text(m_statement, position, text.empty() ? "" : text.data(), int(text.size()), SQLITE_STATIC));
    return *this;
}

Statement &Statement::bind(int position, const QString &text)
{
    const QByteArray utf8 = text.toUtf8();
    note(sqlite3_bind_text(m_statement, position, utf8.constData(), int(utf8.size()), SQLITE_TRANSIENT));
    return *this;
}

Statement &Statement::bindBlob(int position, const QByteArray &bytes)
{
    note(sqlite3_bind_blob(m_statement, position, bytes.isEmpty() ? "" : bytes.constData(), int(bytes.size()),
                           SQLITE_STATIC));
    return *this;
}

Statement &Statement::bindNull(int position)
{
    note(sqlite3_bind_null(m_statement, position));
    return *this;
}

Statement &Statement::bindOptional(int position, std::string_view text)
{
    return text.empty() ? bindNull(position) : bind(position, text);
}

Result<bool> Statement::step()
{
    if (m_bindFailure != SQLITE_OK)
        return m_connection->fail(m_bindFailure, QStringLiteral("use"));
    const int code = sqlite3_step(m_statement);
    if (code == SQLITE_ROW)
        return true;
    if (code == SQLITE_DONE) {
        reset();
        return false;
    }
    Error error =
        m_connection->fail(code, sqlite3_stmt_readonly(m_statement) ? QStringLiteral("read") : QStringLiteral("write"));
    reset();
    return error;
}

Status Statement::run()
{
    while (true) {
        const Result<bool> row = step();
        if (!row)
            return row.error();
        if (!*row)
            return ok();
    }
}

void Statement::reset()
{
    if (m_statement)
        sqlite3_reset(m_statement);
}

qint64 Statement::integer(int column) const
{
    return sqlite3_column_int64(m_statement, column);
}

std::string_view Statement::text(int column) const
{
    const auto *bytes = reinterpret_cast<const char *>(sqlite3_column_text(m_statement, column));
    return bytes ? std::string_view(bytes, size_t(sqlite3_column_bytes(m_statement, column))) : std::string_view();
}

QString Statement::string(int column) const
{
    const std::string_view view = text(column);
    return QString::fromUtf8(view.data(), qsizetype(view.size()));
}

QByteArray Statement::blob(int column) const
{
    const auto *bytes = static_cast<const char *>(sqlite3_column_blob(m_statement, column));
    return {bytes, sqlite3_column_bytes(m_statement, column)};
}

bool Statement::isNull(int column) const
{
    return sqlite3_column_type(m_statement, column) == SQLITE_NULL;
}

// --- Database --------------------------------------------------------------------------------------------------------

Result<Database> Database::open(const QString &file, Mode mode, std::chrono::milliseconds busyTimeout)
{
    // The library would wait at a pipe for ever. Looked at and never opened here: closing a file ends every lock that
    // this process has on it, those of its other connections included.
    struct stat there = {};
    if (::stat(QFile::encodeName(file).constData(), &there) == 0 && !S_ISREG(there.st_mode))
        return Error{Error::Kind::Storage,
                     QStringLiteral("cannot open %1: %2; move it away")
                         .arg(file, fileErrorText(S_ISDIR(there.st_mode) ? EISDIR : notRegularFile))};
    Database database;
    database.m_connection = std::make_unique<Connection>();
    database.m_connection->file = file;
    const int access = mode == Mode::ReadOnly ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    const int code = sqlite3_open_v2(file.toUtf8().constData(), &database.m_connection->handle,
                                     access | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nullptr);
    if (code != SQLITE_OK)
        return database.m_connection->fail(code, QStringLiteral("open"));
    sqlite3_busy_timeout(database.m_connection->handle, int(busyTimeout.count()));
    identify(file, database.m_device, database.m_inode);
    return database;
}

Status Database::execute(const char *sql)
{
    const int code = sqlite3_exec(m_connection->handle, sql, nullptr, nullptr, nullptr);
    if (code != SQLITE_OK)
        return m_connection->fail(code, QStringLiteral("use"));
    return ok();
}

Result<qint64> Database::integer(const char *sql)
{
    Statement statement = prepare(sql);
    const Result<bool> row = statement.step();
    if (!row)
        return row.error();
    return *row ? statement.integer(0) : 0;
}

qint64 Database::changes() const
{
    return sqlite3_changes64(m_connection->handle);
}

Status Database::syncWal()
{
    // A commit with synchronous=NORMAL leaves its frames to the kernel. A checkpoint would sync them, but not where a
    // reader holds it back: so the log itself is synced, through SQLite's own handle of it.
    sqlite3_file *wal = nullptr;
    sqlite3_file_control(m_connection->handle, "main", SQLITE_FCNTL_JOURNAL_POINTER, &wal);
    if (!wal || !wal->pMethods)
        return ok(); // nothing was written since the file was opened
    const int code = wal->pMethods->xSync(wal, SQLITE_SYNC_NORMAL | SQLITE_SYNC_DATAONLY);
    if (code != SQLITE_OK)
        return m_connection->fail(code, QStringLiteral("sync"));
    return ok();
}

void Database::interruptWhen(const std::atomic<bool> &stop)
{
    constexpr int steps = 20'000; // of SQLite's machine between two looks: some milliseconds
    sqlite3_progress_handler(
        m_connection->handle, steps,
        [](void *flag) { return static_cast<const std::atomic<bool> *>(flag)->load() ? 1 : 0; },
        const_cast<std::atomic<bool> *>(&stop));
}

bool Database::wasReplaced() const
{
    quint64 device = 0;
    quint64 inode = 0;
    return !identify(m_connection->file, device, inode) || device != m_device || inode != m_inode;
}

// --- Transaction -----------------------------------------------------------------------------------------------------

Transaction::~Transaction()
{
    if (!m_open)
        return;
    const int failure = m_database.failure();
    // Some failures (full disk, damaged file) have rolled back already, and then this one says so: not news.
    static_cast<void>(m_database.execute("ROLLBACK"));
    m_database.setFailure(failure);
}

Status Transaction::begin()
{
    Status begun = m_database.execute("BEGIN IMMEDIATE");
    m_open = begun.has_value();
    return begun;
}

Status Transaction::commit()
{
    Status done = m_database.execute("COMMIT");
    if (done)
        m_open = false;
    return done;
}

} // namespace tk::store
