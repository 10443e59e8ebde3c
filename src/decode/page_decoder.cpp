#include "decode/page_decoder.hpp"

#include "decode/envelope.hpp"
#include "decode/envelope_lexer.hpp"
#include "decode/framer.hpp"
#include "decode/item_parser.hpp"
#include "decode/scan.hpp"
#include "decode/text.hpp"

#include <algorithm>
#include <utility>

namespace unipile::decode {
namespace {

using boost::system::error_code;

/// A larger buffer is freed at the end of a page.
constexpr std::size_t small_buffer = 64 * 1024;

}  // namespace

/// The page as a state machine. Everything outside of the items is collected byte by byte in a small text, the
/// envelope, in which `"items":[]` is empty; it is read as a whole when the page's last brace arrives. Items are read
/// in place; only an item that a chunk's end splits is copied together first.
class page_decoder::impl {
public:
    impl(const size_limits& limits, bool strict_pages)
        : strict(strict_pages),
          limits_(limits),
          lexer_(limits),
          parser_(limits.depth < depth_of_items ? 0 : limits.depth - depth_of_items)
    {}

    void reset();
    error_code write(std::string_view chunk);
    error_code finish();

    std::vector<decoded_item> items;
    page_end end;
    bool strict;

private:
    enum class state {
        start,       ///< only white space so far
        envelope,    ///< outside of the items
        first_item,  ///< behind `[`: an item or `]`
        next_item,   ///< behind a comma: an item
        cut_item,    ///< inside an item that began in an earlier chunk
        after_item,  ///< a comma or `]`
        done,        ///< behind the last brace
    };

    error_code step(const char*& p, const char* last);
    error_code start_page(const char*& p, const char* last);
    error_code read_envelope_byte(const char*& p);
    error_code end_page();
    error_code start_item(const char*& p, const char* last);
    error_code item_or_end(const char*& p, const char* last, bool may_end);
    error_code after_item(const char*& p, const char* last);
    error_code cut_item(const char*& p, const char* last);
    error_code frame_item(const char*& p, const char* last);
    void keep_prefix(std::string_view more);
    error_code quarantine_giant();
    error_code whole_item(std::string_view item, parse_status s);
    error_code accept_item();
    error_code quarantine_item(std::string_view item, std::string why);
    bool skip_space(const char*& p, const char* last) noexcept;

    size_limits limits_;
    state state_ = state::start;
    error_code error_;
    std::size_t bytes_ = 0;
    std::uint64_t items_ = 0;
    envelope_lexer lexer_;
    std::string cut_;        ///< the beginning of an item that is not whole yet
    std::size_t size_ = 0;   ///< of the item so far; above the size of `cut_` if the item is over the limit
    bool unframed_ = false;  ///< the framer has not read `cut_`, in which the parser found no error
    framer framer_;
    item_parser parser_;
};

void page_decoder::impl::reset()
{
    items.clear();
    end = {};
    state_ = state::start;
    error_ = {};
    bytes_ = 0;
    items_ = 0;
    lexer_.reset();
    cut_.clear();
    if (cut_.capacity() > small_buffer) std::string().swap(cut_);
    parser_.trim();
    unframed_ = false;
}

error_code page_decoder::impl::write(std::string_view chunk)
{
    if (error_) return error_;
    const bool over = chunk.size() > limits_.page - bytes_;
    if (over) chunk = chunk.substr(0, limits_.page - bytes_);
    bytes_ += chunk.size();
    const char* p = chunk.data();
    const char* last = p + chunk.size();
    while (!error_ && p != last) error_ = step(p, last);
    if (!error_ && over) error_ = errc::page_too_large;
    return error_;
}

error_code page_decoder::impl::finish()
{
    if (!error_ && state_ != state::done) error_ = errc::page_truncated;
    return error_;
}

bool page_decoder::impl::skip_space(const char*& p, const char* last) noexcept
{
    while (p != last && is_space(*p)) ++p;
    return p != last;
}

error_code page_decoder::impl::step(const char*& p, const char* last)
{
    switch (state_) {
        case state::start: return start_page(p, last);
        case state::envelope: return read_envelope_byte(p);
        case state::first_item: return item_or_end(p, last, true);
        case state::next_item: return item_or_end(p, last, false);
        case state::cut_item: return cut_item(p, last);
        case state::after_item: return after_item(p, last);
        case state::done: break;
    }
    if (!skip_space(p, last)) return {};
    return errc::trailing_bytes;
}

// The envelope.

error_code page_decoder::impl::start_page(const char*& p, const char* last)
{
    if (!skip_space(p, last)) return {};
    if (*p == '{') {
        state_ = state::envelope;
        return {};
    }
    // A list, a string, a number or a word may be JSON, but is no page. Anything else is not JSON.
    const bool may_be_json = *p == '[' || *p == '"' || *p == '-' || is_digit(*p) || *p == 't' || *p == 'f' || *p == 'n';
    return may_be_json ? errc::not_a_page : errc::not_json;
}

error_code page_decoder::impl::read_envelope_byte(const char*& p)
{
    envelope_lexer::event what;
    if (const error_code e = lexer_.read(*p++, end, what)) return e;
    if (what == envelope_lexer::event::items_begin) state_ = state::first_item;
    return what == envelope_lexer::event::page_ends ? end_page() : error_code{};
}

error_code page_decoder::impl::end_page()
{
    if (const error_code e = read_envelope(lexer_.text(), limits_, lexer_.cursors_differ(), end)) return e;
    end.items = items_;
    if (strict && !end.anomalies.empty()) return errc::contract_violated;
    state_ = state::done;
    return {};
}

// The items.

error_code page_decoder::impl::item_or_end(const char*& p, const char* last, bool may_end)
{
    if (!skip_space(p, last)) return {};
    if (*p == ']' && may_end) {
        state_ = state::envelope;
        return {};
    }
    if (*p == ']' || *p == '}' || *p == ',' || *p == ':') return errc::page_malformed;
    return start_item(p, last);
}

error_code page_decoder::impl::after_item(const char*& p, const char* last)
{
    if (!skip_space(p, last)) return {};
    if (*p == ']') {
        state_ = state::envelope;
        return {};
    }
    if (*p != ',') return errc::page_malformed;
    ++p;
    state_ = state::next_item;
    return {};
}

/// Reads an item in place if all of it has arrived.
error_code page_decoder::impl::start_item(const char*& p, const char* last)
{
    if (items_ >= limits_.items) return errc::too_many_items;
    framer_.start(limits_.depth < depth_of_items ? 0 : limits_.depth - depth_of_items);
    unframed_ = false;
    size_ = 0;
    state_ = state::cut_item;
    if (*p != '{') return frame_item(p, last);

    const auto available = std::min(static_cast<std::size_t>(last - p), limits_.item);
    const parse_status s = parser_.parse(p, p + available, false);
    if (s == parse_status::ok) {
        p = parser_.end_of_item();
        return accept_item();
    }
    if (s != parse_status::incomplete || available != static_cast<std::size_t>(last - p)) return frame_item(p, last);
    cut_.assign(p, last);
    size_ = cut_.size();
    unframed_ = true;
    p = last;
    return {};
}

/// Continues an item that began in an earlier chunk.
///
/// While chunks are large, the item is parsed again with some of the bytes that arrived: that is cheaper than finding
/// its end first. But an item that is parsed again from the start must have grown by a good part, or small chunks would
/// cost the square of its length. So small chunks are framed, and the item is parsed once its end is known.
error_code page_decoder::impl::cut_item(const char*& p, const char* last)
{
    const auto arrived = static_cast<std::size_t>(last - p);
    if (!unframed_ || arrived < 256 || arrived < cut_.size() / 4) return frame_item(p, last);
    const std::size_t before = cut_.size();
    const std::size_t available = std::min(arrived, limits_.item - before);
    std::size_t added = 0;
    bool open = true;
    for (std::size_t wanted = 4096; open && added < available; wanted *= 2) {
        const std::size_t more = std::min(wanted, available) - added;
        cut_.append(p + added, more);
        added += more;
        const parse_status s = parser_.parse(cut_.data(), cut_.data() + cut_.size(), false);
        if (s == parse_status::ok) {
            p += static_cast<std::size_t>(parser_.end_of_item() - cut_.data()) - before;
            cut_.clear();
            return accept_item();
        }
        open = s == parse_status::incomplete;
    }
    if (!open || added != arrived) {
        cut_.resize(before);
        return frame_item(p, last);
    }
    size_ = cut_.size();
    p = last;
    return {};
}

/// Finds an item's end, and parses the item when its end has arrived.
error_code page_decoder::impl::frame_item(const char*& p, const char* last)
{
    if (std::exchange(unframed_, false)) {
        const char* begun = cut_.data();
        framer_.feed(begun, begun + cut_.size());  // stays open: the parser found neither an error nor the end
    }
    const char* from = p;
    const framer::status s = framer_.feed(p, last);
    if (s == framer::status::mismatch) return errc::page_malformed;
    std::string_view whole{from, static_cast<std::size_t>(p - from)};
    size_ += whole.size();
    if (size_ > limits_.item) {
        keep_prefix(whole);
        return s == framer::status::done ? quarantine_giant() : error_code{};
    }
    if (s == framer::status::open) {
        cut_.append(whole);
        return {};
    }
    if (!cut_.empty()) whole = cut_.append(whole);
    const char* const head = whole.data();
    const char* const tail = head + whole.size();
    const parse_status parsed = *head == '{' ? parser_.parse(head, tail, true) : parser_.check(head, tail);
    const error_code e = whole_item(whole, parsed);
    cut_.clear();
    return e;
}

/// Keeps only the beginning of an item over the limit in `cut_`.
void page_decoder::impl::keep_prefix(std::string_view more)
{
    const std::size_t most = std::min(kept_of_giants, limits_.item);
    if (cut_.size() > most) {
        std::string(cut_, 0, most).swap(cut_);
    } else {
        cut_.append(more.substr(0, most - cut_.size()));
    }
}

error_code page_decoder::impl::quarantine_giant()
{
    const error_code e = quarantine_item(cut_, "its " + std::to_string(size_) + " bytes are over the limit of " +
                                                   std::to_string(limits_.item) + "; only the first ones are kept");
    cut_.clear();
    return e;
}

error_code page_decoder::impl::whole_item(std::string_view item, parse_status s)
{
    switch (s) {
        case parse_status::ok:
            if (item[0] == '{') return accept_item();
            return quarantine_item(item, "valid JSON but not an object");
        case parse_status::empty: return quarantine_item(item, "an empty object");
        case parse_status::too_deep:
            return quarantine_item(item, "nested deeper than the limit of " + std::to_string(limits_.depth));
        case parse_status::too_costly: return quarantine_item(item, "its fields take far more memory than its JSON");
        default: break;
    }
    const auto bad_byte = static_cast<std::size_t>(parser_.end_of_item() - item.data());
    return quarantine_item(item, "not valid JSON at byte " + std::to_string(bad_byte));
}

error_code page_decoder::impl::accept_item()
{
    post item = parser_.take();
    if (strict && !item.anomalies().empty()) return errc::contract_violated;
    items.push_back({static_cast<std::uint32_t>(items_), std::move(item)});
    ++items_;
    state_ = state::after_item;
    return {};
}

error_code page_decoder::impl::quarantine_item(std::string_view item, std::string why)
{
    if (strict) return errc::contract_violated;
    auto kept = std::make_unique<quarantined_item>();
    kept->raw = item;
    kept->why = std::move(why);
    items.push_back({static_cast<std::uint32_t>(items_), std::move(kept)});
    ++items_;
    state_ = state::after_item;
    return {};
}

page_decoder::page_decoder(const size_limits& limits, bool strict) : impl_(std::make_unique<impl>(limits, strict)) {}
page_decoder::~page_decoder() = default;
page_decoder::page_decoder(page_decoder&&) noexcept = default;
page_decoder& page_decoder::operator=(page_decoder&&) noexcept = default;

void page_decoder::reset() { impl_->reset(); }
void page_decoder::set_strict(bool strict) noexcept { impl_->strict = strict; }
error_code page_decoder::write(std::string_view chunk) { return impl_->write(chunk); }
error_code page_decoder::finish() { return impl_->finish(); }
std::vector<decoded_item>& page_decoder::items() noexcept { return impl_->items; }
const page_end& page_decoder::end() const noexcept { return impl_->end; }

}  // namespace unipile::decode
