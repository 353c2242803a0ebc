// A certificate authority of our own and the certificates it signs: a good one for the loopback names, an expired one,
// one for another name. Made with the openssl program when they are absent.
#pragma once

#include "base/result.h"

#include <QSslConfiguration>
#include <QString>

namespace tk::sim {

enum class CertificateKind { Good, Expired, WrongName };

class Certificates
{
public:
    static Result<Certificates> load(const QString &folder); // made if the folder does not hold them

    QSslConfiguration configuration(CertificateKind kind) const;
    QString authorityFile() const { return m_folder + QStringLiteral("/ca.pem"); } // what clients must trust

private:
    explicit Certificates(QString folder)
        : m_folder(std::move(folder))
    {}
    QString m_folder;
};

} // namespace tk::sim
