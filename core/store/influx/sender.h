// Takes what waits in the spool to the database: one body of one week at a time in each lane, in order, again and again
// until the database has said 2xx. Lives in a thread of its own and never waits for anybody there.
#pragma once

#include "base/backoff.h"
#include "base/clock.h"
#include "base/gzip.h"
#include "runtime/service.h"
#include "store/index_file.h"
#include "store/influx/dead_letters.h"
#include "store/influx/dialect.h"
#include "store/influx/isolation.h"
#include "store/influx/refusals.h"
#include "store/spool/spool_writer.h"

#include <QTimer>

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <unordered_map>

namespace tk::store::influx {

struct SenderSnapshot
{
    enum class State : quint8 { Connecting, Delivering, Retrying, Parked };
    UtcTime at{};
    State state = State::Connecting;
    std::string_view api{}; // "v1"; empty until the server has said
    QString trouble{};      // why nothing is delivered; empty when all is well
    QString advice{};       // what somebody has to do about it
    UtcTime trouble_since{};
    UtcTime last_delivered{}; // 0: nothing yet
    quint64 points = 0;       // delivered since the start, what was sent twice counted twice
    quint64 candles = 0;      // of them
    quint64 funding = 0;
    quint64 marks = 0;
    quint64 ticks = 0;
    quint64 requests = 0;
    quint64 refused_lines = 0;               // in the dead-letter files since the start
    quint64 aged_lines = 0;                  // older than the database keeps: not sent, and nobody misses them
    std::vector<Refusal> refusals{};         // what it refuses for good, and has not changed its mind about
    std::optional<milliseconds> retention{}; // as the database says; 0: for ever
    double points_per_second = 0;
    milliseconds latency{0};               // of the newest request
    std::map<QString, quint64> failures{}; // by status, or "unreachable"
    SpoolFigures spool{};
};

inline constexpr std::array<std::string_view, 4> senderStateNames{"connecting", "delivering", "retrying", "parked"};

// What is so close to the end of the database's retention is not sent: the database may be a little ahead of us.
inline constexpr milliseconds retentionSlack = std::chrono::hours(1);

// How long a record is worth its way to a database that keeps so long; 0: for ever.
constexpr milliseconds worthKeeping(milliseconds retention)
{
    return retention.count() == 0 ? retention : std::max(retention - retentionSlack, milliseconds(1));
}

struct SenderOptions
{
    config::InfluxSettings settings;
    QString index_file;
    QString dead_letter_folder;
    qsizetype largest_body = 1'000'000; // bytes of lines; above it early refusals get lost (reference influx §0)
    milliseconds parked_retry{60'000};
    milliseconds look_up_every{15'000};   // whether the database is there and knows us, and how long it keeps
    milliseconds knock_every{3'000};      // whether one that did not answer is back
    milliseconds resend_reach{1'800'000}; // what was acknowledged so long before an outage is sent again after it
};

class Sender final : public runtime::Service
{
    Q_OBJECT
public:
    Sender(SenderOptions options, SpoolParts parts, std::function<void()> beat);
    ~Sender() override;

    // Told at the begin of each look that spoolGrew() asked for: appends from here on want another one.
    void setLookStarted(std::function<void()> told) { m_lookStarted = std::move(told); }

    Status start() override;
    void stop() override; // delivers what it can in a moment; the rest stays in the spool

public Q_SLOTS:
    void spoolGrew(); // something was appended; any number of calls is one look
    void filesGone(); // of the data folder, removed or replaced while in use: they are begun anew

Q_SIGNALS:
    void stored(const std::vector<quint64> &tickets); // the database has confirmed all of them
    void latencyMeasured(const std::vector<tk::milliseconds> &eventToStored);
    void writeFailed(const QString &code);
    void databaseReturned(); // it takes records again
    void caughtUp();         // nothing waits any more
    // The database took everything but these, for a reason that will not go away by itself.
    // `byDatabase` is false for lines that never went there, since no database takes such a time.
    void refused(const std::vector<tk::StreamSpan> &spans, const QString &reason, bool byDatabase);
    // It takes this measurement again. First what history has is to be fetched; once `again` is true, all letters of
    // what it has not are on their way.
    void takenAgain(const QString &measurement, bool again);
    void retentionKnown(tk::milliseconds retention); // so long it is worth sending; 0: for ever
    void databaseDoubtful(const QString &why);       // it may be another one than it was
    // The spool is filling up: what can be fetched again later should not be fetched now.
    void roomChanged(bool scarce);
    void snapshotReady(std::shared_ptr<const tk::store::influx::SenderSnapshot> snapshot);

private:
    struct StreamHash
    {
        size_t operator()(const StreamKey &stream) const { return qHash(stream); }
    };
    enum class Link : quint8 { Unknown, Asking, Up, Down, Parked };

    // What a lane has taken from the spool and is delivering, body by body.
    struct Load
    {
        quint64 last_seq = 0;
        std::deque<QByteArray> bodies{}; // each of one shard week
        QByteArray packed{};             // the first of them, compressed while the server works
        std::vector<DeadLetter> odd{};   // lines that are none of ours, or of the future
        QByteArray aged{};               // older than the database keeps
    };
    struct Finished // one of the two
    {
        std::optional<Isolation> body{};
        std::optional<Load> load{};
    };
    struct LaneState
    {
        quint64 cursor = 0; // everything up to it was taken from the spool
        std::optional<Load> load{};
        std::optional<Isolation> body{};
        std::optional<Load> next{};      // read ahead while the server works
        QByteArray packed{};             // the piece to send, compressed
        std::deque<Finished> finished{}; // delivered, in order, and not yet written up
        bool in_flight = false;
        quint64 attempt = 0; // an answer to an earlier one is nobody's
    };

    void tick();
    void pump();
    void connectToDatabase();
    void setup(const net::HttpAnswer &answer);
    void linkFailed(const Reply &reply, Link state);
    void linkWorks();
    void rewind();
    void startOver();

    void advance(Lane lane);
    std::optional<Load> read(Lane lane);
    bool isWorthSending(Lane lane);
    void send(Lane lane);
    void readAhead(Lane lane);
    void answered(Lane lane, const net::HttpAnswer &answer, MonotonicTime sent);
    void sendNext(Lane lane);
    void lookUp();
    void lookedUp(const net::HttpAnswer &answer, UtcTime asked);
    void knock();
    void lookAtRefusals();
    void placeFound(const DatabaseSetup::Ready &ready);
    void leaveOut(Lane lane, const QByteArray &aged);
    bool settle(Lane lane);
    bool finishBody(Lane lane, const Isolation &body);
    bool finishLoad(Lane lane, const Load &load);
    bool writeLetters(std::vector<DeadLetter> letters, Lane lane);
    DeadLetter letter(Lane lane, const QByteArray &line, const Reply &reply, int attempts) const;
    void settleTickets();
    void save();
    void sendSnapshot();
    LaneState &of(Lane lane) { return m_lanes[size_t(lane)]; }

    SenderOptions m_options;
    SpoolParts m_parts;
    std::function<void()> m_beat;
    std::function<void()> m_lookStarted;
    std::unique_ptr<net::HttpClient> m_http;
    std::optional<IndexFile> m_indexFile; // nothing while it has to be begun anew
    std::optional<DeadLetters> m_letters;
    std::optional<Refusals> m_refusals;
    GzipCompressor m_gzip;
    QTimer m_tick;
    PerLane<LaneState> m_lanes;

    Link m_link = Link::Unknown;
    std::optional<Api> m_api;
    std::optional<DatabaseSetup> m_setup;
    std::optional<milliseconds> m_retention; // as the server has it; 0: for ever
    Backoff m_backoff;
    MonotonicTime m_retryAt{};
    MonotonicTime m_toldAt{};
    std::optional<UtcTime> m_rewindTo; // an outage is over: send again from here
    MonotonicTime m_rewindAllowedAt{};
    qsizetype m_bodyLimit;
    int m_patience = 1; // times the configured timeout: a server that is merely slow must get its turn one day
    int m_quickAnswers = 0;
    int m_wholeBodies = 0; // accepted since the limit was lowered

    MonotonicTime m_saveAt{};
    MonotonicTime m_snapshotAt{};
    MonotonicTime m_caughtUpAt{};
    MonotonicTime m_tidyAt{};
    MonotonicTime m_lookUpAt{};
    MonotonicTime m_knockAt{};
    milliseconds m_knockEvery;
    bool m_away = false;    // the last that failed had no answer at all
    int m_missingInRow = 0; // times that the database was not there
    bool m_placeFound = false;
    bool m_lookingUp = false;
    bool m_deliveredSinceCaughtUp = false;
    bool m_scarce = false;
    bool m_stopping = false;
    MonotonicTime m_stopBy{};
    std::unordered_map<StreamKey, StoredIndex::Known, StreamHash>
        m_unsaved; // confirmed, and not yet in the index's file
    MonotonicTime m_rateSince{};
    quint64 m_pointsBefore = 0;
    SenderSnapshot m_state;
};

} // namespace tk::store::influx
