// From bytes to posts: the incremental decoder of one page. No I/O.
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

/// How the envelope's `cursor` looked. `missing` as well if the key came more than once with different values: which of
/// them is meant isn't known.
enum class cursor_kind { missing, null, empty, text };

/// What is known once a page has ended.
struct page_end {
    cursor_kind kind = cursor_kind::missing;
    std::string cursor;                      ///< unescaped; set for `text`
    std::optional<std::int64_t> page_count;  ///< `paging.page_count`
    std::vector<anomaly> anomalies;          ///< of the envelope, not of the items
    std::uint64_t items = 0;                 ///< items in the page, the quarantined ones counted
};

/// An item of a page: a post, or kept byte for byte what is none.
struct decoded_item {
    std::uint32_t index = 0;  ///< in the page, from 0
    std::variant<post, std::unique_ptr<quarantined_item>> what;

    post* as_post() noexcept { return std::get_if<post>(&what); }
    const post* as_post() const noexcept { return std::get_if<post>(&what); }
    /// Of an item over the limit it has only the first bytes.
    const quarantined_item* as_quarantined() const noexcept
    {
        const auto* q = std::get_if<std::unique_ptr<quarantined_item>>(&what);
        return q ? q->get() : nullptr;
    }
};

/// Decoder of one page at a time; `reset()` makes it ready for the next and keeps its small buffers.
///
/// Bytes may be split anywhere, and how they are split changes nothing but when a post is complete: the moment its
/// closing brace was written. After an error the posts that were completed before it stay correct and can still be
/// taken. Cheap to make; buffers come with the first item. Where memory runs out, `write()` throws std::bad_alloc, and
/// the decoder is good for `reset()` and destruction only.
class page_decoder {
public:
    /// Of an item that is larger than `size_limits::item`, so many bytes are kept.
    static constexpr std::size_t kept_of_giants = 4096;

    page_decoder(const size_limits& limits, bool strict);
    ~page_decoder();
    page_decoder(page_decoder&&) noexcept;
    page_decoder& operator=(page_decoder&&) noexcept;

    /// Forgets everything about the last page.
    void reset();

    /// Consumes all of `chunk`, or up to the error. Once there was an error, it is what every call returns.
    boost::system::error_code write(std::string_view chunk);
    /// Tells that the body has ended; an error if the page has not.
    boost::system::error_code finish();

    /// Completed items that were not taken yet, in the page's order. The caller moves them out and clears the vector.
    std::vector<decoded_item>& items() noexcept;

    /// Valid after a successful `finish()`.
    const page_end& end() const noexcept;

private:
    class impl;
    std::unique_ptr<impl> impl_;
};

}  // namespace unipile::decode
