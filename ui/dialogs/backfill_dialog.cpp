#include "ui/dialogs/backfill_dialog.h"

#include "ui/dialogs/pair_picker.h"
#include "ui/panels/cell_delegate.h"
#include "ui/support/format.h"

#include <QButtonGroup>
#include <QCheckBox>
#include <QComboBox>
#include <QDateTimeEdit>
#include <QFormLayout>
#include <QHeaderView>
#include <QJsonArray>
#include <QLabel>
#include <QProgressBar>
#include <QPushButton>
#include <QStackedWidget>
#include <QTableWidget>
#include <QTimeZone>
#include <QToolButton>
#include <QVBoxLayout>

#include <algorithm>

namespace tk::ui {

namespace {

constexpr int planAfter = 300; // ms after the last change

QDateTime toQt(UtcTime time)
{
    return QDateTime::fromMSecsSinceEpoch(toMs(time), Qt::UTC);
}

UtcTime fromQt(const QDateTime &time)
{
    return fromMs(time.toMSecsSinceEpoch());
}

double rateOf(qint64 before, qint64 now, qint64 ms)
{
    return ms > 0 ? 1000.0 * double(std::max<qint64>(0, now - before)) / double(ms) : 0;
}

} // namespace

BackfillDialog::BackfillDialog(monitor::EngineView &engine, const Theme &theme, const QStringList &pairs,
                               QWidget *parent)
    : QDialog(parent)
    , m_engine(engine)
    , m_theme(theme)
    , m_pages(new QStackedWidget)
{
    setObjectName(QStringLiteral("backfillDialog"));
    setWindowTitle(tr("Backfill"));
    resize(760, 560);
    m_pages->addWidget(makeForm(pairs));
    m_pages->addWidget(makeProgress());
    auto *layout = new QVBoxLayout(this);
    layout->addWidget(m_pages);
    m_planSoon.setSingleShot(true);
    m_planSoon.setInterval(planAfter);
    connect(&m_planSoon, &QTimer::timeout, this, &BackfillDialog::plan);
    connect(&engine.backfills(), &monitor::BackfillList::changed, this, &BackfillDialog::showProgress);
    connect(&engine.connection(), &monitor::EngineConnection::stateChanged, this, [this] {
        if (m_engine.connection().isConnected())
            m_planSoon.start();
        else
            m_preview->setText(tr("The engine is away: nothing can be asked for until it is back."));
    });
    setPreset(Preset::LastDay);
    // What is under way is shown first: that is what somebody who opens this again looks for.
    for (const monitor::BackfillView &view : engine.backfills().all()) {
        if (view.isUnderWay() && pairs.isEmpty())
            follow(view.id);
    }
}

QWidget *BackfillDialog::makeForm(const QStringList &pairs)
{
    auto *page = new QWidget;
    m_pairs = new PairPicker;
    QStringList known;
    for (const monitor::PairRow &row : m_engine.pairs().rows()) {
        if (!known.contains(row.pair))
            known.append(row.pair);
    }
    known.sort();
    m_pairs->setPairs(known);
    m_pairs->setChecked(pairs);
    auto *gaps = new QToolButton;
    gaps->setObjectName(QStringLiteral("pickGaps"));
    gaps->setText(tr("All with gaps"));
    connect(gaps, &QToolButton::clicked, this, [this] {
        QStringList holed;
        for (const monitor::PairRow &row : m_engine.pairs().rows()) {
            if (row.open_gaps > 0)
                holed.append(row.pair);
        }
        m_pairs->setChecked(holed);
    });

    m_timeframes = new QButtonGroup(this);
    m_timeframes->setExclusive(false);
    auto *frames = new QHBoxLayout;
    for (const Timeframe timeframe : m_engine.pairs().timeframes()) {
        auto *box = new QCheckBox(timeframeText(timeframe));
        box->setObjectName(QStringLiteral("backfill-") + timeframeText(timeframe));
        box->setChecked(true);
        m_timeframes->addButton(box, int(timeframe));
        frames->addWidget(box);
    }
    frames->addStretch(1);

    m_preset = new QComboBox;
    m_preset->setObjectName(QStringLiteral("backfillPreset"));
    m_preset->addItems({tr("Last 24 hours"), tr("Last 7 days"), tr("Last 30 days"), tr("Since the last final candle"),
                        tr("Everything on record"), tr("Own range")});
    const auto edit = [](const QString &name) {
        auto *made = new QDateTimeEdit;
        made->setObjectName(name);
        made->setTimeSpec(Qt::UTC);
        made->setDisplayFormat(QStringLiteral("yyyy-MM-dd HH:mm 'UTC'"));
        made->setCalendarPopup(true);
        return made;
    };
    m_from = edit(QStringLiteral("backfillFrom"));
    m_to = edit(QStringLiteral("backfillTo"));

    m_preview = new QLabel;
    m_preview->setObjectName(QStringLiteral("backfillPreview"));
    m_preview->setWordWrap(true);
    m_preview->setMinimumHeight(48);
    m_preview->setAlignment(Qt::AlignTop | Qt::AlignLeft);
    m_start = new QPushButton(tr("Start"));
    m_start->setObjectName(QStringLiteral("backfillStart"));
    m_start->setDefault(true);
    m_start->setEnabled(false);
    auto *close = new QPushButton(tr("Close"));

    auto *form = new QFormLayout;
    form->addRow(tr("Timeframes"), frames);
    form->addRow(tr("Range"), m_preset);
    form->addRow(tr("From"), m_from);
    form->addRow(tr("To"), m_to);
    auto *right = new QVBoxLayout;
    right->addLayout(form);
    right->addSpacing(8);
    right->addWidget(m_preview);
    right->addStretch(1);
    auto *buttons = new QHBoxLayout;
    buttons->addStretch(1);
    buttons->addWidget(close);
    buttons->addWidget(m_start);
    right->addLayout(buttons);
    auto *left = new QVBoxLayout;
    left->addWidget(m_pairs, 1);
    left->addWidget(gaps, 0, Qt::AlignLeft);
    auto *layout = new QHBoxLayout(page);
    layout->addLayout(left, 1);
    layout->addSpacing(12);
    layout->addLayout(right, 1);

    connect(m_pairs, &PairPicker::changed, this, &BackfillDialog::changed);
    connect(m_timeframes, &QButtonGroup::idToggled, this, &BackfillDialog::changed);
    connect(m_preset, &QComboBox::activated, this, [this](int index) { setPreset(Preset(index)); });
    for (QDateTimeEdit *one : {m_from, m_to}) {
        connect(one, &QDateTimeEdit::dateTimeChanged, this, &BackfillDialog::changed);
        connect(one, &QDateTimeEdit::editingFinished, this, [this] {
            m_preset->setCurrentIndex(int(Preset::Own));
            ++m_chosen;
        });
    }
    connect(m_start, &QPushButton::clicked, this, &BackfillDialog::start);
    connect(close, &QPushButton::clicked, this, &QDialog::reject);
    return page;
}

QWidget *BackfillDialog::makeProgress()
{
    auto *page = new QWidget;
    m_which = new QComboBox;
    m_which->setObjectName(QStringLiteral("backfillWhich"));
    m_bar = new QProgressBar;
    m_bar->setObjectName(QStringLiteral("backfillBar"));
    m_summary = new QLabel;
    m_summary->setObjectName(QStringLiteral("backfillSummary"));
    m_summary->setWordWrap(true);
    m_table = new QTableWidget(0, 5);
    m_table->setObjectName(QStringLiteral("backfillTable"));
    m_table->setHorizontalHeaderLabels({tr("Pair"), tr("Was there"), tr("Fetched"), tr("Unfillable"), tr("Left")});
    m_table->verticalHeader()->hide();
    m_table->verticalHeader()->setDefaultSectionSize(rowHeight);
    m_table->horizontalHeader()->setDefaultAlignment(Qt::AlignLeft | Qt::AlignVCenter);
    m_table->setEditTriggers(QAbstractItemView::NoEditTriggers);
    m_table->setSelectionBehavior(QAbstractItemView::SelectRows);
    m_table->setShowGrid(false);
    m_table->setAlternatingRowColors(true);
    m_table->horizontalHeader()->setSectionResizeMode(0, QHeaderView::Stretch);
    m_pause = new QPushButton(tr("Pause"));
    m_pause->setObjectName(QStringLiteral("backfillPause"));
    m_cancel = new QPushButton(tr("Cancel backfill"));
    m_cancel->setObjectName(QStringLiteral("backfillCancel"));
    auto *another = new QPushButton(tr("Another…"));
    another->setObjectName(QStringLiteral("backfillAnother"));
    auto *close = new QPushButton(tr("Close"));
    close->setToolTip(tr("The backfill goes on in the engine"));
    auto *buttons = new QHBoxLayout;
    buttons->addWidget(another);
    buttons->addStretch(1);
    buttons->addWidget(m_cancel);
    buttons->addWidget(m_pause);
    buttons->addWidget(close);
    auto *layout = new QVBoxLayout(page);
    layout->addWidget(m_which);
    layout->addWidget(m_bar);
    layout->addWidget(m_summary);
    layout->addWidget(m_table, 1);
    layout->addLayout(buttons);
    connect(m_which, &QComboBox::activated, this, [this](int index) { follow(m_which->itemData(index).toLongLong()); });
    const auto command = [this](const QString &name) {
        m_engine.connection().ask(name, {{QStringLiteral("id"), m_id}}, this, [this](const Result<QJsonValue> &answer) {
            if (!answer)
                m_summary->setText(tr("Refused: %1").arg(answer.error().message));
        });
    };
    connect(m_pause, &QPushButton::clicked, this, [this, command] {
        const monitor::BackfillView *view = m_engine.backfills().find(m_id);
        command(view && view->state == QLatin1String("paused") ? QStringLiteral("resume-backfill")
                                                               : QStringLiteral("pause-backfill"));
    });
    connect(m_cancel, &QPushButton::clicked, this, [command] { command(QStringLiteral("cancel-backfill")); });
    connect(another, &QPushButton::clicked, this, [this] {
        m_pages->setCurrentIndex(0);
        m_planSoon.start();
    });
    connect(close, &QPushButton::clicked, this, &QDialog::reject);
    return page;
}

void BackfillDialog::setRange(UtcTime from, UtcTime to)
{
    m_from->setDateTime(toQt(from));
    m_to->setDateTime(toQt(to));
}

void BackfillDialog::setPreset(Preset preset)
{
    using namespace std::chrono_literals;
    m_preset->setCurrentIndex(int(preset));
    ++m_chosen;
    const UtcTime now = m_engine.now();
    switch (preset) {
    case Preset::LastDay:
        setRange(now - 24h, now);
        break;
    case Preset::LastWeek:
        setRange(now - 7 * 24h, now);
        break;
    case Preset::LastMonth:
        setRange(now - 30 * 24h, now);
        break;
    case Preset::SinceLastFinal: {
        // Of the pairs chosen, the one that is furthest behind.
        UtcTime oldest = now;
        const QStringList chosen = m_pairs->checked();
        for (const monitor::PairRow &row : m_engine.pairs().rows()) {
            if (!chosen.isEmpty() && !chosen.contains(row.pair))
                continue;
            for (const monitor::FinalCandle &final : row.finals) {
                if (toMs(final.open) != 0)
                    oldest = std::min(oldest, final.open);
            }
        }
        setRange(oldest, now);
        break;
    }
    case Preset::Everything:
        oldestOnRecord();
        break;
    case Preset::Own:
        break;
    }
    changed();
}

void BackfillDialog::oldestOnRecord()
{
    m_preview->setText(tr("Looking up the oldest stored candle…"));
    m_engine.connection().ask(
        QStringLiteral("series"), {}, this, [this, chosen = m_chosen](const Result<QJsonValue> &answer) {
            if (chosen != m_chosen)
                return; // another range was chosen meanwhile: this answer belongs to nothing that is shown
            if (!answer)
                return m_preview->setText(answer.error().message);
            const QStringList pairs = m_pairs->checked();
            UtcTime oldest = m_engine.now();
            for (const QJsonValue &row : answer->toArray()) {
                if (pairs.isEmpty() || pairs.contains(row[1].toString()))
                    oldest = std::min(oldest, fromMs(row[3].toInteger()));
            }
            setRange(oldest, m_engine.now());
            m_planSoon.start();
        });
}

QJsonObject BackfillDialog::request() const
{
    QJsonArray timeframes;
    for (const QAbstractButton *button : m_timeframes->buttons()) {
        if (button->isChecked())
            timeframes.append(button->text());
    }
    return {{QStringLiteral("pairs"), QJsonArray::fromStringList(m_pairs->checked())},
            {QStringLiteral("timeframes"), timeframes},
            {QStringLiteral("from"), toMs(fromQt(m_from->dateTime()))},
            {QStringLiteral("to"), toMs(fromQt(m_to->dateTime()))}};
}

// The plan that was shown is of another request by now: nothing may be started until there is a new one.
void BackfillDialog::changed()
{
    ++m_planned;
    m_start->setEnabled(false);
    m_planSoon.start();
}

void BackfillDialog::plan()
{
    const QJsonObject wanted = request();
    m_start->setEnabled(false);
    ++m_planned;
    if (wanted.value(QLatin1String("pairs")).toArray().isEmpty())
        return m_preview->setText(tr("Choose the pairs: none is chosen yet."));
    if (wanted.value(QLatin1String("timeframes")).toArray().isEmpty())
        return m_preview->setText(tr("Choose at least one timeframe."));
    if (fromQt(m_from->dateTime()) >= fromQt(m_to->dateTime()))
        return m_preview->setText(tr("The range must begin before it ends."));
    m_preview->setText(tr("Counting what is missing…"));
    m_engine.connection().ask(QStringLiteral("backfill-plan"), wanted, this,
                              [this, planned = m_planned](const Result<QJsonValue> &answer) {
                                  if (planned == m_planned)
                                      showPlan(answer);
                              });
}

void BackfillDialog::showPlan(const Result<QJsonValue> &answer)
{
    if (!answer)
        return m_preview->setText(tr("Not possible: %1").arg(answer.error().message));
    const QJsonObject plan = answer->toObject();
    const auto number = [&](const char *key) { return plan.value(QLatin1String(key)).toInteger(); };
    const qint64 wanted = number("wanted");
    QString text = wanted == 0 ? tr("Nothing is missing: %1 candles are there.").arg(countText(number("present")))
                               : tr("%1 candles are missing, %2 are there. %3 requests, weight %4, about %5.")
                                     .arg(countText(wanted), countText(number("present")),
                                          countText(number("requests")), countText(number("weight")),
                                          durationText(std::chrono::seconds(std::max<qint64>(1, number("seconds")))));
    for (const QJsonValue &problem : plan.value(QLatin1String("problems")).toArray())
        text += u'\n' + problem.toString();
    m_preview->setText(text);
    m_start->setEnabled(wanted > 0);
}

void BackfillDialog::start()
{
    m_start->setEnabled(false);
    m_engine.connection().ask(
        QStringLiteral("backfill"), request(), this,
        [this](const Result<QJsonValue> &answer) {
            if (!answer && m_pages->currentIndex() == 0)
                m_preview->setText(tr("Refused: %1").arg(answer.error().message));
        },
        [this](const QJsonObject &progress) {
            if (m_pages->currentIndex() == 0)
                follow(progress.value(QLatin1String("id")).toInteger());
        });
}

void BackfillDialog::follow(qint64 id)
{
    m_id = id;
    m_rate = 0;
    m_fetchedBefore = 0;
    m_sinceRate.invalidate();
    m_pages->setCurrentIndex(1);
    showProgress();
}

QString BackfillDialog::result(const monitor::BackfillView &view) const
{
    const monitor::BackfillNumbers &all = view.all;
    QString text;
    if (view.state == QLatin1String("done"))
        text = tr("Done in %1: %2 candles fetched and confirmed in the store, %3 were there already.")
                   .arg(durationText(view.ended - view.started), countText(all.fetched), countText(all.present));
    else if (view.state == QLatin1String("cancelled"))
        text = tr("Cancelled: %1 candles were fetched and stay, %2 were there already.")
                   .arg(countText(all.fetched), countText(all.present));
    else
        text = tr("%1 of %2 missing candles fetched, %3 were there already · %4 requests left%5")
                   .arg(countText(all.fetched), countText(all.wanted), countText(all.present), countText(all.jobs_left),
                        view.state == QLatin1String("paused") ? tr(" · paused")
                        : m_rate > 0                          ? tr(" · %1 candles/s").arg(countText(qint64(m_rate)))
                                                              : QString());
    if (all.unfillable > 0)
        text += u'\n' +
                tr("%1 are unfillable: the exchange does not have them (asked twice).").arg(countText(all.unfillable));
    for (const QString &problem : view.problems.mid(0, 6))
        text += u'\n' + problem;
    return text;
}

void BackfillDialog::showProgress()
{
    const monitor::BackfillView *view = m_engine.backfills().find(m_id);
    m_which->clear();
    for (const monitor::BackfillView &one : m_engine.backfills().all()) {
        m_which->addItem(tr("%1 · %2 · %3 · %4")
                             .arg(dateTimeText(one.started))
                             .arg(one.pairs.size() == 1 ? one.pairs.firstKey() : tr("%1 pairs").arg(one.pairs.size()))
                             .arg(one.timeframes.join(u' '), one.state),
                         one.id);
        if (one.id == m_id)
            m_which->setCurrentIndex(m_which->count() - 1);
    }
    if (!view) {
        m_summary->setText(tr("Asked for; the engine begins…"));
        m_bar->setRange(0, 0);
        return;
    }
    if (!m_sinceRate.isValid()) {
        m_sinceRate.start();
        m_fetchedBefore = view->all.fetched;
    } else if (m_sinceRate.elapsed() >= 1'000) {
        const double now = rateOf(m_fetchedBefore, view->all.fetched, m_sinceRate.restart());
        m_rate += 0.4 * (now - m_rate);
        m_fetchedBefore = view->all.fetched;
    }
    const qint64 settled = view->all.fetched + view->all.unfillable;
    m_bar->setRange(0, 1000);
    m_bar->setValue(view->all.wanted == 0 ? 1000 : int(std::min<qint64>(1000, 1000 * settled / view->all.wanted)));
    m_bar->setFormat(view->isUnderWay() ? QStringLiteral("%p %") : view->state);
    m_summary->setText(result(*view));
    m_pause->setText(view->state == QLatin1String("paused") ? tr("Resume") : tr("Pause"));
    m_pause->setEnabled(view->isUnderWay());
    m_cancel->setEnabled(view->isUnderWay());
    m_table->setRowCount(int(view->pairs.size()));
    int row = 0;
    for (auto pair = view->pairs.cbegin(); pair != view->pairs.cend(); ++pair, ++row) {
        const std::array<QString, 5> cells{
            pair.key(), countText(pair->present), tr("%1 of %2").arg(countText(pair->fetched), countText(pair->wanted)),
            countText(pair->unfillable),
            countText(std::max<qint64>(0, pair->wanted - pair->fetched - pair->unfillable))};
        for (int column = 0; column < int(cells.size()); ++column) {
            QTableWidgetItem *item = m_table->item(row, column);
            if (!item) {
                item = new QTableWidgetItem;
                item->setTextAlignment((column == 0 ? Qt::AlignLeft : Qt::AlignRight) | Qt::AlignVCenter);
                m_table->setItem(row, column, item);
            }
            if (item->text() != cells[size_t(column)])
                item->setText(cells[size_t(column)]);
        }
    }
}

} // namespace tk::ui
