// What InfluxDB 1.x, 2.x and 3.x want on the wire for writing, and what their answers mean. Pure: requests and answers
// as values. Facts: reference influx §1, §5 to §9.
#pragma once

#include "base/result.h"
#include "base/time.h"
#include "config/settings.h"
#include "net/http_client.h"

#include <optional>
#include <variant>
#include <vector>

namespace tk::store::influx {

enum class Api : quint8 { V1, V2, V3 };
std::string_view apiName(Api api); // "v1", "v2", "v3"

// The one that the configuration names; nothing for "auto".
std::optional<Api> configuredApi(const config::InfluxSettings &settings);

// "http://HOST/ping": tells which server answers.
net::HttpCall pingCall(const config::InfluxSettings &settings);
// An error where it is no answer of any InfluxDB. Servers that speak the protocol without telling a version (such as
// VictoriaMetrics) are written to as v1, or as v2 where an organisation is configured.
Result<Api> recognise(const net::HttpAnswer &ping, const config::InfluxSettings &settings);

// Adds who we are. The parts of a secret go into headers, never into a URL.
void authorise(net::HttpCall &call, Api api, const config::InfluxSettings &settings);
QUrl endpoint(const config::InfluxSettings &settings, const QString &path,
              const std::vector<std::pair<QString, QString>> &query = {});

// A body of gzipped lines, stamped in nanoseconds or in milliseconds.
net::HttpCall writeCall(Api api, const config::InfluxSettings &settings, bool nanoseconds, QByteArray gzipped);

enum class Verdict : quint8 {
    Delivered,
    ComeAgain,  // the same bytes again, later
    TooLarge,   // halve it
    BadLines,   // some lines are at fault: find them
    WrongPlace, // the settings are at fault: stop, tell, try slowly
    NotAllowed, // the credentials are at fault: stop, tell, try slowly
};

struct Reply
{
    Verdict verdict = Verdict::ComeAgain;
    int status = 0;   // 0: no answer
    QString text{};   // the server's own words, or the network's; one line
    QString advice{}; // what to do, where somebody has to do something
    milliseconds retry_after{0};
    bool timed_out = false;     // it may be at work on it still
    bool may_have_lost = false; // the server may be another process by now, or could not write: what it acknowledged
                                // shortly before is not to be trusted (reference influx §8)
    std::vector<QByteArray> bad_lines{}; // lines that the answer quotes as bad, as they were sent

    QString code() const; // for metrics: "503", "timeout", "unreachable"
};

Reply judge(const net::HttpAnswer &answer, qsizetype sent_bytes, UtcTime now);

// Finds the database, or makes it with the configured retention. One question at a time; never changes what exists.
class DatabaseSetup
{
public:
    struct Ready
    {
        std::optional<milliseconds> retention{}; // what the server says; 0: for ever; nothing where it does not say
        bool created = false;
    };
    using Step = std::variant<net::HttpCall, Ready, Reply>; // ask this next; done; why it cannot be done

    DatabaseSetup(Api api, config::InfluxSettings settings)
        : m_api(api)
        , m_settings(std::move(settings))
    {}
    net::HttpCall first();
    Step after(const net::HttpAnswer &answer, UtcTime now);

private:
    enum class Asked : quint8 { Lookup, Organisation, Create };
    net::HttpCall create(const QString &organisation_id);

    Api m_api;
    config::InfluxSettings m_settings;
    Asked m_asked = Asked::Lookup;
};

} // namespace tk::store::influx
