#include "ui/dialogs/settings_file.h"

#include "market/pair.h"

#include <QJsonArray>

namespace tk::ui {

namespace {

std::vector<SettingsProblem> problemsOf(const QJsonValue &rows)
{
    std::vector<SettingsProblem> problems;
    for (const QJsonValue &row : rows.toArray()) {
        const QString found = row[QLatin1String("found")].toString();
        const QString allowed = row[QLatin1String("allowed")].toString();
        const QString key = row[QLatin1String("key")].toString();
        const int line = row[QLatin1String("line")].toInt();
        problems.push_back({key, key.isEmpty() && line > 0 ? SettingsFile::tr("Line %1: %2").arg(line).arg(found)
                                                           : SettingsFile::tr("%1; allowed: %2").arg(found, allowed)});
    }
    return problems;
}

QString unified(const QString &text)
{
    const Result<Pair> pair = Pair::parse(text);
    return pair ? pair->unified() : text;
}

} // namespace

SettingsFile::SettingsFile(monitor::EngineConnection &engine, QObject *parent)
    : QObject(parent)
    , m_engine(engine)
{}

void SettingsFile::read(std::function<void()> next)
{
    m_engine.ask(QStringLiteral("settings"), {}, this,
                 [this, next = std::move(next)](const Result<QJsonValue> &answer) {
                     if (!answer)
                         return Q_EMIT finished(answer.error(), {});
                     const QJsonObject told = answer->toObject();
                     const QJsonValue secrets = told.value(QLatin1String("secrets"));
                     m_content = {.file = told.value(QLatin1String("file")).toString(),
                                  .text = told.value(QLatin1String("text")).toString(),
                                  .exists = told.value(QLatin1String("exists")).toBool(),
                                  .why_not = told.value(QLatin1String("why_not")).toString(),
                                  .token_source = secrets[QLatin1String("token")].toString(),
                                  .password_source = secrets[QLatin1String("password")].toString(),
                                  .problems = problemsOf(told.value(QLatin1String("problems")))};
                     next();
                 });
}

void SettingsFile::load()
{
    read([this] { Q_EMIT loaded(); });
}

Result<QString> SettingsFile::edited(const std::vector<config::TomlEdit> &edits) const
{
    const auto text = config::editToml(m_content.text.toUtf8(), edits);
    if (!text)
        return text.error();
    return QString::fromUtf8(*text);
}

void SettingsFile::check(const QString &text)
{
    const quint64 number = ++m_checks;
    m_engine.ask(QStringLiteral("settings-check"), {{QStringLiteral("text"), text}}, this,
                 [this, number](const Result<QJsonValue> &answer) {
                     if (number != m_checks)
                         return;
                     if (answer)
                         Q_EMIT checked(problemsOf(answer->toObject().value(QLatin1String("problems"))));
                     else
                         Q_EMIT checked({{QString(), answer.error().message}});
                 });
}

void SettingsFile::write(const std::vector<config::TomlEdit> &edits)
{
    const auto text = edited(edits);
    if (!text) {
        // Not from within the call.
        QMetaObject::invokeMethod(
            this, [this, error = text.error()] { Q_EMIT finished(error, {}); }, Qt::QueuedConnection);
        return;
    }
    m_engine.ask(
        QStringLiteral("settings-write"), {{QStringLiteral("text"), *text}, {QStringLiteral("was"), m_content.text}},
        this, [this](const Result<QJsonValue> &answer) {
            if (!answer)
                return Q_EMIT finished(answer.error(), {});
            const QJsonObject told = answer->toObject();
            Q_EMIT finished(
                ok(),
                told.value(QLatin1String("applied")).toBool()
                    ? tr("Written, and in force.")
                    : tr("Written. Not all is in force yet: %1.").arg(told.value(QLatin1String("restart")).toString()));
        });
}

void SettingsFile::exclude(const QString &exchange, const QStringList &pairs)
{
    read([this, exchange, pairs] { excludeNow(exchange, pairs); });
}

void SettingsFile::excludeNow(const QString &exchange, const QStringList &pairs)
{
    std::vector<config::Problem> problems;
    const auto root = config::parseToml(m_content.text.toUtf8(), m_content.file, problems);
    if (!root)
        return Q_EMIT finished(Error{Error::Kind::Config, tr("%1 is no TOML").arg(m_content.file)}, {});
    // A table without a name is the exchange that is the default.
    QString path = QStringLiteral("exchange[%1].exclude").arg(exchange);
    const config::Node::Member *list = root->member(QStringLiteral("exchange"));
    if (list && list->value.items.size() == 1 && !list->value.items.front().member(QStringLiteral("name")))
        path = QStringLiteral("exchange[1].exclude");
    QStringList excluded;
    QStringList known;
    if (const config::Node *node = config::nodeAt(*root, path)) {
        for (const config::Node &item : node->items) {
            excluded.append(item.text);
            known.append(unified(item.text));
        }
    }
    for (const QString &pair : pairs) {
        if (!known.contains(unified(pair)))
            excluded.append(pair);
    }
    write({{path, excluded}});
}

} // namespace tk::ui
