#include "market/pair.h"

namespace tk {

QString Pair::unified() const
{
    return settle.isEmpty() ? base + u'/' + quote : base + u'/' + quote + u':' + settle;
}

QString Pair::cryptofeed() const
{
    return settle.isEmpty() ? base + u'-' + quote : base + u'-' + quote + QStringLiteral("-PERP");
}

QString Pair::freqtradeStem() const
{
    QString stem = unified();
    for (QChar &c : stem) {
        if (QStringView(u"/ .@$+:").contains(c))
            c = u'_';
    }
    return stem;
}

Result<Pair> Pair::parse(QStringView text)
{
    const QStringView name = text.trimmed();
    Pair pair;
    if (const qsizetype slash = name.indexOf(u'/'); slash > 0) {
        const qsizetype colon = name.indexOf(u':', slash);
        pair.base = name.left(slash).toString();
        pair.quote = name.sliced(slash + 1, (colon < 0 ? name.size() : colon) - slash - 1).toString();
        pair.settle = colon < 0 ? QString() : name.sliced(colon + 1).toString();
        if (!pair.quote.isEmpty() && (colon < 0 || !pair.settle.isEmpty()))
            return pair;
    } else if (name.endsWith(u"-PERP")) {
        const QStringView rest = name.chopped(5);
        const qsizetype dash = rest.lastIndexOf(u'-');
        if (dash > 0 && dash + 1 < rest.size()) {
            pair.base = rest.left(dash).toString();
            pair.quote = rest.sliced(dash + 1).toString();
            pair.settle = pair.quote;
            return pair;
        }
    }
    return Error{Error::Kind::Config, QStringLiteral("\"%1\" is not a pair: write BASE/QUOTE:SETTLE such as "
                                                     "BTC/USDT:USDT")
                                          .arg(text)};
}

} // namespace tk
