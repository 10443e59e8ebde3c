// The incremental decoder of a page. No I/O.
#pragma once

#include <unipile/client_options.hpp>
#include <unipile/errc.hpp>
#include <unipile/post.hpp>
#include <unipile/quarantined_item.hpp>

#include <boost/system/error_code.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace unipile::decode {

/// The form of the envelope's `cursor`. Also `missing` if the key occurred more than once with different values, so
/// that the right one is unknown.
enum class cursor_kind { missing, null, empty, text };

/// The properties of a page that has ended.
struct page_end {
    cursor_kind kind = cursor_kind::missing;
    std::string cursor;                      ///< unescaped; set for `text`
    std::optional<std::int64_t> page_count;  ///< `paging.page_count`
    std::vector<anomaly> anomalies;          ///< of the envelope, not of the items
    std::uint64_t items = 0;                 ///< number of items, including quarantined ones
};

/// An item of a page: a post, or the bytes of an item that is none.
struct decoded_item {
    std::uint32_t index = 0;  ///< in the page, from 0
    std::variant<post, std::unique_ptr<quarantined_item>> what;

    post* as_post() noexcept { return std::get_if<post>(&what); }
    const post* as_post() const noexcept { return std::get_if<post>(&what); }
    /// For an item over the limit, this has only the first bytes.
    const quarantined_item* as_quarantined() const noexcept
    {
        const auto* q = std::get_if<std::unique_ptr<quarantined_item>>(&what);
        return q ? q->get() : nullptr;
    }
};

/// Decodes one page at a time; `reset()` prepares for the next one and keeps small buffers.
///
/// Chunks may be split anywhere. The split affects only when a post is complete, which is when its closing brace was
/// written. After an error, the posts that were complete before it are valid and can be taken. Construction is cheap;
/// buffers are allocated with the first item. If memory runs out, `write()` throws std::bad_alloc, and only `reset()`
/// and destruction are allowed.
class page_decoder {
public:
    /// Bytes that are kept of an item over `size_limits::item`.
    static constexpr std::size_t kept_of_giants = 4096;

    page_decoder(const size_limits& limits, bool strict);
    ~page_decoder();
    page_decoder(page_decoder&&) noexcept;
    page_decoder& operator=(page_decoder&&) noexcept;

    /// Discards all state of the last page.
    void reset();
    /// Sets whether deviations from the contract are errors of the page. Called before its first chunk.
    void set_strict(bool strict) noexcept;

    /// Consumes all of `chunk`, or up to the error. Every later call returns the same error.
    boost::system::error_code write(std::string_view chunk);
    /// The body has ended. Returns an error if the page has not.
    boost::system::error_code finish();

    /// Returns completed items that were not taken yet, in the page's order. The caller moves them out and clears the
    /// vector.
    std::vector<decoded_item>& items() noexcept;

    /// Valid after a successful `finish()`.
    const page_end& end() const noexcept;

private:
    class impl;
    std::unique_ptr<impl> impl_;
};

}  // namespace unipile::decode
