// SQLite behind two small owners: a connection and a prepared statement. Failures are values that say what happened, to
// which file, and what to do. One thread per Database, and its statements go before it.
#pragma once

#include "base/result.h"

#include <QByteArray>
#include <QString>

#include <atomic>
#include <chrono>
#include <memory>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace tk::store {

// True for the primary or extended result codes that mean: these bytes are not a database we can trust.
bool meansCorruption(int code);

// What a Database and its statements share.
struct Connection
{
    sqlite3 *handle = nullptr;
    QString file;
    int failure = 0; // code of the newest failure; rollbacks do not wash it away

    Connection() = default;
    Connection(const Connection &) = delete;
    Connection &operator=(const Connection &) = delete;
    ~Connection();
    Error fail(int code, const QString &what); // what: "write the store", "read the gap ledger"
};

// A statement that could not be prepared keeps its error and tells it at the first step.
class Statement
{
public:
    Statement() = default;
    Statement(Connection *connection, std::string_view sql);
    Statement(Statement &&other) noexcept;
    Statement &operator=(Statement &&other) noexcept;
    ~Statement();

    // Positions count from 1. A string_view is not copied: it must live until the statement is stepped and reset.
    Statement &bind(int position, qint64 value);
    Statement &bind(int position, std::string_view text);
    Statement &bind(int position, const QString &text);
    Statement &bindBlob(int position, const QByteArray &bytes);
    Statement &bindNull(int position);
    Statement &bindOptional(int position, std::string_view text); // NULL for empty text

    Result<bool> step(); // true: a row is there; false: done, and reset
    Status run();        // all the way, then reset
    void reset();

    // Columns of the present row, counted from 0. Views live until the next step.
    qint64 integer(int column) const;
    std::string_view text(int column) const;
    QString string(int column) const;
    QByteArray blob(int column) const;
    bool isNull(int column) const;

private:
    void note(int code);

    Connection *m_connection = nullptr;
    sqlite3_stmt *m_statement = nullptr;
    int m_bindFailure = 0;
};

class Database
{
public:
    enum class Mode { ReadWrite, ReadOnly };

    // Creates the file in ReadWrite mode. Nothing is read yet: a file that is no database is found by the first
    // statement.
    static Result<Database> open(const QString &file, Mode mode, std::chrono::milliseconds busyTimeout);

    Statement prepare(std::string_view sql) { return {m_connection.get(), sql}; }
    Status execute(const char *sql);         // one or more statements without results
    Result<qint64> integer(const char *sql); // first column of the first row; 0 without a row
    qint64 changes() const;                  // rows changed by the newest statement

    // Brings everything committed in WAL mode to the disk itself.
    Status syncWal();

    bool isOpen() const { return m_connection != nullptr; }
    void close() { m_connection.reset(); } // its statements must be gone

    int failure() const { return m_connection->failure; }
    void setFailure(int code) { m_connection->failure = code; }
    bool isCorrupt() const { return isOpen() && meansCorruption(m_connection->failure); }
    const QString &file() const { return m_connection->file; }

    // Ends what is under way when it becomes true; it must live as long as this.
    void interruptWhen(const std::atomic<bool> &stop);

    // The path now names another file than the one that was opened, or none: somebody moved or removed it.
    bool wasReplaced() const;

private:
    std::unique_ptr<Connection> m_connection;
    quint64 m_device = 0;
    quint64 m_inode = 0;
};

// BEGIN IMMEDIATE on begin(), ROLLBACK on the way out unless commit() succeeded.
class Transaction
{
public:
    explicit Transaction(Database &database)
        : m_database(database)
    {}
    Transaction(const Transaction &) = delete;
    Transaction &operator=(const Transaction &) = delete;
    ~Transaction();

    Status begin();
    Status commit();

private:
    Database &m_database;
    bool m_open = false;
};

} // namespace tk::store
