// An engine for tests of windows: takes commands, answers them as the test says, in the same process. Lives in the
// test's thread; like every link, it never answers from within a call.
#pragma once

#include "base/result.h"
#include "link/engine_link.h"

#include <QHash>
#include <QJsonArray>

#include <functional>

namespace tk::test {

class FakeLink final : public link::EngineLink
{
    Q_OBJECT
public:
    using Answer = std::function<Result<QJsonValue>(const QJsonObject &args)>;

    struct Asked
    {
        QString command;
        QJsonObject args;
    };

    using EngineLink::EngineLink;

    void open(); // connected() follows
    void lose(); // failed() follows
    void answer(const QString &command, Answer answer) { m_answers.insert(command, std::move(answer)); }
    void setState(const QJsonObject &state) { m_state = state; }

    const QList<Asked> &asked() const { return m_asked; }
    int count(const QString &command) const;

    bool isConnected() const override { return m_connected; }
    link::Hello engine() const override { return {link::protocolVersion, QStringLiteral("0.0.0"), 1}; }
    qint64 request(const QString &command, const QJsonObject &args = {}) override;
    void watch(const QStringList &series = {}) override;

private:
    bool m_connected = false;
    qint64 m_last = 0;
    QHash<QString, Answer> m_answers;
    QList<Asked> m_asked;
    QJsonObject m_state;
};

} // namespace tk::test
