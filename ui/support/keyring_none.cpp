#include "ui/support/keyring.h"

namespace tk::ui {

namespace {

Error none()
{
    return Error{Error::Kind::Refused, QStringLiteral("this build has no desktop keyring")};
}

} // namespace

bool Keyring::isBuiltIn()
{
    return false;
}

void Keyring::write(const QString &, const QString &, QObject *context, std::function<void(const Status &)> done)
{
    QMetaObject::invokeMethod(
        context, [done = std::move(done)] { done(none()); }, Qt::QueuedConnection);
}

void Keyring::read(const QString &, QObject *context, std::function<void(const Result<QString> &)> done)
{
    QMetaObject::invokeMethod(
        context, [done = std::move(done)] { done(none()); }, Qt::QueuedConnection);
}

} // namespace tk::ui
