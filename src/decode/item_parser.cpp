#include "decode/item_parser.hpp"

#include "decode/number.hpp"
#include "decode/scan.hpp"
#include "decode/schema.hpp"
#include "decode/text.hpp"
#include "decode/timestamp.hpp"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstring>
#include <type_traits>
#include <utility>

namespace unipile::decode {
namespace {

/// Elements of an array that are typed. A bound on what an item of a few bytes an element can cost.
constexpr std::size_t max_elements = 1000;

}  // namespace

item_parser::item_parser(std::size_t depth) : depth_limit_(depth)
{
    prepare_utf8();
    for (auto& table : successors_) {
        for (std::size_t i = 0; i + 1 < table.size(); ++i) table[i].last = static_cast<std::uint8_t>(i + 1);
    }
}

// The grammar.

inline bool item_parser::skip_space() noexcept
{
    if (p_ != end_ && static_cast<unsigned char>(*p_) > ' ') return true;
    while (p_ != end_ && is_space(*p_)) ++p_;
    return p_ != end_ || ended();
}

/// The next byte that is no white space, or null if that is yet to come.
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

bool item_parser::settle(text_status s)
{
    if (s == text_status::incomplete) return ended();
    if (s == text_status::malformed) return stop(parse_status::malformed);
    if (s == text_status::repaired) note(anomaly_kind::bad_text);
    return true;
}

/// Whether the string from `first` on ends where something was found, and means just what its bytes are.
inline bool item_parser::is_plain(const char* first, const scan_result& found) const noexcept
{
    if (found.special == end_ || *found.special != '"') return false;
    return found.ascii || is_utf8({first, static_cast<std::size_t>(found.special - first)});
}

/// If the string at `p_` means just what its bytes are, steps over it and says which bytes those are.
inline bool item_parser::plain_string(const char*& first, const char*& last) noexcept
{
    first = p_ + 1;
    const scan_result found = scan_text(first, end_);
    if (!is_plain(first, found)) return false;
    last = found.special;
    p_ = last + 1;
    return true;
}

bool item_parser::read_text(std::string_view& out)
{
    const char* first = p_ + 1;
    const scan_result found = scan_text(first, end_);
    if (!is_plain(first, found)) return read_escaped_text(out, found);
    out = view(first, found.special);
    p_ = found.special + 1;
    return true;
}

bool item_parser::read_escaped_text(std::string_view& out, const scan_result& plain)
{
    if (!settle(read_string(++p_, end_, &text_, plain))) return false;
    const std::string_view text = text_.view();
    char* copy = builder_.allocate<char>(text.size());
    if (!copy) return stop(parse_status::no_room);
    if (!text.empty()) std::memcpy(copy, text.data(), text.size());
    out = {copy, text.size()};
    return true;
}

inline bool item_parser::skip_string()
{
    const char *first, *last;
    return plain_string(first, last) || settle(read_string(++p_, end_, nullptr));
}

/// The view is valid until the next key that needs unescaping.
inline bool item_parser::read_key(std::string_view& key)
{
    if (!at('"')) return p_ == end_ ? ended() : stop(parse_status::malformed);
    const char *first, *last;
    if (plain_string(first, last)) {
        key = {first, static_cast<std::size_t>(last - first)};
        return true;
    }
    here_.field = &unknown_field;
    if (!settle(read_string(++p_, end_, &key_))) return false;
    key = key_.view();
    return true;
}

bool item_parser::read_number(std::string_view& out)
{
    const char* first = p_;
    while (p_ != end_ && (is_digit(*p_) || *p_ == '-' || *p_ == '+' || *p_ == '.' || *p_ == 'e' || *p_ == 'E')) ++p_;
    if (p_ == end_) return ended();
    if (!is_number({first, static_cast<std::size_t>(p_ - first)})) return stop(parse_status::malformed);
    out = view(first, p_);
    return true;
}

inline bool item_parser::skip_literal(std::string_view word)
{
    if (end_ - p_ >= 8 && std::memcmp(p_, word.data(), word.size()) == 0) {
        p_ += word.size();
        return true;
    }
    for (char c : word) {
        if (p_ == end_) return ended();
        if (*p_ != c) return stop(parse_status::malformed);
        ++p_;
    }
    return true;
}

bool item_parser::skip_scalar()
{
    std::string_view number;
    switch (*p_) {
        case '"': return skip_string();
        case 't': return skip_literal("true");
        case 'f': return skip_literal("false");
        case 'n': return skip_literal("null");
        default: return read_number(number);
    }
}

bool item_parser::skip_value()
{
    if (p_ == end_) return ended();
    return *p_ == '{' || *p_ == '[' ? skip_container() : skip_scalar();
}

/// Without recursion: how deep a peer may nest is an option, how deep the stack is isn't.
bool item_parser::skip_container()
{
    containers_.clear();
    for (;;) {
        // Here a value begins.
        if (!skip_space()) return false;
        bool opened = false;
        if (*p_ == '{' || *p_ == '[') {
            if (!enter()) return false;
            containers_.push_back(*p_++);
            if (!skip_space()) return false;
            opened = true;
        } else if (!skip_scalar()) {
            return false;
        }
        // Here it has ended, unless a container was opened.
        for (;;) {
            if (containers_.empty()) return true;
            if (!skip_space()) return false;
            const char close = containers_.back() == '{' ? '}' : ']';
            if (*p_ == close) {
                ++p_;
                --depth_;
                containers_.pop_back();
                opened = false;
                continue;
            }
            if (!opened && !expect(',')) return false;
            break;
        }
        if (containers_.back() == '{') {
            std::string_view key;
            if (!skip_space() || !read_key(key) || !expect(':')) return false;
        }
    }
}

// Objects and arrays that the contract knows.

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
    auto& next = successors_[schema<T>::number];
    std::size_t last = next.size() - 1;
    for (const char* p = p_;;) {
        int i = guess(table, next[last], p, end_);
        if (i >= 0) {
            p += table.token_size(i);
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
            p = read_field(table[i], i, p, out, seen);
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

/// The number of the field whose name is at p, if that was foreseen, or -1.
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

template <class T>
inline const char* item_parser::read_field(const field<T>& f, int i, const char* p, T& out, std::uint64_t& seen)
{
    here_.field = &f;
    if constexpr (std::is_same_v<T, item_fields>) here_.owner = f.owner;
    const std::uint64_t bit = std::uint64_t{1} << i;
    if (seen & bit) note(anomaly_kind::duplicate_key);
    seen |= bit;
    return f.read(*this, out, p);
}

template <class T, std::size_t N>
void item_parser::note_missing(const field_table<T, N>& table, std::uint64_t missing, unsigned owner)
{
    for (; missing != 0; missing &= missing - 1)
        note(anomaly_kind::missing_field, here_.object, table[std::countr_zero(missing)].name, owner);
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
    if (!value) return stop(parse_status::no_room);
    new (value) T{};
    std::uint64_t seen = 0;
    constexpr auto& table = schema<T>::table;
    if (!read_object(table, *value, seen)) return false;
    constexpr std::uint64_t required = table.mask(required_field);
    if (required & ~seen) note_missing(table, required & ~seen, here_.owner);
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
    if (!copy) return stop(parse_status::no_room);
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
        required = rules::bits({"type"});  // the contract says nothing about other kinds
    }
    if (required & ~seen) note_missing(rules::table, required & ~seen, here_.owner);
    return true;
}

// Values.

/// A value of a type that its field isn't.
bool item_parser::read_mismatch()
{
    if (*p_ == 'n') {
        if (!(here_.field->flags & nullable_field)) note_deviation(anomaly_kind::null_field);
        return skip_literal("null");
    }
    note_deviation(anomaly_kind::wrong_type);
    return skip_value();
}

const char* item_parser::read_at(const char* p, std::optional<std::string_view>& out)
{
    if (p != end_ && *p == '"') {
        const scan_result found = scan_text(p + 1, end_);
        if (!is_plain(p + 1, found)) {
            p_ = p;
            return read_escaped_text(out.emplace(), found) ? p_ : nullptr;
        }
        out = view(p + 1, found.special);
        return found.special + 1;
    }
    p_ = p;
    return read(out) ? p_ : nullptr;
}

bool item_parser::read(std::optional<std::string_view>& out)
{
    out.reset();
    if (p_ != end_ && *p_ == '"') return read_text(out.emplace());
    return read_no_text(out);
}

bool item_parser::read_no_text(std::optional<std::string_view>& out)
{
    if (p_ == end_) return ended();
    if (*p_ != '-' && !is_digit(*p_)) return read_mismatch();
    note_deviation(anomaly_kind::wrong_type);
    return read_number(out.emplace());
}

/// A number, or a string that is one; empty if it is neither.
bool item_parser::take_text(std::optional<std::string_view>& number)
{
    number.reset();
    std::string_view text;
    if (*p_ == '"') {
        note_deviation(anomaly_kind::wrong_type);
        if (!read_text(text)) return false;
        text = readable(text);
        if (is_number(text)) number = text;
        return true;
    }
    const char* first = p_;
    if (!read_number(text)) return false;
    number = std::string_view{first, static_cast<std::size_t>(p_ - first)};
    return true;
}

// Nearly all are of up to 16 digits, without sign, fraction or a zero in front, and end with a byte that can't be
// theirs. Eight digits at a time, since a loop over single ones is left at a place that no processor can foresee.
const char* item_parser::read_at(const char* p, std::optional<std::int64_t>& out)
{
    if (end_ - p > 16) {
        const digit_run first = leading_digits(p);
        std::uint64_t value = first.value;
        const char* last = p + first.count;
        if (first.count == 8) {
            constexpr std::uint64_t powers[] = {1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000};
            const digit_run second = leading_digits(last);
            value = value * powers[second.count] + second.value;
            last += second.count;
        }
        const bool leading_zero = *p == '0' && last != p + 1;
        if (last != p && !leading_zero && (*last == ',' || *last == '}')) {
            out = static_cast<std::int64_t>(value);
            return last;
        }
    }
    p_ = p;
    return read(out) ? p_ : nullptr;
}

bool item_parser::read(std::optional<std::int64_t>& out)
{
    out.reset();
    if (p_ == end_) return ended();
    if (*p_ != '"' && *p_ != '-' && !is_digit(*p_)) return read_mismatch();
    std::optional<std::string_view> number;
    if (!take_text(number)) return false;
    if (!number) return true;
    out = to_integer(*number);
    if (!out) note_deviation(anomaly_kind::odd_number);
    return true;
}

/// A number without an exponent, and with a byte behind it that ends it.
bool item_parser::read_decimal(std::optional<double>& out) noexcept
{
    const auto skip_digits = [&](const char* p) {
        while (p != end_ && is_digit(*p)) ++p;
        return p;
    };
    const char* point = *p_ == '0' ? p_ + 1 : skip_digits(p_);
    const char* last = point;
    if (point != end_ && *point == '.') {
        last = skip_digits(point + 1);
        if (last == point + 1) return false;
    }
    if (point == p_ || last == end_ || (*last != ',' && *last != '}')) return false;
    double value = 0;
    if (std::from_chars(p_, last, value).ec != std::errc{}) return false;
    p_ = last;
    out = value;
    return true;
}

bool item_parser::read(std::optional<double>& out)
{
    out.reset();
    if (p_ == end_) return ended();
    if (read_decimal(out)) return true;
    if (*p_ != '"' && *p_ != '-' && !is_digit(*p_)) return read_mismatch();
    std::optional<std::string_view> number;
    if (!take_text(number)) return false;
    if (!number) return true;
    out = to_real(*number);
    if (!out) note_deviation(anomaly_kind::odd_number);
    return true;
}

// Without a branch between `true` and `false`.
const char* item_parser::read_at(const char* p, std::optional<bool>& out)
{
    if (end_ - p >= 5) {
        const bool is_true = std::memcmp(p, "true", 4) == 0;
        const bool is_false = std::memcmp(p, "false", 5) == 0;
        if (is_true | is_false) {
            out = is_true;
            return p + (is_true ? 4 : 5);
        }
    }
    p_ = p;
    return read(out) ? p_ : nullptr;
}

bool item_parser::read(std::optional<bool>& out)
{
    out.reset();
    if (p_ == end_) return ended();
    if (*p_ == 't' || *p_ == 'f') {
        out = *p_ == 't';
        return *out ? skip_literal("true") : skip_literal("false");
    }
    if (*p_ == '"') {
        std::string_view text;
        note_deviation(anomaly_kind::wrong_type);
        if (!read_text(text)) return false;
        text = readable(text);
        if (text == "true" || text == "false") out = text == "true";
        return true;
    }
    if (*p_ != '-' && !is_digit(*p_)) return read_mismatch();
    note_deviation(anomaly_kind::wrong_type);
    std::optional<std::string_view> number;
    if (!take_text(number)) return false;
    const std::optional<std::int64_t> value = to_integer(*number);
    if (value == 0 || value == 1) out = *value == 1;
    return true;
}

// The item.

template <class T>
const T* item_parser::keep(const T& value)
{
    void* place = builder_.allocate(sizeof(T), alignof(T));
    return place ? new (place) T(value) : nullptr;
}

void item_parser::note(anomaly_kind kind, std::string_view object, std::string_view field, unsigned owner)
{
    const anomaly a{kind, object, field};
    const auto same = [&](const noted& n) { return n.what == a && n.owner == owner; };
    if (std::none_of(noted_.begin(), noted_.end(), same)) noted_.push_back({a, owner});
}

void item_parser::finish_linkedin()
{
    const linkedin_post& fields = item_.linkedin;
    detail::post_block& post = builder_.header();
    post.id = fields.id.value_or(std::string_view{});
    if (fields.id && fields.id->empty()) note(anomaly_kind::unexpected_value, {}, "id", of_linkedin);
    if (fields.parsed_datetime) {
        post.published_at = parse_datetime(*fields.parsed_datetime);
        if (!post.published_at) note(anomaly_kind::bad_time, {}, "parsed_datetime", of_linkedin);
    }
    if (!post.published_at) post.published_at = time_of_linkedin_id(post.id);
    post.linkedin = keep(fields);
}

void item_parser::finish_instagram()
{
    const instagram_post& fields = item_.instagram;
    detail::post_block& post = builder_.header();
    post.id = fields.provider_id.value_or(std::string_view{});
    if (fields.provider_id && fields.provider_id->empty())
        note(anomaly_kind::unexpected_value, {}, "provider_id", of_instagram);
    if (fields.caption && fields.caption->created_at) {
        post.published_at = time_of_number(*fields.caption->created_at);
        if (!post.published_at) note(anomaly_kind::bad_time, "caption", "created_at", of_instagram);
    }
    post.instagram = keep(fields);
}

/// Copies those that concern the post's provider into its block; bad text always does.
bool item_parser::keep_anomalies(unsigned owner)
{
    const auto concerns = [&](const noted& n) {
        return (n.owner & owner) != 0 || n.what.kind == anomaly_kind::bad_text;
    };
    const auto n = static_cast<std::size_t>(std::count_if(noted_.begin(), noted_.end(), concerns));
    if (n == 0) return true;
    anomaly* copy = builder_.allocate<anomaly>(n);
    if (!copy) return false;
    anomaly* next = copy;
    for (const noted& one : noted_)
        if (concerns(one)) new (next++) anomaly(one.what);
    builder_.header().anomalies = {copy, n};
    return true;
}

bool item_parser::finish_item(std::uint64_t seen)
{
    detail::post_block& post = builder_.header();
    const std::size_t capacity = post.capacity;
    new (&post) detail::post_block;  // a block that was tried before is used again
    post.capacity = capacity;
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

parse_status item_parser::attempt(const char* begin, const char* end)
{
    builder_.rewind();
    begin_ = p_ = begin;
    end_ = end;
    depth_ = 0;
    status_ = parse_status::ok;
    here_ = {};
    item_ = {};
    noted_.clear();
    std::uint64_t seen = 0;
    if (!read_object(schema<item_fields>::table, item_, seen)) return status_;
    here_ = {};
    const std::string_view item{begin_, static_cast<std::size_t>(p_ - begin_)};
    if (!builder_.seal(item) || !finish_item(seen)) return parse_status::no_room;
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
    builder_.start(whole ? static_cast<std::size_t>(end - begin) : 0);
    parse_status s = attempt(begin, end);
    while (s == parse_status::no_room) {
        builder_.grow(static_cast<std::size_t>(p_ - begin_));
        s = attempt(begin, end);
    }
    if (s == parse_status::incomplete && whole) s = parse_status::malformed;
    return s;
}

}  // namespace unipile::decode
