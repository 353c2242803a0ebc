// What runs the commands of other programs: the engine, or a test.
#pragma once

#include "base/result.h"

#include <QJsonObject>
#include <QJsonValue>
#include <QString>

#include <functional>
#include <memory>

namespace tk::link {

// The way back to whoever asked. May be copied and kept; used from the thread of the server. One finish() or fail()
// ends it, what comes later is dropped, and so is everything once the asker has gone. When all copies go without an
// end, the asker is told so.
class Reply
{
public:
    struct Sink
    {
        std::function<void(const QJsonObject &)> progress;
        std::function<void(const QJsonValue &)> finish;
        std::function<void(const Error &)> fail;
        std::function<bool()> isWanted;
    };

    explicit Reply(Sink sink);

    void progress(const QJsonObject &progress) const;
    void finish(const QJsonValue &result) const;
    void fail(const Error &error) const;
    bool isWanted() const; // false: ended, or the asker has gone; a long job may as well stop

private:
    struct State;
    std::shared_ptr<State> m_state;
};

class CommandHandler
{
public:
    virtual ~CommandHandler() = default;

    // In the server's thread; answers now or later.
    virtual void run(const QString &command, const QJsonObject &args, Reply reply) = 0;
};

} // namespace tk::link
