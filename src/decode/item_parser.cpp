#include "decode/item_parser.hpp"

#include "decode/number.hpp"
#include "decode/schema.hpp"
#include "decode/text.hpp"

#include <bit>
#include <memory>
#include <type_traits>
#include <utility>

namespace unipile::decode {
namespace {

/// Elements of an array that are typed. Bounds the memory of an item with a few bytes per element.
constexpr std::size_t max_elements = 1000;

}  // namespace

item_parser::item_parser(std::size_t depth) : depth_limit_(depth)
{
    prepare_utf8();
    for (auto& table : successors_) {
        for (std::size_t i = 0; i + 1 < table.size(); ++i) table[i].last = static_cast<std::uint8_t>(i + 1);
    }
}

// Objects and arrays of the contract.

template <class T, std::size_t N>
bool item_parser::read_object(const field_table<T, N>& table, T& out, std::uint64_t& seen)
{
    if (!enter()) return false;
    ++p_;
    if (!skip_space()) return false;
    if (*p_ == '}') {
        ++p_;
        --depth_;
        return true;
    }
    static_assert(all_objects::size == std::tuple_size_v<decltype(successors_)> &&
                  schema<T>::number < all_objects::size);
    auto& next = successors_[schema<T>::number];
    std::size_t last = next.size() - 1;
    for (const char* p = p_;;) {
        int i = guess(table, next[last], p, end_);
        if (i >= 0) {
            p += table.token_of(i).size;
        } else {
            std::string_view key;
            p_ = p;
            if (!read_key(key) || !expect(':')) return false;
            p = p_;
            i = table.find(key);
            if (i >= 0) next[last] = {static_cast<std::uint8_t>(i), next[last].last};
        }
        p = skip_space(p);
        if (!p) return false;
        if (i < 0) {
            p = skip_unknown(p);
        } else {
            last = static_cast<std::size_t>(i);
            p = read_field(table, i, p, out, seen);
        }
        if (!p) return false;
        if (end_ - p > 1 && p[0] == ',' && p[1] == '"') {
            ++p;
            continue;
        }
        p = skip_space(p);
        if (!p) return false;
        p_ = p;
        if (*p == '}') break;
        if (*p != ',') return stop(parse_status::malformed);
        p = skip_space(p + 1);
        if (!p) return false;
    }
    ++p_;
    --depth_;
    return true;
}

/// Returns the index of the field whose name is at p, if it was predicted, or -1.
template <class T, std::size_t N>
inline int item_parser::guess(const field_table<T, N>& table, successors& next, const char* p, const char* end) noexcept
{
    if (table.starts_with(next.last, p, end)) return next.last;
    if (!table.starts_with(next.before, p, end)) return -1;
    std::swap(next.last, next.before);
    return next.last;
}

const char* item_parser::skip_unknown(const char* p)
{
    here_.field = &unknown_field;
    p_ = p;
    return skip_value() ? p_ : nullptr;
}

template <class T, std::size_t N>
inline const char* item_parser::read_field(const field_table<T, N>& table, int i, const char* p, T& out,
                                           std::uint64_t& seen)
{
    const auto& token = table.token_of(i);
    here_.field = &table[i];
    if constexpr (std::is_same_v<T, item_fields>) here_.owner = token.owner;
    const std::uint64_t bit = std::uint64_t{1} << i;
    if (seen & bit) note(anomaly_kind::duplicate_key);
    seen |= bit;
    return token.read(*this, out, p);
}

template <class T>
void item_parser::note_empty_id(const T& object)
{
    if constexpr (requires { schema<T>::has_filled_id; })
        if (object.id && object.id->empty()) note(anomaly_kind::unexpected_value, here_.object, "id", here_.owner);
}

template <class T>
bool item_parser::read(const T*& out)
{
    out = nullptr;
    if (p_ == end_) return ended();
    if (*p_ != '{') return read_mismatch();
    const context outer = here_;
    here_.object = outer.field->path;
    T* const value = builder_.allocate<T>(1);
    if (!value) return stop(parse_status::block_full);
    new (value) T{};
    std::uint64_t seen = 0;
    constexpr auto& table = schema<T>::table;
    if (!read_object(table, *value, seen)) return false;
    constexpr std::uint64_t required = table.mask(required_field);
    if (required & ~seen) note_missing(table, required & ~seen, here_.owner);
    note_empty_id(*value);
    here_ = outer;
    out = value;
    return true;
}

template <class T>
bool item_parser::read_array(std::span<const T>& out, std::vector<T>& scratch)
{
    out = {};
    if (p_ == end_) return ended();
    if (*p_ != '[') return read_mismatch();
    if (!enter()) return false;
    const context outer = here_;
    const field_rule* element = outer.field->flags & foreign_field ? &unknown_field : &known_element;
    here_ = {outer.field->path, element, outer.owner};
    scratch.clear();
    ++p_;
    if (!skip_space()) return false;
    while (*p_ != ']') {
        if (*p_ != '{') {
            if (!read_mismatch()) return false;
        } else if (scratch.size() == max_elements) {
            note(anomaly_kind::too_many_elements);
            if (!skip_value()) return false;
        } else if (!read_element(scratch)) {
            return false;
        }
        if (!skip_space()) return false;
        if (*p_ == ']') break;
        if (!expect(',') || !skip_space()) return false;
        if (*p_ == ']') return stop(parse_status::malformed);
    }
    ++p_;
    --depth_;
    here_ = outer;
    if (scratch.empty()) return true;
    T* copy = builder_.allocate<T>(scratch.size());
    if (!copy) return stop(parse_status::block_full);
    std::uninitialized_copy(scratch.begin(), scratch.end(), copy);
    out = {copy, scratch.size()};
    return true;
}

bool item_parser::read(std::span<const attachment>& out) { return read_array(out, attachments_); }
bool item_parser::read(std::span<const poll_option>& out) { return read_array(out, options_); }
bool item_parser::read(std::span<const mention>& out) { return read_array(out, mentions_); }

bool item_parser::read_element(std::vector<poll_option>& to)
{
    using rules = schema<poll_option>;
    const context outer = here_;
    std::uint64_t seen = 0;
    if (!read_object(rules::table, to.emplace_back(), seen)) return false;
    here_ = outer;
    note_missing(rules::table, rules::table.mask(required_field) & ~seen, here_.owner);
    note_empty_id(to.back());
    return true;
}

bool item_parser::read_element(std::vector<mention>& to)
{
    const context outer = here_;
    std::uint64_t seen = 0;
    if (!read_object(schema<mention>::table, to.emplace_back(), seen)) return false;
    here_ = outer;
    return true;
}

bool item_parser::read_element(std::vector<attachment>& to)
{
    using rules = schema<attachment_fields>;
    const context outer = here_;
    const char* first = p_;
    attachment_fields in;
    std::uint64_t seen = 0;
    if (!read_object(rules::table, in, seen)) return false;
    here_ = outer;
    attachment& out = to.emplace_back(in.common);
    out.json = view(first, p_);
    const std::optional<pixel_size> size = in.size ? std::optional{*in.size} : std::nullopt;
    std::uint64_t required = rules::table.mask(required_field);
    const std::string_view type = readable(out.type.value_or(std::string_view{}));
    if (type == "img") {
        out.details = image_attachment{size, in.sticker};
        required |= rules::bits({"size", "sticker"});
    } else if (type == "video") {
        out.details = video_attachment{size, in.gif};
        required |= rules::bits({"size", "gif"});
    } else if (type == "audio") {
        out.details = audio_attachment{in.duration, in.voice_note};
        required |= rules::bits({"voice_note"});
    } else if (type == "file") {
        out.details = file_attachment{in.file_name};
        required |= rules::bits({"file_name"});
    } else if (type == "linkedin_post") {
        out.details = linkedin_post_attachment{};
    } else if (type == "video_meeting") {
        out.details = video_meeting_attachment{in.starts_at, in.expires_at, in.time_range};
        required |= rules::bits({"starts_at", "expires_at", "time_range"});
    } else {
        required = rules::bits({"type"});  // the contract has no rules for other kinds
    }
    if (required & ~seen) note_missing(rules::table, required & ~seen, here_.owner);
    return true;
}

// The item.

bool item_parser::finish_item(std::uint64_t seen)
{
    detail::post_block& post = builder_.header();
    const std::size_t capacity = post.capacity;
    new (&post) detail::post_block;  // reuses a block that was tried before
    post.capacity = capacity;
    // Bytes that are not UTF-8 occur only if a text was repaired.
    post.is_utf8 = !repaired_ || is_utf8({begin_, static_cast<std::size_t>(p_ - begin_)});
    post.provider_name = item_.provider.value_or(std::string_view{});
    unsigned owner = of_others;
    if (post.provider_name == "LINKEDIN") {
        post.provider = provider::linkedin;
        owner = of_linkedin;
        finish_linkedin();
    } else if (post.provider_name == "INSTAGRAM") {
        post.provider = provider::instagram;
        owner = of_instagram;
        finish_instagram();
    }
    if (owner != of_others && !post.linkedin && !post.instagram) return false;
    constexpr auto& table = schema<item_fields>::table;
    constexpr std::uint64_t by_linkedin = table.mask(required_field, of_linkedin);
    constexpr std::uint64_t by_instagram = table.mask(required_field, of_instagram);
    constexpr std::uint64_t by_others = table.mask(required_field, of_others);
    const std::uint64_t required = owner == of_linkedin    ? by_linkedin
                                   : owner == of_instagram ? by_instagram
                                                           : by_others;
    if (required & ~seen) note_missing(table, required & ~seen, of_all);
    if (item_.object && *item_.object != "Post") note(anomaly_kind::unexpected_value, {}, "object", of_all);
    return noted_.empty() || keep_anomalies(owner);
}

void item_parser::begin(const char* first, const char* last) noexcept
{
    begin_ = p_ = first;
    end_ = last;
    depth_ = 0;
    status_ = parse_status::ok;
    repaired_ = false;
    here_ = {};
    noted_.clear();
}

/// Returns true if the object that was read has no fields.
bool item_parser::is_empty() const noexcept
{
    const char* p = begin_ + 1;
    while (is_space(*p)) ++p;
    return *p == '}';
}

parse_status item_parser::attempt(const char* first, const char* last)
{
    builder_.rewind();
    begin(first, last);
    item_ = {};
    std::uint64_t seen = 0;
    if (!read_object(schema<item_fields>::table, item_, seen)) return status_;
    if (is_empty()) return parse_status::empty;
    here_ = {};
    const std::string_view item{begin_, static_cast<std::size_t>(p_ - begin_)};
    if (!builder_.seal(item) || !finish_item(seen)) return parse_status::block_full;
    return parse_status::ok;
}

void item_parser::trim() noexcept
{
    constexpr std::size_t small = 64 * 1024;
    text_.shrink(small);
    key_.shrink(small);
    if (containers_.capacity() > small) containers_ = {};
    builder_.trim();
}

parse_status item_parser::parse(const char* begin, const char* end, bool whole)
{
    const auto available = static_cast<std::size_t>(end - begin);
    builder_.start(whole ? available : 0);
    parse_status s = attempt(begin, end);
    while (s == parse_status::block_full) {
        const auto length = static_cast<std::size_t>(p_ - begin_);
        if (!builder_.grow(length, post_builder::budget(available))) return parse_status::too_costly;
        s = attempt(begin, end);
    }
    if (s == parse_status::incomplete && whole) s = parse_status::malformed;
    if (s != parse_status::ok) return s;
    if (builder_.used() > post_builder::budget(static_cast<std::size_t>(p_ - begin_))) return parse_status::too_costly;
    if (!builder_.is_wasteful()) return s;
    builder_.shrink();
    return attempt(begin, p_);
}

parse_status item_parser::check(const char* first, const char* last)
{
    builder_.start();  // views of numbers are made although they are not used
    begin(first, last);
    if (*first != '"' && *first != '{' && *first != '[') {
        const std::string_view word{first, static_cast<std::size_t>(last - first)};
        const bool valid = word == "true" || word == "false" || word == "null" || is_number(word);
        return valid ? parse_status::ok : parse_status::malformed;
    }
    if (!skip_value()) return status_ == parse_status::incomplete ? parse_status::malformed : status_;
    return p_ == last ? parse_status::ok : parse_status::malformed;
}

}  // namespace unipile::decode
