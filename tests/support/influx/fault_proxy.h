// A TCP proxy that fails in every way a network can: between a client and a server on loopback, in a thread of its own.
// Faults can be changed while it runs; those of a connection begin with the bytes that come next.
#pragma once

#include <QThread>

#include <atomic>
#include <memory>

namespace tk::test {

class FaultProxy
{
public:
    enum class Mode : int {
        Pass,
        Refuse,     // the port is closed: connection refused; open connections are reset
        Reset,      // connections are reset as soon as a byte of a request comes
        Stall,      // requests are taken and never answered, nothing is closed
        HalfOpen,   // requests reach the server; its answers are thrown away, nothing is closed
        CutRequest, // the connection ends in the middle of a request's body
        CutAnswer,  // the server gets the request, the client only the first bytes of the answer
        HoldOne,    // the answers of the connection that speaks next are kept until the mode changes; others pass
        Slow,       // both ways with slowBytesPerSecond
    };

    explicit FaultProxy(quint16 server);
    ~FaultProxy();

    quint16 port() const { return m_port; }
    void set(Mode mode);
    void setServer(quint16 port) { m_server = port; }
    Mode mode() const { return m_mode; }
    bool isHolding() const { return m_holding; }          // an answer is kept
    quint64 connections() const { return m_connections; } // accepted so far

    static constexpr int slowBytesPerSecond = 256 * 1024;

private:
    class Worker;
    std::atomic<quint16> m_server;
    std::atomic<Mode> m_mode{Mode::Pass};
    std::atomic<quint64> m_connections{0};
    std::atomic<bool> m_holding{false};
    quint16 m_port = 0;
    QThread m_thread;
    Worker *m_worker = nullptr; // lives in m_thread
};

} // namespace tk::test
