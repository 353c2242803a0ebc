// A name of a local socket that the kernel takes, however long the path is: its limit is 107 bytes.
#pragma once

#include "base/result.h"

#include <QString>

namespace tk::link {

class SocketPath
{
public:
    // The path itself where it is short enough, else one through an open descriptor of its folder (Linux). Keep the
    // object as long as the name is in use.
    static Result<SocketPath> of(const QString &socketFile);

    SocketPath(SocketPath &&other) noexcept;
    SocketPath &operator=(SocketPath &&other) noexcept;
    ~SocketPath();

    const QString &name() const { return m_name; }

private:
    SocketPath(QString name, int folder)
        : m_name(std::move(name))
        , m_folder(folder)
    {}

    QString m_name;
    int m_folder = -1;
};

} // namespace tk::link
