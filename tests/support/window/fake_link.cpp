#include "support/window/fake_link.h"

#include <algorithm>

namespace tk::test {

void FakeLink::open()
{
    QMetaObject::invokeMethod(
        this,
        [this] {
            m_connected = true;
            Q_EMIT connected();
        },
        Qt::QueuedConnection);
}

void FakeLink::lose()
{
    QMetaObject::invokeMethod(
        this,
        [this] {
            m_connected = false;
            Q_EMIT failed(Error{Error::Kind::Network, QStringLiteral("the test ended it"), true});
        },
        Qt::QueuedConnection);
}

int FakeLink::count(const QString &command) const
{
    return int(std::count_if(m_asked.begin(), m_asked.end(), [&](const Asked &one) { return one.command == command; }));
}

qint64 FakeLink::request(const QString &command, const QJsonObject &args)
{
    const qint64 id = ++m_last;
    m_asked.append({command, args});
    QMetaObject::invokeMethod(
        this,
        [this, id, command, args] {
            const Answer answer = m_answers.value(command);
            const Result<QJsonValue> told =
                answer ? answer(args)
                       : Result<QJsonValue>(
                             Error{Error::Kind::Refused, QStringLiteral("there is no command \"%1\"").arg(command)});
            if (told)
                Q_EMIT finished(id, *told);
            else
                Q_EMIT refused(id, told.error());
        },
        Qt::QueuedConnection);
    return id;
}

void FakeLink::watch(const QStringList &)
{
    QMetaObject::invokeMethod(
        this, [this] { Q_EMIT snapshot(m_state); }, Qt::QueuedConnection);
}

} // namespace tk::test
