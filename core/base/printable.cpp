#include "base/printable.h"

#include <QRegularExpression>

#include <algorithm>

namespace tk {

namespace {

bool isHarmless(char32_t c)
{
    switch (QChar::category(c)) {
    case QChar::Other_Control:
    case QChar::Other_Format: // zero width, direction
    case QChar::Other_Surrogate:
    case QChar::Separator_Line:
    case QChar::Separator_Paragraph:
        return false;
    default:
        return true;
    }
}

} // namespace

QString printable(const QString &text)
{
    const auto isPlain = [](QChar c) { return !c.isSurrogate() && isHarmless(c.unicode()); };
    if (std::all_of(text.begin(), text.end(), isPlain))
        return text;
    QString shown;
    for (const char32_t c : text.toUcs4()) {
        if (isHarmless(c))
            shown += QString::fromUcs4(&c, 1);
        else
            shown += QStringLiteral("\\u{%1}").arg(uint(c), 0, 16);
    }
    return shown;
}

QString withoutPasswords(const QString &text)
{
    static const QRegularExpression userInfo(
        QStringLiteral("([A-Za-z][A-Za-z0-9+.-]*://)[^/?#\\s@]*@(?:[^/?#\\s@]*@)*"));
    // The same in what should have been a URL and is none, and what some services take behind the question mark.
    static const QRegularExpression beforeHost(QStringLiteral("[^\\s@/\"]*:(?!//)[^\\s@\"]*@"));
    static const QRegularExpression query(QStringLiteral("([?&](?:p|pass|password|token|secret|api_?key)=)[^&#\\s\"]*"),
                                          QRegularExpression::CaseInsensitiveOption);
    QString shown = text;
    if (text.contains(u'@'))
        shown.replace(userInfo, QStringLiteral("\\1…@")).replace(beforeHost, QStringLiteral("…@"));
    if (text.contains(u'='))
        shown.replace(query, QStringLiteral("\\1…"));
    return shown;
}

} // namespace tk
