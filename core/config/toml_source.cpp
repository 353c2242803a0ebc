#include "config/toml_source.h"

#include <algorithm>

namespace tk::config {

TomlSource::TomlSource(QByteArray text)
    : m_text(std::move(text))
{
    m_lines.push_back(textBegin());
    for (qsizetype at = m_text.indexOf('\n'); at >= 0; at = m_text.indexOf('\n', at + 1))
        m_lines.push_back(at + 1);
    const qsizetype first = m_text.indexOf('\n');
    m_newline = first > 0 && m_text[first - 1] == '\r' ? QByteArrayLiteral("\r\n") : QByteArrayLiteral("\n");
}

qsizetype TomlSource::textBegin() const
{
    return m_text.startsWith("\xEF\xBB\xBF") ? 3 : 0;
}

qsizetype TomlSource::at(int line, int column) const
{
    if (line < 1 || size_t(line) > m_lines.size())
        return m_text.size();
    qsizetype at = m_lines[size_t(line) - 1];
    for (int passed = 1; passed < column && at < m_text.size(); ++passed) {
        do
            ++at;
        while (at < m_text.size() && (uchar(m_text[at]) & 0xC0U) == 0x80U);
    }
    return at;
}

qsizetype TomlSource::lineBegin(qsizetype at) const
{
    const auto after = std::upper_bound(m_lines.begin(), m_lines.end(), at);
    return after == m_lines.begin() ? m_lines.front() : *std::prev(after);
}

qsizetype TomlSource::lineEnd(qsizetype at) const
{
    qsizetype end = m_text.indexOf('\n', at);
    if (end < 0)
        return m_text.size();
    return end > at && m_text[end - 1] == '\r' ? end - 1 : end;
}

qsizetype TomlSource::nextLine(qsizetype at) const
{
    const qsizetype end = m_text.indexOf('\n', at);
    return end < 0 ? m_text.size() : end + 1;
}

QByteArray TomlSource::indentation(qsizetype at) const
{
    const qsizetype from = lineBegin(at);
    qsizetype to = from;
    while (to < m_text.size() && (m_text[to] == ' ' || m_text[to] == '\t'))
        ++to;
    return between(from, to);
}

bool TomlSource::isBlank(qsizetype from, qsizetype to) const
{
    return std::all_of(m_text.begin() + from, m_text.begin() + std::max(from, to),
                       [](char c) { return c == ' ' || c == '\t'; });
}

bool TomlSource::isRest(qsizetype from) const
{
    const qsizetype end = lineEnd(from);
    qsizetype at = from;
    while (at < end && (m_text[at] == ' ' || m_text[at] == '\t'))
        ++at;
    return at >= end || m_text[at] == '#';
}

} // namespace tk::config
