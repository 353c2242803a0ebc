// One row of cards: streams, connections, history, store, hosts where there are some, engine. Each says how it is in
// two lines and draws the last hour.
#pragma once

#include "monitor/engine_view.h"
#include "ui/chart/sparkline.h"

#include <QFrame>
#include <QWidget>

class QLabel;

namespace tk::ui {

class HealthCard final : public QFrame
{
    Q_OBJECT
public:
    enum class Mood : quint8 { Calm, Warning, Trouble, Unknown };

    HealthCard(const QString &title, const Theme &theme, QWidget *parent = nullptr);

    void say(const QString &headline, const QString &detail, Mood mood, const QString &toolTip = {});
    Sparkline &curve() { return *m_curve; }
    QString headline() const;
    QString detail() const;
    Mood mood() const { return m_mood; }

protected:
    void paintEvent(QPaintEvent *event) override;
    void resizeEvent(QResizeEvent *event) override;

private:
    void fit();

    const Theme &m_theme;
    QString m_name;
    QString m_headlineText;
    QString m_detailText;
    QLabel *m_title;
    QLabel *m_headline;
    QLabel *m_detail;
    Sparkline *m_curve;
    Mood m_mood = Mood::Unknown;
};

class HealthPanel final : public QWidget
{
    Q_OBJECT
public:
    HealthPanel(monitor::EngineView &engine, const Theme &theme, QWidget *parent = nullptr);

    HealthCard &card(int index) { return *m_cards[size_t(index)]; }
    enum Card { Streams, Connections, History, Store, Hosts, Engine, CardCount };

private:
    void refresh();
    void showStreams();
    void showConnections();
    void showHistory();
    std::pair<qint64, qint64> backfilling() const;
    void showStore();
    void sayLosses(const monitor::StoreView &store, const QString &detail);
    void showHosts();
    void showEngine();
    void drawCurves();

    monitor::EngineView &m_engine;
    std::array<HealthCard *, CardCount> m_cards{};
};

} // namespace tk::ui
