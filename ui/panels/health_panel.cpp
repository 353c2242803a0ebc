#include "ui/panels/health_panel.h"

#include "ui/support/format.h"
#include "ui/support/state_mark.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QPainter>
#include <QVBoxLayout>

#include <algorithm>

namespace tk::ui {

using monitor::Sign;

namespace {

constexpr milliseconds longestStep{35'000}; // samples come every ten seconds
constexpr int offsetAlarm = 500;            // ms, as the engine's own

QString dot()
{
    return QStringLiteral(" · ");
}

} // namespace

HealthCard::HealthCard(const QString &title, const Theme &theme, QWidget *parent)
    : QFrame(parent)
    , m_theme(theme)
    , m_name(title)
    , m_title(new QLabel(title))
    , m_headline(new QLabel)
    , m_detail(new QLabel)
    , m_curve(new Sparkline(theme))
{
    setAccessibleName(title);
    QFont small = m_title->font();
    small.setBold(true);
    m_title->setFont(small);
    m_title->setForegroundRole(QPalette::PlaceholderText);
    m_detail->setForegroundRole(QPalette::PlaceholderText);
    for (QLabel *label : {m_headline, m_detail}) {
        label->setTextInteractionFlags(Qt::TextSelectableByMouse);
        label->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
        label->setMinimumWidth(40);
    }
    m_curve->setEmptyText(tr("no history yet"));
    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(12, 8, 12, 8);
    layout->setSpacing(2);
    layout->addWidget(m_title);
    layout->addWidget(m_headline);
    layout->addWidget(m_detail);
    layout->addWidget(m_curve, 1);
}

void HealthCard::say(const QString &headline, const QString &detail, Mood mood, const QString &toolTip)
{
    if (m_headlineText != headline || m_detailText != detail) {
        m_headlineText = headline;
        m_detailText = detail;
        fit();
    }
    setToolTip(toolTip.isEmpty() ? headline + u'\n' + detail : toolTip);
    setAccessibleDescription(headline + QStringLiteral(", ") + detail);
    if (mood != m_mood) {
        m_mood = mood;
        update();
    }
}

QString HealthCard::headline() const
{
    return m_headlineText;
}

QString HealthCard::detail() const
{
    return m_detailText;
}

// What does not fit ends in an ellipsis, and is in the tool tip as a whole.
void HealthCard::fit()
{
    for (const auto &[label, text] : {std::pair{m_headline, m_headlineText}, std::pair{m_detail, m_detailText}}) {
        const QString shown = label->fontMetrics().elidedText(text, Qt::ElideRight, label->width());
        if (label->text() != shown)
            label->setText(shown);
    }
}

void HealthCard::resizeEvent(QResizeEvent *event)
{
    QFrame::resizeEvent(event);
    fit();
}

void HealthCard::paintEvent(QPaintEvent *)
{
    const Palette &palette = m_theme.palette();
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    const auto lively = [&](const QColor &colour) { return isEnabled() ? colour : palette.secondaryText; };
    const QColor edge = !isEnabled()              ? palette.line
                        : m_mood == Mood::Trouble ? palette.stale
                        : m_mood == Mood::Warning ? palette.late
                                                  : palette.line;
    painter.setPen(edge);
    painter.setBrush(palette.panel);
    painter.drawRoundedRect(QRectF(rect()).adjusted(0.5, 0.5, -0.5, -0.5), 5, 5);
    // The mood as a shape too, for who does not see colours.
    const QRectF mark(width() - 22, 11, 10, 10);
    if (m_mood == Mood::Trouble)
        paintMark(painter, mark, MarkShape::Square, lively(palette.stale));
    else if (m_mood == Mood::Warning)
        paintMark(painter, mark, MarkShape::Triangle, lively(palette.late));
    else if (m_mood == Mood::Unknown)
        paintMark(painter, mark, MarkShape::DottedRing, palette.quiet);
    else
        paintMark(painter, mark, MarkShape::Disc, lively(palette.live));
}

HealthPanel::HealthPanel(monitor::EngineView &engine, const Theme &theme, QWidget *parent)
    : QWidget(parent)
    , m_engine(engine)
{
    setObjectName(QStringLiteral("healthPanel"));
    const std::array<std::pair<QString, const char *>, CardCount> names{{{tr("Streams"), "cardStreams"},
                                                                         {tr("Connections"), "cardConnections"},
                                                                         {tr("History"), "cardHistory"},
                                                                         {tr("Store"), "cardStore"},
                                                                         {tr("Hosts"), "cardHosts"},
                                                                         {tr("Engine"), "cardEngine"}}};
    auto *layout = new QHBoxLayout(this);
    layout->setContentsMargins(8, 8, 8, 8);
    layout->setSpacing(8);
    for (size_t i = 0; i < CardCount; ++i) {
        m_cards[i] = new HealthCard(names[i].first, theme);
        m_cards[i]->setObjectName(QLatin1String(names[i].second));
        layout->addWidget(m_cards[i], 1);
    }
    m_cards[Streams]->curve().setTone(Sparkline::Tone::Live);
    m_cards[Store]->curve().setTone(Sparkline::Tone::Live);
    for (const Card card : {Streams, Connections, History, Store, Hosts, Engine})
        m_cards[card]->curve().setFloor(0);
    m_cards[Streams]->curve().setToolTip(tr("Frames per second, last hour"));
    m_cards[Connections]->curve().setToolTip(tr("Stale and silent streams, last hour"));
    m_cards[History]->curve().setToolTip(tr("What is used of the exchange's limit on requests, last hour"));
    m_cards[Store]->curve().setToolTip(tr("Records stored per second, last hour"));
    m_cards[Hosts]->curve().setToolTip(tr("By how much files on hosts were behind, in seconds, last hour"));
    m_cards[Engine]->curve().setToolTip(tr("CPU in percent of a core, last hour"));
    connect(&engine.health(), &monitor::HealthBook::updated, this, &HealthPanel::refresh);
    connect(&engine.backfills(), &monitor::BackfillList::changed, this, &HealthPanel::showHistory);
    connect(&engine.hosts(), &monitor::HostList::changed, this, &HealthPanel::showHosts);
    connect(&engine.pulse(), &monitor::PulseBook::changed, this, &HealthPanel::drawCurves);
    connect(&engine.connection(), &monitor::EngineConnection::stateChanged, this, &HealthPanel::refresh);
    refresh();
}

void HealthPanel::refresh()
{
    const bool grey = m_engine.connection().isAway();
    for (HealthCard *card : m_cards)
        card->curve().setGrey(grey);
    showStreams();
    showConnections();
    showHistory();
    showStore();
    showHosts();
    showEngine();
}

void HealthPanel::showStreams()
{
    std::array<int, streamStateNames.size()> states{};
    double frames = 0;
    int all = 0;
    QStringList majors;
    for (const monitor::FeedView &feed : m_engine.health().feeds()) {
        for (size_t i = 0; i < states.size(); ++i)
            states[i] += feed.by_state[i];
        all += feed.streams;
        frames += feed.frames_per_second;
        majors += feed.stale_majors;
    }
    const auto count = [&](StreamState state) { return states[size_t(state)]; };
    if (all == 0)
        return m_cards[Streams]->say(tr("no streams yet"), tr("waiting for the instrument list"),
                                     HealthCard::Mood::Unknown);
    QStringList parts{tr("%1 live").arg(countText(count(StreamState::Live)))};
    for (const auto &[state, text] :
         {std::pair{StreamState::Stale, tr("%1 stale")}, std::pair{StreamState::Silent, tr("%1 silent")},
          std::pair{StreamState::Late, tr("%1 late")}, std::pair{StreamState::Quiet, tr("%1 quiet")}}) {
        if (count(state) > 0)
            parts.append(text.arg(countText(count(state))));
    }
    if (const int waiting = count(StreamState::Requested) + count(StreamState::Acknowledged); waiting > 0)
        parts.append(tr("%1 waiting").arg(countText(waiting)));
    const bool sick = count(StreamState::Stale) + count(StreamState::Silent) > 0;
    m_cards[Streams]->say(parts.join(dot()), tr("%1 frames/s").arg(countText(qint64(frames))),
                          sick                           ? HealthCard::Mood::Trouble
                          : count(StreamState::Late) > 0 ? HealthCard::Mood::Warning
                                                         : HealthCard::Mood::Calm,
                          majors.isEmpty() ? QString() : tr("Stale majors: %1").arg(majors.join(QStringLiteral(", "))));
}

void HealthPanel::showConnections()
{
    const auto &connections = m_engine.health().connections();
    if (connections.empty())
        return m_cards[Connections]->say(tr("none yet"), {}, HealthCard::Mood::Unknown);
    const auto well = std::ranges::count_if(connections, &monitor::ConnectionView::isWell);
    qint64 reconnects = 0;
    std::optional<milliseconds> rotation;
    QStringList sick;
    auto mood = HealthCard::Mood::Calm;
    const auto worsen = [&mood](HealthCard::Mood to) {
        if (mood != HealthCard::Mood::Trouble)
            mood = to;
    };
    for (const monitor::ConnectionView &connection : connections) {
        reconnects += connection.reconnects;
        if (connection.next_rotation)
            rotation = std::min(rotation.value_or(*connection.next_rotation), *connection.next_rotation);
        if (!connection.isWell() && !connection.cause.isEmpty())
            sick.append((m_engine.pairs().isOfSeveral() ? connection.exchange + u' ' : QString()) + connection.label +
                        QStringLiteral(": ") + connection.cause);
        if (!connection.isOpen() || connection.state == QLatin1String("silent"))
            worsen(connection.cause.isEmpty() ? HealthCard::Mood::Unknown : HealthCard::Mood::Trouble);
        else if (connection.state == QLatin1String("partly"))
            worsen(HealthCard::Mood::Warning);
        else if (connection.state == QLatin1String("waiting") && mood == HealthCard::Mood::Calm)
            mood = HealthCard::Mood::Unknown;
    }
    QString headline = tr("%1 of %2 deliver").arg(well).arg(connections.size());
    if (rotation)
        headline += dot() + tr("next rotation in %1").arg(ageText(rotation));
    m_cards[Connections]->say(
        headline, sick.isEmpty() ? tr("%1 reconnects since the start").arg(countText(reconnects)) : sick.join(dot()),
        mood);
}

// Candles wanted and settled by the backfills under way.
std::pair<qint64, qint64> HealthPanel::backfilling() const
{
    qint64 wanted = 0;
    qint64 settled = 0;
    for (const monitor::BackfillView &view : m_engine.backfills().all()) {
        if (view.isUnderWay()) {
            wanted += view.all.wanted;
            settled += view.all.fetched + view.all.unfillable;
        }
    }
    return {wanted, settled};
}

void HealthPanel::showHistory()
{
    const auto &histories = m_engine.health().histories();
    if (histories.empty())
        return m_cards[History]->say(tr("not started yet"), {}, HealthCard::Mood::Unknown);
    const monitor::HistoryView history = monitor::togetherOf(histories);
    QString headline = tr("nothing to repair");
    auto mood = HealthCard::Mood::Calm;
    if (!history.trouble.isEmpty()) {
        headline = history.trouble;
        mood = HealthCard::Mood::Trouble;
    } else if (history.filling && history.fill_wanted > 0) {
        headline = tr("filling · %1 %").arg(100 * history.fill_fetched / history.fill_wanted);
    } else if (const auto [wanted, settled] = backfilling(); wanted > 0) {
        headline = tr("backfill · %1 %").arg(100 * settled / wanted);
    } else if (history.gaps_open > 0) {
        const bool moves = history.repairing;
        headline =
            moves ? (history.gaps_open == 1 ? tr("repairing 1 gap")
                                            : tr("repairing %1 gaps").arg(countText(history.gaps_open)))
                  : (history.gaps_open == 1 ? tr("1 gap waits") : tr("%1 gaps wait").arg(countText(history.gaps_open)));
        mood = HealthCard::Mood::Warning;
    } else if (history.jobs_waiting > 0) {
        headline = tr("fetching");
    }
    const bool perMinute = history.limit_window == std::chrono::minutes(1);
    QString detail = tr("%1 %2 / %3 per %4")
                         .arg(history.limit_name, countText(history.limit_used), countText(history.limit_allowed),
                              perMinute ? tr("min") : ageText(history.limit_window));
    if (history.jobs_waiting > 0)
        detail += dot() + tr("%1 jobs waiting").arg(countText(history.jobs_waiting));
    if (history.gaps_unfillable > 0)
        detail += dot() + tr("%1 unfillable").arg(countText(history.gaps_unfillable));
    m_cards[History]->say(headline, detail, mood);
}

void HealthPanel::showStore()
{
    const auto &store = m_engine.health().store();
    if (!store)
        return m_cards[Store]->say(tr("not opened yet"), {}, HealthCard::Mood::Unknown);
    if (const auto &database = m_engine.health().database()) {
        const QString name = database->api.isEmpty() ? tr("InfluxDB") : tr("InfluxDB, API %1").arg(database->api);
        const QString spool = tr("spool %1").arg(bytesText(database->waiting_bytes));
        if (!database->trouble.isEmpty())
            return m_cards[Store]->say(
                database->trouble,
                spool + (toMs(database->oldest_waiting) != 0
                             ? dot() + tr("oldest %1").arg(ageText(m_engine.now() - database->oldest_waiting))
                             : QString()),
                HealthCard::Mood::Trouble, database->trouble + u'\n' + database->advice);
        if (!store->losses.isEmpty())
            return sayLosses(*store, spool);
        return m_cards[Store]->say(
            name + dot() + durationText(database->latency),
            spool + dot() + tr("%1 points/s").arg(countText(qint64(database->points_per_second))) +
                (database->refused_lines > 0 ? dot() + tr("%1 dead letters").arg(countText(database->refused_lines))
                                             : QString()),
            database->refused_lines > 0 ? HealthCard::Mood::Warning : HealthCard::Mood::Calm);
    }
    if (!store->trouble.isEmpty())
        return m_cards[Store]->say(store->trouble, tr("%1 records wait").arg(countText(store->waiting)),
                                   HealthCard::Mood::Trouble);
    const QString records = tr("%1 records stored since the start").arg(countText(store->records()));
    if (!store->losses.isEmpty())
        return sayLosses(*store, records);
    m_cards[Store]->say(tr("embedded · last write %1").arg(durationText(store->last_write)), records,
                        HealthCard::Mood::Calm);
}

// It takes records, and is not well before what it lost is back.
void HealthPanel::sayLosses(const monitor::StoreView &store, const QString &detail)
{
    m_cards[Store]->say(tr("stored data is gone"), detail, HealthCard::Mood::Trouble,
                        store.losses.join(QLatin1Char('\n')));
}

void HealthPanel::showHosts()
{
    using monitor::HostView;
    const auto &hosts = m_engine.hosts().all();
    m_cards[Hosts]->setVisible(!hosts.empty()); // who has none need not hear of them
    if (hosts.empty())
        return;
    int up = 0;
    int unseen = 0;
    auto mood = HealthCard::Mood::Calm;
    std::optional<milliseconds> behind;
    QList<int> files;
    QStringList wrong;
    for (const HostView &host : hosts) {
        up += host.isUp() ? 1 : 0;
        unseen += host.state == HostView::State::Unknown ? 1 : 0;
        if (host.isUp()) {
            behind = std::max(behind, host.behind);
            if (host.files() > 0 && !files.contains(host.files()))
                files.append(host.files());
        }
        if (host.state == HostView::State::Unreachable)
            wrong.append(tr("%1 unreachable").arg(host.name));
        for (const monitor::HostTroubleView &trouble : host.troubles) {
            if (host.isUp() && trouble.light == monitor::HostLight::Bad)
                wrong.append(host.name + QStringLiteral(": ") + trouble.title.toLower());
            else if (host.isUp())
                mood = HealthCard::Mood::Warning;
        }
    }
    wrong.removeDuplicates();
    QStringList parts{tr("%1 of %2 up").arg(up).arg(hosts.size())};
    if (files.size() == 1)
        parts.append(tr("%1 files each").arg(countText(files.first())));
    const QString detail = !wrong.isEmpty()      ? wrong.join(dot())
                           : unseen > 0          ? tr("%1 not seen yet").arg(unseen)
                           : !behind             ? tr("no files of candles seen")
                           : behind->count() > 0 ? tr("all files at most %1 behind").arg(ageText(behind))
                                                 : tr("all files up to date");
    m_cards[Hosts]->say(parts.join(dot()), detail,
                        !wrong.isEmpty() ? HealthCard::Mood::Trouble
                        : unseen > 0     ? HealthCard::Mood::Unknown
                                         : mood,
                        wrong.isEmpty() ? QString() : wrong.join(u'\n'));
}

void HealthPanel::showEngine()
{
    const auto &engine = m_engine.health().engine();
    if (!engine)
        return m_cards[Engine]->say(tr("not seen yet"), m_engine.connection().trouble().message,
                                    HealthCard::Mood::Unknown);
    const auto &process = m_engine.health().process();
    const UtcTime now = m_engine.now();
    QString headline = tr("up %1").arg(ageText(std::max(milliseconds(0), now - engine->started)));
    if (process)
        headline +=
            dot() + tr("CPU %1 %").arg(process->cpu_percent, 0, 'f', 1) + dot() + bytesText(process->resident_bytes);
    QString detail;
    auto mood = HealthCard::Mood::Calm;
    if (!m_engine.health().histories().empty()) {
        const auto offset = monitor::togetherOf(m_engine.health().histories()).clock_offset;
        detail = tr("clock %1%2 ms to the exchange")
                     .arg(offset.count() >= 0 ? QStringLiteral("+") : QString(minusSign))
                     .arg(std::abs(offset.count()));
        if (std::abs(offset.count()) > offsetAlarm)
            mood = HealthCard::Mood::Warning;
    }
    m_cards[Engine]->say(headline, detail, mood,
                         tr("Version %1, process %2\n%3").arg(engine->version).arg(engine->pid).arg(engine->data_dir));
}

void HealthPanel::drawCurves()
{
    const auto curve = [this](Card card, Sign sign) {
        std::vector<LinePoint> points;
        for (const monitor::PulseSample &sample : m_engine.pulse().samples()) {
            if (const auto value = sample.value(sign))
                points.push_back({sample.at, *value});
        }
        m_cards[card]->curve().setPoints(std::move(points), longestStep);
        m_cards[card]->curve().setSpan(std::chrono::hours(1), m_engine.now());
    };
    curve(Streams, Sign::FramesPerSecond);
    curve(Connections, Sign::SickStreams);
    curve(History, Sign::WeightUsed);
    curve(Store, Sign::RecordsPerSecond);
    curve(Hosts, Sign::HostsBehindSeconds);
    curve(Engine, Sign::CpuPercent);
}

} // namespace tk::ui
