#include "config/pair_text.h"

#include "market/pair.h"

namespace tk::config {

namespace {

QString nameOf(QChar c)
{
    switch (c.unicode()) {
    case u',':
    case u';':
        return QStringLiteral("a comma (each pair has a line, or an element, of its own)");
    case u'"':
    case u'\'':
    case u'`':
        return QStringLiteral("a quote");
    case u'[':
    case u']':
    case u'{':
    case u'}':
    case u'(':
    case u')':
        return QStringLiteral("a bracket");
    case u'*':
    case u'?':
    case u'.':
    case u'^':
    case u'$':
    case u'|':
    case u'\\':
        return QStringLiteral("a pattern (pairs are named one by one, or \"all\")");
    case u'\r':
        return QStringLiteral("a line end of old Macs");
    case u'-':
        return QStringLiteral("a date or another addition (perpetuals have none)");
    default:
        break;
    }
    if (c.isLower())
        return QStringLiteral("a small letter");
    if (c.isSpace())
        return QStringLiteral("a space");
    if (c.category() == QChar::Other_Format || c.category() == QChar::Other_Control || c.isNull())
        return QStringLiteral("an invisible character");
    return QStringLiteral("a character that no name of a pair has");
}

bool isOfName(QChar c)
{
    return (c.isLetterOrNumber() || c.isSurrogate() || c.isMark()) && !c.isLower();
}

} // namespace

QString pairRule()
{
    return QStringLiteral("a perpetual such as \"BTC/USDT:USDT\", each once");
}

std::optional<PairFault> pairFault(const QString &text)
{
    // BASE/QUOTE:SETTLE, or BASE-QUOTE-PERP as cryptofeed writes it.
    const bool isFeedName = text.endsWith(QLatin1String("-PERP")) && !text.contains(u'/');
    const QString separators = isFeedName ? QStringLiteral("-") : QStringLiteral("/:");
    qsizetype separatorsSeen = 0;
    for (qsizetype i = 0; i < text.size(); ++i) {
        const QChar c = text[i];
        if (isFeedName ? c == u'-' : separatorsSeen < 2 && c == separators[separatorsSeen]) {
            ++separatorsSeen;
            continue;
        }
        if (!isOfName(c))
            return PairFault{int(i) + 1, nameOf(c)};
    }
    const auto pair = Pair::parse(text);
    if (!pair || pair->settle.isEmpty() || separatorsSeen != 2)
        return PairFault{1, QStringLiteral("a name of %1 characters without its parts").arg(text.size())};
    return {};
}

QString perpetualName(const QString &text)
{
    return pairFault(text) ? QString() : Pair::parse(text).value().unified();
}

} // namespace tk::config
