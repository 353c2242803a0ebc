#include "ui/panels/status_strip.h"

#include "ui/support/state_mark.h"

#include <QLabel>
#include <QPainter>

namespace tk::ui {

using monitor::Verdict;

void paintVerdict(QPainter &painter, const QRectF &box, Verdict verdict, const Palette &palette)
{
    switch (verdict) {
    case Verdict::Well:
        return paintMark(painter, box, MarkShape::Disc, palette.live);
    case Verdict::Warning:
        return paintMark(painter, box, MarkShape::Triangle, palette.late);
    case Verdict::Trouble:
        return paintMark(painter, box, MarkShape::Square, palette.stale);
    case Verdict::Away:
        return paintMark(painter, box, MarkShape::Diamond, palette.silent);
    case Verdict::Waiting:
        return paintMark(painter, box, MarkShape::DottedRing, palette.quiet);
    }
}

class StatusStrip::Mark final : public QWidget
{
public:
    Mark(const StatusStrip &strip, const Theme &theme)
        : m_strip(strip)
        , m_theme(theme)
    {
        setFixedSize(22, 16);
    }

protected:
    void paintEvent(QPaintEvent *) override
    {
        QPainter painter(this);
        paintVerdict(painter, QRectF(8, 3, 10, 10), m_strip.line().verdict, m_theme.palette());
    }

private:
    const StatusStrip &m_strip;
    const Theme &m_theme;
};

StatusStrip::StatusStrip(monitor::EngineView &engine, const Theme &theme, QWidget *parent)
    : QStatusBar(parent)
    , m_engine(engine)
    , m_mark(new Mark(*this, theme))
    , m_sentence(new QLabel)
    , m_facts(new QLabel)
{
    setObjectName(QStringLiteral("statusStrip"));
    setSizeGripEnabled(false);
    m_sentence->setObjectName(QStringLiteral("statusSentence"));
    m_sentence->setAccessibleName(tr("Status"));
    m_sentence->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
    m_facts->setObjectName(QStringLiteral("statusFacts"));
    m_facts->setForegroundRole(QPalette::PlaceholderText);
    m_facts->setContentsMargins(0, 0, 8, 0);
    addWidget(m_mark);
    addWidget(m_sentence, 1);
    addPermanentWidget(m_facts);
    connect(&m_tick, &QTimer::timeout, this, &StatusStrip::refresh);
    connect(&engine.connection(), &monitor::EngineConnection::stateChanged, this, &StatusStrip::refresh);
    // With the cards, which are of the same moment: one frame, one count.
    connect(&engine.health(), &monitor::HealthBook::updated, this, &StatusStrip::refresh);
    connect(&theme, &Theme::changed, m_mark, qOverload<>(&QWidget::update));
    m_tick.start(1'000);
    refresh();
}

QString StatusStrip::facts() const
{
    return m_facts->text();
}

void StatusStrip::setZone(ClockZone zone)
{
    m_zone = zone;
    refresh();
}

void StatusStrip::refresh()
{
    const monitor::EngineConnection &connection = m_engine.connection();
    const monitor::StatusLine line = monitor::statusLine({.connection = connection.state(),
                                                          .last_seen = connection.lastSeen(),
                                                          .connection_trouble = connection.trouble().message,
                                                          .health = m_engine.health()});
    const bool changed = line.text != m_line.text || line.verdict != m_line.verdict;
    const bool verdict = line.verdict != m_line.verdict;
    m_line = line;
    if (changed) {
        m_sentence->setText(line.text);
        m_sentence->setToolTip(line.parts.isEmpty() ? line.text : line.parts.join(u'\n'));
        m_mark->update();
        Q_EMIT lineChanged();
    }
    if (verdict)
        Q_EMIT verdictChanged(m_line.verdict);
    QStringList facts;
    const UtcTime now = m_engine.now();
    if (toMs(now) != 0)
        facts.append(clockText(now, m_zone) + u' ' + zoneName(now, m_zone));
    facts.append(connection.name());
    if (const auto &engine = m_engine.health().engine(); engine && connection.isConnected())
        facts.append(tr("engine %1").arg(ageText(std::max(milliseconds(0), now - engine->started))));
    if (const auto &process = m_engine.health().process(); process && connection.isConnected()) {
        facts.append(tr("CPU %1 %").arg(process->cpu_percent, 0, 'f', 1));
        facts.append(bytesText(process->resident_bytes));
    }
    m_facts->setText(facts.join(QStringLiteral(" · ")));
}

} // namespace tk::ui
