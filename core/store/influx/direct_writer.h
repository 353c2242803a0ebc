// Takes lines to the database while the caller waits, without a spool: for copies and for lines that are sent once more
// by hand. One body of one week at a time; what the database refuses is found line by line. One thread.
#pragma once

#include "base/clock.h"
#include "base/gzip.h"
#include "store/influx/isolation.h"
#include "store/spool/spool.h"

#include <atomic>
#include <functional>
#include <memory>
#include <optional>

namespace tk::store::influx {

struct DirectWriterOptions
{
    config::InfluxSettings settings;
    milliseconds patience{30'000};      // a database that takes nothing for so long ends the call
    qsizetype largest_body = 1'000'000; // bytes of lines, as the sender's
};

class DirectWriter
{
public:
    using TakeRefused = std::function<void(const Isolation::Refused &refused)>;

    // `stop`, where it is given, may be set by another thread to end a call; it must live as long as the writer.
    DirectWriter(DirectWriterOptions options, std::shared_ptr<const Clock> clock,
                 const std::atomic<bool> *stop = nullptr);

    Status connect(); // finds out which server answers; finds the database or makes it

    // Whole lines of one lane's precision, delivered on return but for those that `refused` was told. After an error
    // some of them may have been delivered; writing them again is harmless. Returns how many were.
    Result<qint64> write(Lane lane, QByteArrayView lines, const TakeRefused &refused);

private:
    Result<qint64> deliver(Lane lane, QByteArray lines, const TakeRefused &refused);
    net::HttpAnswer send(const net::HttpCall &call);
    bool isStopped() const { return m_stop && m_stop->load(); }
    void pause(milliseconds span) const;
    Error errorOf(const Reply &reply) const;

    DirectWriterOptions m_options;
    std::shared_ptr<const Clock> m_clock;
    const std::atomic<bool> *m_stop;
    net::BlockingHttpClient m_http;
    GzipCompressor m_gzip;
    std::optional<Api> m_api;
    std::optional<milliseconds> m_retention; // as the server has it; 0: for ever
    qsizetype m_bodyLimit;
};

} // namespace tk::store::influx
