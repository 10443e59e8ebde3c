// Parses one item into a post.
#pragma once

#include "decode/deviations.hpp"
#include "decode/field_table.hpp"
#include "decode/post_builder.hpp"
#include "decode/scan.hpp"
#include "decode/text.hpp"

#include <unipile/post.hpp>

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace unipile::decode {

/// The typed fields of an item, before its provider is known.
struct item_fields {
    std::optional<std::string_view> object;
    std::optional<std::string_view> provider;
    linkedin_post linkedin;
    instagram_post instagram;
};

/// The typed fields of an attachment, before its kind is known.
struct attachment_fields {
    attachment common;
    const pixel_size* size = nullptr;
    std::optional<bool> sticker, gif, voice_note;
    std::optional<double> duration, time_range;
    std::optional<std::string_view> file_name;
    std::optional<std::int64_t> starts_at, expires_at;
};

/// Nesting depth of a page's items: the page's object and the array.
constexpr std::size_t depth_of_items = 2;

enum class parse_status {
    ok,
    incomplete,  ///< the input ended within the item
    malformed,   ///< not JSON
    empty,       ///< an object without fields
    too_deep,
    too_costly,  ///< typed, it would take many times its length
    block_full,  ///< used within the parser only
};

/// The rule for fields that are not in the contract.
inline constexpr field_rule unknown_field{{}, foreign_field};
/// The rule for an array's elements: objects, not null.
inline constexpr field_rule known_element{};

/// Validates one JSON object completely and types it, in a single pass over its bytes.
///
/// Every byte is checked: the grammar of RFC 8259 here, UTF-8 by simdjson. Fields of the tables are typed; others are
/// only validated.
class item_parser {
public:
    /// `depth`: maximum nesting of the item itself.
    explicit item_parser(std::size_t depth);

    /// Reads the object that starts at `begin`. On success `end_of_item()` is behind it and `take()` returns the post;
    /// otherwise `end_of_item()` is where reading stopped. `whole`: the item ends at `end`, so that it can't be
    /// incomplete.
    parse_status parse(const char* begin, const char* end, bool whole);

    /// Validates one JSON value of any kind, from `begin` to `end`.
    parse_status check(const char* begin, const char* end);

    const char* end_of_item() const noexcept { return p_; }
    /// Returns the post of a successful `parse()`. Called once.
    post take() noexcept { return builder_.take(); }

    /// Frees large buffers.
    void trim() noexcept;

    // Called by the tables: reads the value at p into its field. Returns the place behind it, or null if reading
    // stopped. Values in their usual form bypass `p_`, since the next step would have to wait for it.
    const char* read_at(const char* p, std::optional<std::string_view>& out);
    const char* read_at(const char* p, std::optional<std::int64_t>& out);
    const char* read_at(const char* p, std::optional<bool>& out);
    template <class T>
    const char* read_at(const char* p, T& out)
    {
        p_ = p;
        return read(out) ? p_ : nullptr;
    }

private:
    /// The current place within the item, for anomalies.
    struct context {
        std::string_view object;
        const field_rule* field = &unknown_field;
        unsigned owner = 0;
    };
    /// Two predictions of the next field. Optional fields often make two likely, rarely more.
    struct successors {
        std::uint8_t last = 0;
        std::uint8_t before = 0;
    };

    // Read one value each, at `p_`.
    bool read(std::optional<std::string_view>& out);
    bool read(std::optional<std::int64_t>& out);
    bool read(std::optional<double>& out);
    bool read(std::optional<bool>& out);
    bool read(std::span<const attachment>& out);
    bool read(std::span<const poll_option>& out);
    bool read(std::span<const mention>& out);
    template <class T>
    bool read(const T*& out);

    void begin(const char* first, const char* last) noexcept;
    parse_status attempt(const char* begin, const char* end);
    bool is_empty() const noexcept;
    bool read_item();
    template <class T, std::size_t N>
    bool read_object(const field_table<T, N>& table, T& out, std::uint64_t& seen);
    template <class T, std::size_t N>
    static int guess(const field_table<T, N>& table, successors& next, const char* p, const char* end) noexcept;
    template <class T, std::size_t N>
    const char* read_field(const field_table<T, N>& table, int i, const char* p, T& out, std::uint64_t& seen);
    const char* skip_unknown(const char* p);
    template <class T>
    bool read_array(std::span<const T>& out, std::vector<T>& scratch);
    bool read_element(std::vector<attachment>& to);
    bool read_element(std::vector<poll_option>& to);
    bool read_element(std::vector<mention>& to);
    template <class T, std::size_t N>
    void note_missing(const field_table<T, N>& table, std::uint64_t missing, unsigned owner);

    template <class T>
    void note_empty_id(const T& object);

    bool settle(text_status s);
    bool is_plain(const char* first, const scan_result& found) const noexcept;
    bool plain_string(const char*& first, const char*& last) noexcept;
    bool read_key(std::string_view& key);
    bool read_text(std::string_view& out);
    bool read_escaped_text(std::string_view& out, const scan_result& plain);
    bool read_no_text(std::optional<std::string_view>& out);
    bool read_number(std::string_view& out);
    bool read_decimal(std::optional<double>& out) noexcept;
    bool skip_string();
    bool skip_literal(std::string_view word);
    bool skip_scalar();
    bool skip_value();
    bool skip_container();
    bool read_mismatch();
    bool take_text(std::optional<std::string_view>& number);

    bool at(char c) noexcept { return p_ != end_ && *p_ == c; }
    bool expect(char c) noexcept;
    bool skip_space() noexcept;
    const char* skip_space(const char* p) noexcept;
    bool stop(parse_status s) noexcept
    {
        status_ = s;
        return false;
    }
    bool ended() noexcept { return stop(parse_status::incomplete); }
    bool enter() noexcept { return ++depth_ <= depth_limit_ || stop(parse_status::too_deep); }
    std::string_view view(const char* from, const char* to) const noexcept
    {
        return {builder_.json() + (from - begin_), static_cast<std::size_t>(to - from)};
    }
    /// Returns the text of a view of a post whose item is not copied into the block yet. Empty if the item is already
    /// larger than the block: the view may refer to bytes behind it, and the item will be read again with a larger
    /// block.
    std::string_view readable(std::string_view v) const noexcept
    {
        if (!builder_.fits(static_cast<std::size_t>(p_ - begin_))) return {};
        const char* const first = v.data();
        return builder_.is_pending(first) ? std::string_view{begin_ + (first - builder_.json()), v.size()} : v;
    }
    template <class T>
    const T* keep(const T& value);

    void note(anomaly_kind kind) { note(kind, here_.object, here_.field->name, here_.owner); }
    void note(anomaly_kind kind, std::string_view object, std::string_view field, unsigned owner)
    {
        noted_.add({kind, object, field}, owner);
    }
    /// Records a deviation that only the contract forbids.
    void note_deviation(anomaly_kind kind)
    {
        if (!(here_.field->flags & foreign_field)) note(kind);
    }

    bool finish_item(std::uint64_t seen);
    void finish_linkedin();
    void finish_instagram();
    bool keep_anomalies(unsigned owner);

    std::size_t depth_limit_;
    std::size_t depth_ = 0;
    const char* begin_ = nullptr;
    const char* end_ = nullptr;
    const char* p_ = nullptr;
    parse_status status_ = parse_status::ok;
    bool repaired_ = false;  ///< a text of the item was repaired
    context here_;
    item_fields item_;
    post_builder builder_;
    text_buffer text_;
    text_buffer key_;
    /// For each table and field: which fields followed it the last times. At 64: which ones came first.
    std::array<std::array<successors, 65>, 17> successors_;
    std::string containers_;
    deviations noted_;
    std::vector<attachment> attachments_;
    std::vector<poll_option> options_;
    std::vector<mention> mentions_;
};

// Small functions that are used everywhere.

inline bool item_parser::skip_space() noexcept
{
    if (p_ != end_ && static_cast<unsigned char>(*p_) > ' ') return true;
    while (p_ != end_ && is_space(*p_)) ++p_;
    return p_ != end_ || ended();
}

/// Returns the next byte that is no white space, or null if it has not arrived.
inline const char* item_parser::skip_space(const char* p) noexcept
{
    if (p != end_ && static_cast<unsigned char>(*p) > ' ') return p;
    p_ = p;
    return skip_space() ? p_ : nullptr;
}

inline bool item_parser::expect(char c) noexcept
{
    if (!skip_space()) return false;
    if (*p_ != c) return stop(parse_status::malformed);
    ++p_;
    return true;
}

/// Returns true if the string from `first` on ends at the byte that was found, and needs no unescaping.
inline bool item_parser::is_plain(const char* first, const scan_result& found) const noexcept
{
    if (found.special == end_ || *found.special != '"') return false;
    return found.ascii || is_utf8({first, static_cast<std::size_t>(found.special - first)});
}

template <class T, std::size_t N>
void item_parser::note_missing(const field_table<T, N>& table, std::uint64_t missing, unsigned owner)
{
    for (; missing != 0; missing &= missing - 1)
        note(anomaly_kind::missing_field, here_.object, table[std::countr_zero(missing)].name, owner);
}

}  // namespace unipile::decode
