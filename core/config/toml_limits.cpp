#include "config/toml_limits.h"

namespace tk::config {

namespace {

// Follows the text as far as levels need it: strings and comments are passed over as the parser passes over them. Where
// the text is no TOML, this may end up elsewhere than the parser, which stops at its first error.
class Levels
{
public:
    explicit Levels(QByteArrayView text)
        : m_text(text)
    {}

    // Where it is too deep; negative: nowhere.
    qsizetype tooDeep()
    {
        while (m_at < m_text.size()) {
            const char c = m_text[m_at];
            if (c == '"' || c == '\'')
                passString(c); // may be a part of a key: the count of its parts goes on
            else if (c == '#')
                passComment();
            else if (!take(c))
                return m_at;
        }
        return -1;
    }

private:
    bool take(char c)
    {
        switch (c) {
        case '.':
            ++m_parts;
            break;
        case '[':
        case '{':
            ++m_open;
            m_parts = 0;
            break;
        case ']':
        case '}':
            m_open = std::max(0, m_open - 1);
            m_parts = 0;
            break;
        case '=':
        case ',':
        case '\n':
            m_parts = 0;
            break;
        default:
            break;
        }
        if (m_open > mostLevels || m_parts >= mostLevels)
            return false;
        ++m_at;
        return true;
    }

    bool isTriple(qsizetype at, char quote) const
    {
        return at + 2 < m_text.size() && m_text[at] == quote && m_text[at + 1] == quote && m_text[at + 2] == quote;
    }

    void passString(char quote)
    {
        const bool isLong = isTriple(m_at, quote);
        m_at += isLong ? 3 : 1;
        while (m_at < m_text.size()) {
            const char c = m_text[m_at];
            if (c == '\\' && quote == '"') {
                m_at += 2;
                continue;
            }
            if (!isLong && (c == quote || c == '\n')) { // without its end on the line it is an error of the text
                m_at += c == quote ? 1 : 0;
                return;
            }
            if (isLong && isTriple(m_at, quote)) {
                m_at += 3;
                for (int more = 0; more < 2 && m_at < m_text.size() && m_text[m_at] == quote; ++more)
                    ++m_at; // such a string may end in quotes of its own
                return;
            }
            ++m_at;
        }
        m_at = m_text.size();
    }

    void passComment()
    {
        const qsizetype end = m_text.indexOf('\n', m_at);
        m_at = end < 0 ? m_text.size() : end;
    }

    QByteArrayView m_text;
    qsizetype m_at = 0;
    int m_open = 0;
    int m_parts = 0; // of the dotted key so far, less one
};

} // namespace

std::optional<Problem> beyondLimits(const QByteArray &text, const QString &file)
{
    if (text.size() > mostConfigBytes)
        return Problem{file,
                       0,
                       0,
                       {},
                       QStringLiteral("%1 bytes").arg(text.size()),
                       QStringLiteral("at most %1 MiB").arg(mostConfigBytes >> 20)};
    const qsizetype at = Levels(text).tooDeep();
    if (at < 0)
        return {};
    const QByteArrayView before = QByteArrayView(text).first(at);
    const auto line = int(before.count('\n')) + 1;
    const auto column = int(at - before.lastIndexOf('\n'));
    return Problem{file,
                   line,
                   column,
                   {},
                   QStringLiteral("more than %1 levels in each other").arg(mostLevels),
                   QStringLiteral("tables and lists as in the file of all keys that comes with Tapekeeper")};
}

} // namespace tk::config
