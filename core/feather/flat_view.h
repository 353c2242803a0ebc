// Reading flatbuffers that may be hostile: every step is checked against the bytes, by the library's verifier. A view
// that could not be had is empty, and so is everything below it. The bytes must be aligned to 8 and outlive the views.
#pragma once

#include <flatbuffers/flatbuffers.h>

#include <cstring>
#include <optional>
#include <string_view>
#include <vector>

namespace tk::feather {

class FlatView
{
public:
    FlatView() = default;

    static FlatView root(flatbuffers::Verifier &verifier, const uint8_t *bytes)
    {
        const flatbuffers::uoffset_t offset = verifier.VerifyOffset(0);
        return offset == 0 ? FlatView() : at(verifier, bytes + offset);
    }

    explicit operator bool() const { return m_table != nullptr; }

    // Nothing when the bytes do not hold it; the default when it is absent.
    template <typename T>
    std::optional<T> number(flatbuffers::voffset_t slot, T absent) const
    {
        if (!m_table || !m_table->VerifyField<T>(*m_verifier, slot, sizeof(T)))
            return {};
        return m_table->GetField<T>(slot, absent);
    }

    bool has(flatbuffers::voffset_t slot) const { return m_table && m_table->CheckField(slot); }

    FlatView table(flatbuffers::voffset_t slot) const
    {
        const uint8_t *target = reference(slot);
        return target ? at(*m_verifier, target) : FlatView();
    }

    std::optional<std::string_view> text(flatbuffers::voffset_t slot) const
    {
        const auto *string = reinterpret_cast<const flatbuffers::String *>(reference(slot));
        if (!string || !m_verifier->VerifyString(string))
            return {};
        return std::string_view(string->c_str(), string->size());
    }

    // Elements of a vector of structs, `size` bytes each, copied.
    template <typename T>
    std::optional<std::vector<T>> structs(flatbuffers::voffset_t slot) const
    {
        const uint8_t *vector = reference(slot);
        if (!vector || !m_verifier->VerifyVectorOrString(vector, sizeof(T)))
            return {};
        std::vector<T> all(flatbuffers::ReadScalar<flatbuffers::uoffset_t>(vector));
        if (!all.empty())
            std::memcpy(all.data(), vector + sizeof(flatbuffers::uoffset_t), all.size() * sizeof(T));
        return all;
    }

    // How many tables a vector claims to have; nothing when it is none.
    std::optional<size_t> count(flatbuffers::voffset_t slot) const
    {
        const uint8_t *vector = reference(slot);
        if (!vector || !m_verifier->VerifyVectorOrString(vector, sizeof(flatbuffers::uoffset_t)))
            return {};
        return size_t(flatbuffers::ReadScalar<flatbuffers::uoffset_t>(vector));
    }

    // At most `most` tables: a few bytes could claim very many.
    std::optional<std::vector<FlatView>> tables(flatbuffers::voffset_t slot, size_t most) const
    {
        const uint8_t *vector = reference(slot);
        if (!vector || !m_verifier->VerifyVectorOrString(vector, sizeof(flatbuffers::uoffset_t)))
            return {};
        const size_t count = flatbuffers::ReadScalar<flatbuffers::uoffset_t>(vector);
        if (count > most)
            return {};
        std::vector<FlatView> all;
        for (size_t i = 0; i < count; ++i) {
            const uint8_t *element = vector + sizeof(flatbuffers::uoffset_t) * (i + 1);
            const flatbuffers::uoffset_t offset = m_verifier->VerifyOffset(element, 0);
            all.push_back(offset == 0 ? FlatView() : at(*m_verifier, element + offset));
            if (!all.back())
                return {};
        }
        return all;
    }

private:
    static FlatView at(flatbuffers::Verifier &verifier, const uint8_t *table)
    {
        FlatView view;
        if (!verifier.VerifyTableStart(table))
            return view;
        verifier.EndTable();
        view.m_table = reinterpret_cast<const flatbuffers::Table *>(table);
        view.m_verifier = &verifier;
        return view;
    }

    const uint8_t *reference(flatbuffers::voffset_t slot) const
    {
        if (!has(slot) || !m_table->VerifyOffset(*m_verifier, slot))
            return nullptr;
        return m_table->GetPointer<const uint8_t *>(slot);
    }

    const flatbuffers::Table *m_table = nullptr;
    flatbuffers::Verifier *m_verifier = nullptr;
};

} // namespace tk::feather
