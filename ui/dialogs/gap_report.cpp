#include "ui/dialogs/gap_report.h"

#include "base/json_values.h"

#include "ui/panels/cell_delegate.h"
#include "ui/support/export.h"
#include "ui/support/format.h"

#include <QCheckBox>
#include <QComboBox>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QJsonArray>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QSplitter>
#include <QTableWidget>
#include <QTimeZone>
#include <QVBoxLayout>

namespace tk::ui {

namespace {

constexpr std::array<int, 4> dayChoices{14, 30, 90, 360};

std::optional<Timeframe> timeframeOf(const QString &stream)
{
    if (!stream.endsWith(QLatin1String(" candles")))
        return {};
    return timeframeFromName(stream.section(u' ', 0, 0).toStdString());
}

QString toText(const GapLine &line, UtcTime now)
{
    return toMs(line.to) == 0 ? QStringLiteral("now") : candleOpenText(line.to, Timeframe::M1, now);
}

} // namespace

GapReport::GapReport(monitor::EngineView &engine, const Theme &theme, Asker &asker, QWidget *parent)
    : QDialog(parent)
    , m_engine(engine)
    , m_asker(asker)
    , m_map(new HeatMap(theme))
    , m_summary(new QLabel)
    , m_text(new QLineEdit)
    , m_timeframe(new QComboBox)
    , m_days(new QComboBox)
    , m_incomplete(new QCheckBox(tr("Incomplete only")))
    , m_table(new QTableWidget(0, 7))
    , m_repair(new QPushButton(tr("Repair all")))
{
    setObjectName(QStringLiteral("gapReport"));
    setWindowTitle(tr("Gap report"));
    resize(980, 680);
    m_summary->setObjectName(QStringLiteral("gapSummary"));
    m_summary->setWordWrap(true);
    m_text->setObjectName(QStringLiteral("gapFilter"));
    m_text->setPlaceholderText(tr("Filter pairs"));
    m_text->setClearButtonEnabled(true);
    m_timeframe->addItem(tr("All timeframes"));
    for (const Timeframe timeframe : engine.pairs().timeframes())
        m_timeframe->addItem(timeframeText(timeframe), int(timeframe));
    for (const int days : dayChoices)
        m_days->addItem(tr("%1 days").arg(days), days);
    m_days->setCurrentIndex(1);
    m_table->setObjectName(QStringLiteral("gapTable"));
    m_table->setAccessibleName(tr("Gaps"));
    m_table->setHorizontalHeaderLabels(
        {tr("Pair"), tr("Stream"), tr("From (UTC)"), tr("To (UTC)"), tr("Missing"), tr("State"), tr("Cause")});
    m_table->verticalHeader()->hide();
    m_table->verticalHeader()->setDefaultSectionSize(rowHeight);
    m_table->horizontalHeader()->setDefaultAlignment(Qt::AlignLeft | Qt::AlignVCenter);
    m_table->setEditTriggers(QAbstractItemView::NoEditTriggers);
    m_table->setSelectionBehavior(QAbstractItemView::SelectRows);
    m_table->setShowGrid(false);
    m_table->setAlternatingRowColors(true);
    m_table->setWordWrap(false);
    m_table->horizontalHeader()->setStretchLastSection(true);
    m_table->horizontalHeader()->setHighlightSections(false);
    const std::array<int, 6> widths{140, 90, 130, 130, 70, 80};
    for (int column = 0; column < int(widths.size()); ++column)
        m_table->setColumnWidth(column, widths[size_t(column)]);

    auto *again = new QPushButton(tr("Search again"));
    again->setObjectName(QStringLiteral("gapRefresh"));
    m_repair->setObjectName(QStringLiteral("gapRepair"));
    m_repair->setToolTip(tr("Fetch everything that is missing and look again until it is settled"));
    auto *backfill = new QPushButton(tr("Backfill chosen…"));
    backfill->setObjectName(QStringLiteral("gapBackfill"));
    auto *exporting = new QPushButton(tr("Export…"));
    exporting->setObjectName(QStringLiteral("gapExport"));
    auto *close = new QPushButton(tr("Close"));

    auto *top = new QHBoxLayout;
    top->addWidget(m_text, 1);
    top->addWidget(m_timeframe);
    top->addWidget(m_days);
    top->addWidget(m_incomplete);
    auto *splitter = new QSplitter(Qt::Vertical);
    splitter->addWidget(m_map);
    splitter->addWidget(m_table);
    splitter->setStretchFactor(0, 3);
    splitter->setStretchFactor(1, 2);
    auto *buttons = new QHBoxLayout;
    buttons->addWidget(again);
    buttons->addWidget(exporting);
    buttons->addStretch(1);
    buttons->addWidget(backfill);
    buttons->addWidget(m_repair);
    buttons->addWidget(close);
    auto *layout = new QVBoxLayout(this);
    layout->addWidget(m_summary);
    layout->addLayout(top);
    layout->addWidget(splitter, 1);
    layout->addLayout(buttons);

    connect(m_text, &QLineEdit::textChanged, this, &GapReport::filter);
    connect(m_timeframe, &QComboBox::currentIndexChanged, this, &GapReport::filter);
    connect(m_incomplete, &QCheckBox::toggled, this, &GapReport::filter);
    connect(m_days, &QComboBox::currentIndexChanged, this, &GapReport::take);
    connect(again, &QPushButton::clicked, this, &GapReport::refresh);
    connect(m_repair, &QPushButton::clicked, this, &GapReport::repair);
    connect(exporting, &QPushButton::clicked, this, [this] {
        m_asker.saveFile(this, tr("Export the gap report"), QStringLiteral("tapekeeper-gaps.csv"),
                         tr("CSV (*.csv);;JSON (*.json)"), [this](const QString &file) {
                             if (const Status status = exportTo(file); !status)
                                 m_asker.tell(this, tr("The report was not exported"), status.error().message);
                         });
    });
    connect(backfill, &QPushButton::clicked, this, [this] {
        QStringList pairs;
        for (const QModelIndex &index : m_table->selectionModel()->selectedRows())
            pairs.append(m_table->item(index.row(), 0)->text());
        if (const auto cell = m_map->current(); pairs.isEmpty() && cell)
            pairs.append(cell->first.pair);
        pairs.removeDuplicates();
        Q_EMIT backfillWanted(pairs);
    });
    connect(close, &QPushButton::clicked, this, &QDialog::reject);
    connect(m_map, &HeatMap::cellActivated, this, [this](const SeriesKey &series, const QDate &day) {
        const UtcTime from = fromMs(QDateTime(day, QTime(0, 0), Qt::UTC).toMSecsSinceEpoch());
        Q_EMIT spanWanted(series.exchange, series.pair, from, from + std::chrono::hours(24));
    });
    connect(m_table, &QTableWidget::cellDoubleClicked, this, [this](int row, int) {
        const size_t at = size_t(m_table->item(row, 0)->data(Qt::UserRole).toInt());
        const GapLine &line = m_lines[at];
        Q_EMIT spanWanted(line.exchange, line.pair, line.from, toMs(line.to) != 0 ? line.to : m_engine.now());
    });
    refresh();
}

void GapReport::refresh()
{
    m_series.reset();
    m_gaps.reset();
    m_error.clear();
    m_summary->setText(tr("Searching the store…"));
    const auto ask = [this](const QString &command, std::optional<QJsonArray> GapReport::*into) {
        m_engine.connection().ask(command, {}, this, [this, into](const Result<QJsonValue> &answer) {
            if (answer)
                this->*into = answer->toArray();
            else
                m_error = answer.error().message;
            take();
        });
    };
    ask(QStringLiteral("series"), &GapReport::m_series);
    ask(QStringLiteral("gaps"), &GapReport::m_gaps);
}

void GapReport::take()
{
    if (!m_error.isEmpty())
        return m_summary->setText(tr("The store could not be searched: %1").arg(m_error));
    if (!m_series || !m_gaps)
        return;
    std::vector<SeriesRange> ranges;
    for (const QJsonValue &row : *m_series) {
        if (const auto timeframe = timeframeFromName(row[2].toString().toStdString()))
            ranges.push_back({{row[0].toString(), row[1].toString(), *timeframe},
                              fromMs(row[3].toInteger()),
                              fromMs(row[4].toInteger())});
    }
    std::vector<MissingSpan> missing;
    m_lines.clear();
    qint64 open = 0;
    qint64 unfillable = 0;
    for (const QJsonValue &value : *m_gaps) {
        const QJsonObject row = value.toObject();
        GapLine line{.exchange = row.value(QLatin1String("exchange")).toString(),
                     .pair = row.value(QLatin1String("pair")).toString(),
                     .stream = row.value(QLatin1String("stream")).toString(),
                     .from = isoTimeOf(row.value(QLatin1String("from"))),
                     .to = isoTimeOf(row.value(QLatin1String("to"))),
                     .missing = row.value(QLatin1String("missing")).toInteger(-1),
                     .state = row.value(QLatin1String("state")).toString(),
                     .cause = row.value(QLatin1String("cause")).toString()};
        const bool never = line.state == QLatin1String("unfillable");
        (never ? unfillable : open) += std::max<qint64>(0, line.missing);
        if (const auto timeframe = timeframeOf(line.stream); timeframe && line.missing > 0)
            missing.push_back({{line.exchange, line.pair, *timeframe}, line.from, line.to, never});
        m_lines.push_back(std::move(line));
    }
    m_map->setCompleteness(Completeness(ranges, missing, m_engine.now(), m_days->currentData().toInt()));
    m_summary->setText(m_lines.empty() ? tr("No gaps: %1 series are complete from their first to their last candle.")
                                             .arg(countText(qint64(ranges.size())))
                                       : tr("%1 gaps in %2 series: %3 candles and minutes missing, %4 unfillable.%5")
                                             .arg(countText(qint64(m_lines.size())), countText(qint64(ranges.size())),
                                                  countText(open), countText(unfillable),
                                                  m_repairing ? tr(" Repairing…") : QString()));
    m_repair->setEnabled(open > 0 && !m_repairing);
    filter();
}

void GapReport::filter()
{
    const std::optional<Timeframe> timeframe =
        m_timeframe->currentIndex() > 0 ? std::optional(Timeframe(m_timeframe->currentData().toInt())) : std::nullopt;
    m_map->setFilter(m_text->text(), timeframe, m_incomplete->isChecked());
    showTable();
}

void GapReport::showTable()
{
    const QString text = m_text->text().trimmed();
    const QString stream =
        m_timeframe->currentIndex() > 0 ? m_timeframe->currentText() + QStringLiteral(" candles") : QString();
    const UtcTime now = m_engine.now();
    m_table->setRowCount(0);
    for (size_t i = 0; i < m_lines.size(); ++i) {
        const GapLine &line = m_lines[i];
        if (!text.isEmpty() && !line.pair.contains(text, Qt::CaseInsensitive))
            continue;
        if (!stream.isEmpty() && line.stream != stream)
            continue;
        const int row = m_table->rowCount();
        m_table->insertRow(row);
        const std::array<QString, 7> cells{line.pair,
                                           line.stream,
                                           candleOpenText(line.from, Timeframe::M1, now),
                                           toText(line, now),
                                           line.missing < 0 ? neverText() : countText(line.missing),
                                           line.state,
                                           line.cause};
        for (int column = 0; column < int(cells.size()); ++column) {
            auto *item = new QTableWidgetItem(cells[size_t(column)]);
            item->setTextAlignment((column == 4 ? Qt::AlignRight : Qt::AlignLeft) | Qt::AlignVCenter);
            if (column == 0)
                item->setData(Qt::UserRole, int(i));
            m_table->setItem(row, column, item);
        }
    }
}

void GapReport::repair()
{
    m_repairing = true;
    m_repair->setEnabled(false);
    m_engine.connection().ask(
        QStringLiteral("gaps-repair"), {}, this,
        [this](const Result<QJsonValue> &answer) {
            m_repairing = false;
            if (!answer)
                m_summary->setText(tr("The repair ended: %1").arg(answer.error().message));
            else
                refresh();
        },
        [this](const QJsonObject &progress) {
            const QString trouble = progress.value(QLatin1String("trouble")).toString();
            m_summary->setText(tr("Repairing: %1 of %2 candles are still missing%3")
                                   .arg(countText(progress.value(QLatin1String("missing")).toInteger()),
                                        countText(progress.value(QLatin1String("missing_at_start")).toInteger()),
                                        trouble.isEmpty() ? QString() : QStringLiteral(" · ") + trouble));
        });
}

Status GapReport::exportTo(const QString &file) const
{
    std::vector<QStringList> rows;
    for (const GapLine &line : m_lines)
        rows.push_back({line.exchange, line.pair, line.stream, isoText(line.from),
                        toMs(line.to) == 0 ? QString() : isoText(line.to),
                        line.missing < 0 ? QString() : QString::number(line.missing), line.state, line.cause});
    return exportTable(file,
                       {QStringLiteral("exchange"), QStringLiteral("pair"), QStringLiteral("stream"),
                        QStringLiteral("from"), QStringLiteral("to"), QStringLiteral("missing"),
                        QStringLiteral("state"), QStringLiteral("cause")},
                       rows);
}

} // namespace tk::ui
