#include "ui/support/keyring.h"

#include <QPointer>

#include <qt6keychain/keychain.h>

namespace tk::ui {

namespace {

const QString service = QStringLiteral("tapekeeper");

Error trouble(const QKeychain::Job &job)
{
    return Error{Error::Kind::Storage, QStringLiteral("the desktop keyring: %1").arg(job.errorString()), true};
}

} // namespace

bool Keyring::isBuiltIn()
{
    return true;
}

void Keyring::write(const QString &name, const QString &value, QObject *context,
                    std::function<void(const Status &)> done)
{
    auto *job = new QKeychain::WritePasswordJob(service); // deletes itself
    job->setInsecureFallback(false);
    job->setKey(key(name));
    job->setTextData(value);
    QObject::connect(job, &QKeychain::Job::finished, context, [done = std::move(done)](QKeychain::Job *ended) {
        done(ended->error() == QKeychain::NoError ? ok() : Status(trouble(*ended)));
    });
    job->start();
}

void Keyring::read(const QString &name, QObject *context, std::function<void(const Result<QString> &)> done)
{
    auto *job = new QKeychain::ReadPasswordJob(service);
    job->setInsecureFallback(false);
    job->setKey(key(name));
    QObject::connect(job, &QKeychain::Job::finished, context, [done = std::move(done), job](QKeychain::Job *ended) {
        if (ended->error() == QKeychain::NoError)
            done(job->textData());
        else if (ended->error() == QKeychain::EntryNotFound)
            done(QString());
        else
            done(trouble(*ended));
    });
    job->start();
}

} // namespace tk::ui
