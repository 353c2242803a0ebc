// A websocket server that sends one prepared text again and again in writes of 64 KB, as fast as they are taken, and
// then a last frame. One client; a thread of its own, so that only the receiver is measured.
#pragma once

#include <QByteArray>
#include <QSslConfiguration>
#include <QThread>

#include <atomic>
#include <optional>

namespace tk::bench {

class BlastServer final : public QThread
{
public:
    struct Load
    {
        QByteArray frames; // websocket frames, whole ones
        int repeats = 1;
        QByteArray last; // one more frame
    };

    BlastServer(Load load, std::optional<QSslConfiguration> tls);
    ~BlastServer() override;
    quint16 port() const { return m_port; }

protected:
    void run() override;

private:
    Load m_load;
    std::optional<QSslConfiguration> m_tls;
    std::atomic<quint16> m_port = 0;
    std::atomic<bool> m_over = false;
};

} // namespace tk::bench
