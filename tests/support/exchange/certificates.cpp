#include "support/exchange/certificates.h"

#include <QDir>
#include <QFile>
#include <QProcess>
#include <QSslCertificate>
#include <QSslKey>

namespace tk::sim {

namespace {

Status run(const QString &folder, const QStringList &arguments)
{
    QProcess process;
    process.setWorkingDirectory(folder);
    process.start(QStringLiteral("openssl"), arguments);
    if (!process.waitForFinished(30'000) || process.exitCode() != 0)
        return Error{
            Error::Kind::Config,
            QStringLiteral("cannot make test certificates with \"openssl %1\": %2; install the openssl program")
                .arg(arguments.join(u' '), process.error() == QProcess::FailedToStart
                                               ? process.errorString()
                                               : QString::fromLocal8Bit(process.readAllStandardError()).trimmed())};
    return ok();
}

QStringList words(const char *text)
{
    return QString::fromLatin1(text).split(u' ');
}

Status sign(const QString &folder, const QString &name, const QByteArray &names, int days)
{
    QFile extensions(folder + u'/' + name + QStringLiteral(".ext"));
    if (!extensions.open(QIODevice::WriteOnly))
        return Error{Error::Kind::Storage,
                     QStringLiteral("cannot write %1: %2").arg(extensions.fileName(), extensions.errorString())};
    extensions.write("subjectAltName=" + names + "\nextendedKeyUsage=serverAuth\nbasicConstraints=CA:FALSE\n");
    extensions.close();
    return run(folder, {QStringLiteral("x509"), QStringLiteral("-req"), QStringLiteral("-in"),
                        QStringLiteral("server.csr"), QStringLiteral("-CA"), QStringLiteral("ca.pem"),
                        QStringLiteral("-CAkey"), QStringLiteral("ca.key"), QStringLiteral("-CAcreateserial"),
                        QStringLiteral("-days"), QString::number(days), QStringLiteral("-extfile"),
                        name + QStringLiteral(".ext"), QStringLiteral("-out"), name + QStringLiteral(".pem")});
}

QString fileOf(CertificateKind kind)
{
    switch (kind) {
    case CertificateKind::Good:
        return QStringLiteral("server");
    case CertificateKind::Expired:
        return QStringLiteral("expired");
    case CertificateKind::WrongName:
        return QStringLiteral("wrong-name");
    }
    return {};
}

} // namespace

Result<Certificates> Certificates::load(const QString &folder)
{
    const QString absolute = QDir(folder).absolutePath();
    if (QFile::exists(absolute + QStringLiteral("/wrong-name.pem")))
        return Certificates(absolute);
    if (!QDir().mkpath(absolute))
        return Error{Error::Kind::Storage,
                     QStringLiteral("cannot create the folder %1 for certificates").arg(absolute)};
    const QByteArray loopback = "DNS:localhost,IP:127.0.0.1,IP:::1";
    Status status = run(absolute, words("ecparam -name prime256v1 -genkey -noout -out ca.key"));
    if (status)
        status =
            run(absolute, words("req -new -x509 -key ca.key -subj /CN=tapekeeper-exchange-ca -days 3650 -out ca.pem"));
    if (status)
        status = run(absolute, words("ecparam -name prime256v1 -genkey -noout -out server.key"));
    if (status)
        status = run(absolute, words("req -new -key server.key -subj /CN=tapekeeper-exchange -out server.csr"));
    if (status)
        status = sign(absolute, QStringLiteral("server"), loopback, 800);
    if (status)
        status = sign(absolute, QStringLiteral("expired"), loopback, -1);
    if (status)
        status = sign(absolute, QStringLiteral("wrong-name"), "DNS:elsewhere.example", 800);
    if (!status)
        return status.error();
    return Certificates(absolute);
}

QSslConfiguration Certificates::configuration(CertificateKind kind) const
{
    QSslConfiguration configuration = QSslConfiguration::defaultConfiguration();
    QList<QSslCertificate> chain = QSslCertificate::fromPath(m_folder + u'/' + fileOf(kind) + QStringLiteral(".pem"));
    chain += QSslCertificate::fromPath(authorityFile());
    configuration.setLocalCertificateChain(chain);
    QFile key(m_folder + QStringLiteral("/server.key"));
    if (key.open(QIODevice::ReadOnly))
        configuration.setPrivateKey(QSslKey(&key, QSsl::Ec));
    configuration.setPeerVerifyMode(QSslSocket::VerifyNone);
    return configuration;
}

} // namespace tk::sim
