#include "ui/panels/charts_panel.h"

#include <QButtonGroup>
#include <QCheckBox>
#include <QHBoxLayout>
#include <QLabel>
#include <QSettings>
#include <QStackedLayout>
#include <QTabBar>
#include <QToolButton>
#include <QVBoxLayout>

#include <algorithm>

namespace tk::ui {

namespace {

constexpr int mostTabs = 24;

} // namespace

ChartsPanel::ChartsPanel(monitor::EngineView &engine, const Theme &theme, QWidget *parent)
    : QWidget(parent)
    , m_engine(engine)
    , m_theme(theme)
    , m_bar(new QTabBar)
    , m_frames(new QHBoxLayout)
    , m_timeframes(new QButtonGroup(this))
    , m_mark(new QCheckBox(tr("Mark")))
    , m_funding(new QCheckBox(tr("Funding")))
    , m_volume(new QCheckBox(tr("Volume")))
    , m_stack(new QStackedLayout)
{
    setObjectName(QStringLiteral("chartsPanel"));
    m_bar->setObjectName(QStringLiteral("chartTabs"));
    m_bar->setMovable(true);
    m_bar->setExpanding(false);
    m_bar->setDrawBase(false);
    m_bar->setUsesScrollButtons(true);
    m_bar->setAccessibleName(tr("Charts"));
    auto *another = new QToolButton;
    another->setObjectName(QStringLiteral("newChartTab"));
    another->setText(QStringLiteral("+"));
    another->setToolTip(tr("Another chart of the same pair"));
    another->setAccessibleName(tr("New chart"));
    m_mark->setObjectName(QStringLiteral("overlayMark"));
    m_funding->setObjectName(QStringLiteral("overlayFunding"));
    m_volume->setObjectName(QStringLiteral("overlayVolume"));
    m_mark->setChecked(true);
    m_volume->setChecked(true);

    auto *row = new QHBoxLayout;
    row->setSpacing(6);
    row->addWidget(m_bar, 0);
    row->addWidget(another);
    row->addStretch(1);
    m_frames->setSpacing(2);
    row->addLayout(m_frames);
    row->addSpacing(10);
    for (QCheckBox *box : {m_mark, m_funding, m_volume})
        row->addWidget(box);

    m_empty = new QLabel(tr("Choose a pair in the table and press Enter to see its candles here."));
    static_cast<QLabel *>(m_empty)->setAlignment(Qt::AlignCenter);
    m_empty->setForegroundRole(QPalette::PlaceholderText);
    m_stack->addWidget(m_empty);

    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(8, 6, 8, 0);
    layout->setSpacing(4);
    layout->addLayout(row);
    layout->addLayout(m_stack, 1);

    connect(m_bar, &QTabBar::currentChanged, this, [this](int index) {
        if (index >= 0 && index < int(m_tabs.size()))
            m_stack->setCurrentWidget(m_tabs[size_t(index)].chart);
        syncControls();
        if (const ChartFeed *feed = currentFeed())
            Q_EMIT currentChanged(feed->series().exchange, feed->series().pair);
    });
    connect(m_bar, &QTabBar::tabMoved, this, [this](int from, int to) {
        const Tab moved = m_tabs[size_t(from)];
        m_tabs.erase(m_tabs.begin() + from);
        m_tabs.insert(m_tabs.begin() + to, moved);
    });
    connect(another, &QToolButton::clicked, this, [this] {
        if (const ChartFeed *feed = currentFeed()) {
            const SeriesKey series = feed->series();
            open(series.exchange, series.pair, series.timeframe, true);
        }
    });
    connect(m_timeframes, &QButtonGroup::idClicked, this, [this](int id) {
        const ChartFeed *feed = currentFeed();
        if (feed)
            open(feed->series().exchange, feed->series().pair, Timeframe(id), false);
    });
    const auto overlay = [this](QCheckBox *box, CandleChart::Overlay what) {
        connect(box, &QCheckBox::toggled, this, [this, what](bool shown) {
            for (Tab &tab : m_tabs)
                tab.chart->setOverlay(what, shown);
        });
    };
    overlay(m_mark, CandleChart::Overlay::Mark);
    overlay(m_funding, CandleChart::Overlay::Funding);
    overlay(m_volume, CandleChart::Overlay::Volume);
    connect(&engine.pairs(), &monitor::PairBook::timeframesChanged, this, [this] {
        setTimeframes();
        openFirst();
    });
    setTimeframes();
}

void ChartsPanel::setTimeframes()
{
    for (QAbstractButton *button : m_timeframes->buttons())
        delete button;
    int number = 0;
    for (const Timeframe timeframe : m_engine.pairs().timeframes()) {
        auto *button = new QToolButton;
        button->setText(timeframeText(timeframe));
        button->setCheckable(true);
        button->setObjectName(QStringLiteral("timeframe-") + timeframeText(timeframe));
        button->setToolTip(tr("%1 candles (%2)").arg(timeframeText(timeframe)).arg(++number));
        m_timeframes->addButton(button, int(timeframe));
        m_frames->addWidget(button);
    }
    syncControls();
}

// A window that has nothing to show yet shows the pair that people look at first.
void ChartsPanel::openFirst()
{
    if (!m_tabs.empty() || m_engine.pairs().rows().empty())
        return;
    const auto &rows = m_engine.pairs().rows();
    auto first = std::ranges::find(rows, QStringLiteral("BTC/USDT:USDT"), &monitor::PairRow::pair);
    if (first == rows.end())
        first = std::ranges::find_if(rows, &monitor::PairRow::is_major);
    if (first == rows.end())
        first = rows.begin();
    open(first->exchange, first->pair, {}, true);
}

ChartsPanel::Tab &ChartsPanel::addTab()
{
    auto *chart = new CandleChart(m_theme);
    chart->setObjectName(QStringLiteral("chart"));
    chart->setFocusPolicy(Qt::StrongFocus);
    chart->setClockZone(m_zone);
    chart->setOverlay(CandleChart::Overlay::Mark, m_mark->isChecked());
    chart->setOverlay(CandleChart::Overlay::Funding, m_funding->isChecked());
    chart->setOverlay(CandleChart::Overlay::Volume, m_volume->isChecked());
    m_stack->addWidget(chart);
    m_tabs.push_back({chart, new ChartFeed(m_engine, *chart)});
    const int index = m_bar->addTab(QString());
    auto *close = new QToolButton;
    close->setObjectName(QStringLiteral("closeTab"));
    close->setText(QStringLiteral("×"));
    close->setToolTip(tr("Close this chart"));
    close->setAccessibleName(tr("Close chart"));
    close->setAutoRaise(true);
    close->setFocusPolicy(Qt::NoFocus);
    connect(close, &QToolButton::clicked, this, [this, chart] {
        const auto at = std::ranges::find(m_tabs, chart, &Tab::chart);
        closeTab(int(at - m_tabs.begin()));
    });
    m_bar->setTabButton(index, QTabBar::RightSide, close);
    return m_tabs.back();
}

void ChartsPanel::open(const QString &exchange, const QString &pair, std::optional<Timeframe> timeframe, bool newTab)
{
    const ChartFeed *front = currentFeed();
    if (!timeframe && front)
        timeframe = front->series().timeframe;
    const monitor::PairRow *row = m_engine.pairs().find(exchange, pair);
    const auto kept = [&](Timeframe wanted) {
        return !row || row->finals.empty() ||
               std::ranges::find(row->finals, wanted, &monitor::FinalCandle::timeframe) != row->finals.end();
    };
    if ((!timeframe || !kept(*timeframe)) && row && !row->finals.empty())
        timeframe = row->finals.front().timeframe;
    const SeriesKey series{exchange, pair, timeframe.value_or(Timeframe::M3)};
    const bool add = m_tabs.empty() || (newTab && int(m_tabs.size()) < mostTabs);
    if (add)
        addTab();
    const int index = add ? int(m_tabs.size()) - 1 : m_bar->currentIndex();
    show(m_tabs[size_t(index)], series);
    refreshTab(index);
    m_bar->setCurrentIndex(index);
    m_stack->setCurrentWidget(m_tabs[size_t(index)].chart);
    syncControls();
    Q_EMIT currentChanged(exchange, pair);
}

void ChartsPanel::show(Tab &tab, const SeriesKey &series)
{
    tab.feed->show(series);
}

void ChartsPanel::refreshTab(int index)
{
    const SeriesKey &series = m_tabs[size_t(index)].feed->series();
    m_bar->setTabText(index, series.pair + QStringLiteral(" · ") + timeframeText(series.timeframe));
    m_bar->setTabToolTip(index, series.exchange);
}

void ChartsPanel::closeTab(int index)
{
    if (index < 0 || index >= int(m_tabs.size()))
        return;
    const Tab closed = m_tabs[size_t(index)];
    m_tabs.erase(m_tabs.begin() + index);
    m_bar->removeTab(index);
    m_stack->removeWidget(closed.chart);
    delete closed.chart;
    if (m_tabs.empty())
        m_stack->setCurrentWidget(m_empty);
    syncControls();
}

void ChartsPanel::stepTab(int by)
{
    if (!m_tabs.empty())
        m_bar->setCurrentIndex((m_bar->currentIndex() + by + int(m_tabs.size())) % int(m_tabs.size()));
}

CandleChart *ChartsPanel::current() const
{
    const int index = m_bar->currentIndex();
    return index >= 0 && index < int(m_tabs.size()) ? m_tabs[size_t(index)].chart : nullptr;
}

ChartFeed *ChartsPanel::currentFeed() const
{
    const int index = m_bar->currentIndex();
    return index >= 0 && index < int(m_tabs.size()) ? m_tabs[size_t(index)].feed : nullptr;
}

void ChartsPanel::goTo(UtcTime from, UtcTime to)
{
    if (ChartFeed *feed = currentFeed())
        feed->goTo(from, to);
}

void ChartsPanel::setTimeframe(int number)
{
    const auto &timeframes = m_engine.pairs().timeframes();
    const ChartFeed *feed = currentFeed();
    if (feed && number >= 0 && number < int(timeframes.size()))
        open(feed->series().exchange, feed->series().pair, timeframes[size_t(number)], false);
}

void ChartsPanel::syncControls()
{
    const ChartFeed *feed = currentFeed();
    m_timeframes->setExclusive(false);
    for (QAbstractButton *button : m_timeframes->buttons()) {
        button->setChecked(feed && m_timeframes->id(button) == int(feed->series().timeframe));
        button->setEnabled(feed != nullptr);
    }
    m_timeframes->setExclusive(true);
}

void ChartsPanel::setZone(ClockZone zone)
{
    m_zone = zone;
    for (Tab &tab : m_tabs)
        tab.chart->setClockZone(zone);
}

void ChartsPanel::save(QSettings &settings) const
{
    QStringList tabs;
    for (const Tab &tab : m_tabs)
        tabs.append(monitor::seriesText(tab.feed->series()));
    settings.setValue(QStringLiteral("charts/tabs"), tabs);
    settings.setValue(QStringLiteral("charts/current"), m_bar->currentIndex());
    settings.setValue(QStringLiteral("charts/mark"), m_mark->isChecked());
    settings.setValue(QStringLiteral("charts/funding"), m_funding->isChecked());
    settings.setValue(QStringLiteral("charts/volume"), m_volume->isChecked());
}

void ChartsPanel::restore(const QSettings &settings)
{
    m_mark->setChecked(settings.value(QStringLiteral("charts/mark"), true).toBool());
    m_funding->setChecked(settings.value(QStringLiteral("charts/funding"), false).toBool());
    m_volume->setChecked(settings.value(QStringLiteral("charts/volume"), true).toBool());
    for (const QString &text : settings.value(QStringLiteral("charts/tabs")).toStringList()) {
        const QStringList parts = text.split(u' ');
        const auto timeframe = parts.size() == 3 ? timeframeFromName(parts[2].toStdString()) : std::nullopt;
        if (timeframe)
            open(parts[0], parts[1], timeframe, true);
    }
    const int front = settings.value(QStringLiteral("charts/current"), 0).toInt();
    if (front >= 0 && front < int(m_tabs.size()))
        m_bar->setCurrentIndex(front);
}

} // namespace tk::ui
