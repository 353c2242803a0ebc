// The first start without a configuration: three ways to begin, on one page.
#pragma once

#include <QWidget>

class QLabel;
class QLineEdit;

namespace tk::ui {

class Welcome final : public QWidget
{
    Q_OBJECT
public:
    explicit Welcome(const QString &configFile, QWidget *parent = nullptr);

    void setError(const QString &text);

Q_SIGNALS:
    void demoChosen();
    void collectChosen();
    void connectChosen(const QString &target); // an InfluxDB's URL, a socket path, or ssh://[user@]host
    void closed();                             // by the user, without a choice

protected:
    void closeEvent(QCloseEvent *event) override;

private:
    QLineEdit *m_target;
    QLabel *m_error;
};

// What the field of the third way holds. Pure.
enum class TargetKind { Empty, Influx, Engine, Unclear };
TargetKind targetKind(const QString &text);

} // namespace tk::ui
