#include "ui/models/pair_model.h"

#include "ui/support/state_mark.h"

#include <algorithm>

namespace tk::ui {

namespace {

constexpr int agesEvery = 500; // ms

int severity(StreamState state)
{
    static constexpr std::array<int, streamStateNames.size()> order{4, 3, 1, 5, 7, 6, 2, 0};
    return order[size_t(state)];
}

bool isNumber(PairModel::Field field)
{
    return field != PairModel::Field::Pair && field != PairModel::Field::Exchange && field != PairModel::Field::State;
}

} // namespace

PairModel::PairModel(monitor::PairBook &book, std::function<UtcTime()> now, QObject *parent)
    : QAbstractTableModel(parent)
    , m_book(book)
    , m_now(std::move(now))
{
    using monitor::PairBook;
    setColumns();
    connect(&book, &PairBook::aboutToReset, this, [this] { beginResetModel(); });
    connect(&book, &PairBook::wasReset, this, [this] { endResetModel(); });
    connect(&book, &PairBook::aboutToInsert, this, [this](int first, int last) { beginInsertRows({}, first, last); });
    connect(&book, &PairBook::inserted, this, [this] { endInsertRows(); });
    connect(&book, &PairBook::aboutToRemove, this, [this](int row) { beginRemoveRows({}, row, row); });
    connect(&book, &PairBook::removed, this, [this] { endRemoveRows(); });
    connect(&book, &PairBook::changed, this,
            [this](int first, int last) { Q_EMIT dataChanged(index(first, 0), index(last, columnCount() - 1)); });
    for (const auto signal : {&PairBook::timeframesChanged, &PairBook::severalChanged})
        connect(&book, signal, this, [this] {
            beginResetModel();
            setColumns();
            endResetModel();
        });
    connect(&m_ages, &QTimer::timeout, this, [this] {
        if (rowCount() == 0)
            return;
        for (const Field field : {Field::Age, Field::State, Field::NextFunding}) {
            const int column = *columnOf(field);
            Q_EMIT dataChanged(index(0, column), index(rowCount() - 1, column), {Qt::DisplayRole});
        }
    });
    m_ages.start(agesEvery);
}

void PairModel::setAgesRun(bool run)
{
    if (run)
        m_ages.start(agesEvery);
    else
        m_ages.stop();
}

void PairModel::setZone(ClockZone zone)
{
    m_zone = zone;
    if (rowCount() > 0)
        Q_EMIT dataChanged(index(0, 0), index(rowCount() - 1, columnCount() - 1));
}

void PairModel::setColumns()
{
    m_columns = {{Field::Pair}, {Field::State}}; // the second is drawn with its symbol
    if (m_book.isOfSeveral())
        m_columns.push_back({Field::Exchange});
    for (const Field field : {Field::Price, Field::Age})
        m_columns.push_back({field});
    for (const Timeframe timeframe : m_book.timeframes())
        m_columns.push_back({Field::Final, timeframe});
    for (const Field field : {Field::Mark, Field::Funding, Field::NextFunding, Field::Frames, Field::Gaps})
        m_columns.push_back({field});
}

std::optional<int> PairModel::columnOf(Field field, std::optional<Timeframe> timeframe) const
{
    for (size_t i = 0; i < m_columns.size(); ++i) {
        if (m_columns[i].field == field && (!timeframe || m_columns[i].timeframe == *timeframe))
            return int(i);
    }
    return {};
}

QString PairModel::columnId(const Column &column)
{
    switch (column.field) {
    case Field::Pair:
        return QStringLiteral("pair");
    case Field::Exchange:
        return QStringLiteral("exchange");
    case Field::State:
        return QStringLiteral("state");
    case Field::Price:
        return QStringLiteral("price");
    case Field::Age:
        return QStringLiteral("age");
    case Field::Final:
        return QStringLiteral("final-") + timeframeText(column.timeframe);
    case Field::Mark:
        return QStringLiteral("mark");
    case Field::Funding:
        return QStringLiteral("funding");
    case Field::NextFunding:
        return QStringLiteral("next-funding");
    case Field::Frames:
        return QStringLiteral("frames");
    case Field::Gaps:
        return QStringLiteral("gaps");
    }
    return {};
}

int PairModel::rowCount(const QModelIndex &parent) const
{
    return parent.isValid() ? 0 : int(m_book.rows().size());
}

int PairModel::columnCount(const QModelIndex &parent) const
{
    return parent.isValid() ? 0 : int(m_columns.size());
}

std::optional<milliseconds> PairModel::age(const monitor::PairRow &row) const
{
    const UtcTime now = m_now();
    if (toMs(row.last_data) == 0 || toMs(now) == 0)
        return {};
    return std::max(milliseconds(0), now - row.last_data);
}

QVariant PairModel::display(const monitor::PairRow &row, const Column &column) const
{
    switch (column.field) {
    case Field::Pair:
        return row.pair;
    case Field::Exchange:
        return row.exchange;
    case Field::State: {
        const bool calm = row.state == StreamState::Live || row.state == StreamState::Ended || toMs(row.since) == 0;
        const UtcTime now = m_now();
        if (calm || toMs(now) == 0)
            return stateWord(row.state);
        return QString(stateWord(row.state) + u' ' + ageText(std::max(milliseconds(0), now - row.since)));
    }
    case Field::Price:
        return row.price.isEmpty() ? neverText() : priceText(row.price);
    case Field::Age:
        return ageText(age(row));
    case Field::Final: {
        const UtcTime last = row.lastFinal(column.timeframe);
        return toMs(last) == 0 ? neverText() : candleOpenText(last, column.timeframe, m_now(), m_zone);
    }
    case Field::Mark:
        return row.mark.isEmpty() ? neverText() : priceText(row.mark);
    case Field::Funding:
        return row.funding.isEmpty() ? neverText() : fundingText(row.funding.toDouble());
    case Field::NextFunding: {
        const UtcTime now = m_now();
        if (toMs(row.next_funding) == 0 || toMs(now) == 0 || row.next_funding < now)
            return neverText();
        return ageText(row.next_funding - now);
    }
    case Field::Frames:
        return toMs(row.last_data) == 0 ? neverText() : QString::number(row.frames_per_second, 'f', 1);
    case Field::Gaps:
        return row.open_gaps == 0 ? QString() : countText(row.open_gaps);
    }
    return {};
}

QVariant PairModel::sortValue(const monitor::PairRow &row, const Column &column) const
{
    switch (column.field) {
    case Field::Pair:
        return row.pair;
    case Field::Exchange:
        return row.exchange;
    case Field::State: // worst first, and among equals the one that has been so for longest; then majors
        return double(severity(row.state)) * 1e14 - (severity(row.state) > 2 ? double(toMs(row.since)) : 0) +
               (row.is_major ? 0.5 : 0);
    case Field::Price:
        return row.price.toDouble();
    case Field::Age:
        return -qint64(toMs(row.last_data));
    case Field::Final:
        return qint64(toMs(row.lastFinal(column.timeframe)));
    case Field::Mark:
        return row.mark.toDouble();
    case Field::Funding:
        return row.funding.toDouble();
    case Field::NextFunding:
        return qint64(toMs(row.next_funding));
    case Field::Frames:
        return row.frames_per_second;
    case Field::Gaps:
        return row.open_gaps;
    }
    return {};
}

PairModel::Tone PairModel::tone(const monitor::PairRow &row, const Column &column) const
{
    switch (column.field) {
    case Field::Age:
        return row.isSick() ? Tone::Trouble : row.state == StreamState::Quiet ? Tone::Faint : Tone::Plain;
    case Field::Final: {
        const UtcTime last = row.lastFinal(column.timeframe);
        const UtcTime now = m_now();
        if (toMs(last) == 0 || toMs(now) == 0)
            return Tone::Faint;
        // The candle before the one that forms, with half a minute for its close to arrive (reference: exchanges §2.5).
        const UtcTime due =
            previousCandleOpen(column.timeframe, candleOpen(column.timeframe, now - std::chrono::seconds(60)));
        return last < due && row.state != StreamState::Ended ? Tone::Trouble : Tone::Plain;
    }
    case Field::Gaps:
        return row.open_gaps > 0 ? Tone::Warning : Tone::Plain;
    case Field::Mark:
    case Field::Funding:
    case Field::NextFunding:
    case Field::Frames:
        return toMs(row.last_data) == 0 ? Tone::Faint : Tone::Plain;
    case Field::Pair:
    case Field::Exchange:
    case Field::State:
    case Field::Price:
        return row.state == StreamState::Ended ? Tone::Faint : Tone::Plain;
    }
    return Tone::Plain;
}

QString PairModel::toolTip(const monitor::PairRow &row, const Column &column) const
{
    if (column.field != Field::Pair && column.field != Field::State && column.field != Field::Age)
        return {};
    QStringList lines{row.pair + QStringLiteral(" · ") + row.exchange};
    const UtcTime now = m_now();
    for (const monitor::StreamView &stream : row.streams) {
        const auto last = toMs(stream.last_data) == 0
                              ? std::nullopt
                              : std::optional(std::max(milliseconds(0), now - stream.last_data));
        QString line = QString(stateSymbol(stream.state)) + u' ' + stream.kind + QStringLiteral(": ") +
                       stateWord(stream.state) + QStringLiteral(", ") + tr("last data %1 ago").arg(ageText(last));
        if (!stream.cause.isEmpty())
            line += QStringLiteral(" · ") + stream.cause;
        lines.append(line);
    }
    return lines.join(u'\n');
}

QVariant PairModel::data(const QModelIndex &index, int role) const
{
    if (!checkIndex(index, CheckIndexOption::IndexIsValid))
        return {};
    const monitor::PairRow &row = m_book.rows()[size_t(index.row())];
    const Column &column = m_columns[size_t(index.column())];
    switch (role) {
    case Qt::DisplayRole:
        return display(row, column);
    case Qt::TextAlignmentRole:
        return int((isNumber(column.field) ? Qt::AlignRight : Qt::AlignLeft) | Qt::AlignVCenter);
    case Qt::ToolTipRole:
        return toolTip(row, column);
    case Qt::AccessibleTextRole:
        return QString(headerData(index.column(), Qt::Horizontal).toString() + QStringLiteral(": ") +
                       display(row, column).toString());
    case SortRole:
        return sortValue(row, column);
    case StateRole:
        return int(row.state);
    case KeyRole:
        return row.key;
    case RowRole:
        return index.row();
    case ExchangeRole:
        return row.exchange;
    case PairRole:
        return row.pair;
    case ToneRole:
        return int(tone(row, column));
    default:
        return {};
    }
}

QVariant PairModel::headerData(int section, Qt::Orientation orientation, int role) const
{
    if (orientation != Qt::Horizontal || section < 0 || section >= columnCount())
        return {};
    const Column &column = m_columns[size_t(section)];
    if (role == Qt::TextAlignmentRole)
        return int((isNumber(column.field) ? Qt::AlignRight : Qt::AlignLeft) | Qt::AlignVCenter);
    if (role == Qt::ToolTipRole) {
        switch (column.field) {
        case Field::Age:
            return tr("Time since the newest data of any stream of the pair");
        case Field::Final:
            return tr("Open time of the newest final %1 candle").arg(timeframeText(column.timeframe));
        case Field::Funding:
            return tr("Predicted funding rate of the coming settlement");
        case Field::NextFunding:
            return tr("Time to the next funding settlement");
        case Field::Gaps:
            return tr("Open gaps: spans in which data may be missing");
        case Field::State:
            return tr("The worst state of the pair's streams");
        default:
            return {};
        }
    }
    if (role != Qt::DisplayRole)
        return {};
    switch (column.field) {
    case Field::Pair:
        return tr("Pair");
    case Field::Exchange:
        return tr("Exchange");
    case Field::State:
        return tr("State");
    case Field::Price:
        return tr("Price");
    case Field::Age:
        return tr("Age");
    case Field::Final:
        return timeframeText(column.timeframe);
    case Field::Mark:
        return tr("Mark");
    case Field::Funding:
        return tr("Funding");
    case Field::NextFunding:
        return tr("Next");
    case Field::Frames:
        return tr("Frames/s");
    case Field::Gaps:
        return tr("Gaps");
    }
    return {};
}

} // namespace tk::ui
