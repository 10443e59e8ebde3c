// A post: its JSON byte for byte, and its typed fields.
#pragma once

#include <unipile/anomaly.hpp>
#include <unipile/detail/access.hpp>
#include <unipile/instagram.hpp>
#include <unipile/linkedin.hpp>
#include <unipile/provider.hpp>
#include <unipile/wall_time.hpp>

#include <boost/system/result.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#pragma GCC visibility push(default)
namespace unipile {

namespace detail {

/// The header of a post's memory block, followed by its JSON and everything that the header refers to.
struct post_block {
    std::atomic<std::uint32_t> references{1};
    unipile::provider provider = unipile::provider::unknown;
    bool is_utf8 = true;       ///< of `json`
    std::size_t capacity = 0;  ///< bytes of the block, including this header
    std::string_view json;
    std::string_view provider_name;
    std::string_view id;
    std::optional<wall_time> published_at;
    const linkedin_post* linkedin = nullptr;
    const instagram_post* instagram = nullptr;
    std::span<const anomaly> anomalies;
};

/// Frees a block without references.
void destroy(post_block* block) noexcept;

}  // namespace detail

/// One post: a JSON object with at least one field. Any other field that is missing, such as `object`, `provider` or an
/// id, is an anomaly and leaves the typed field empty. Items that are no posts (`{}`, other JSON values, invalid JSON,
/// items that are too deep or too large) are quarantined; see `observer::on_anomaly()`.
///
/// Immutable, the size of a pointer, and cheap to copy: copies share one block of memory with the JSON and the typed
/// fields. Every view, pointer and span of a post is valid as long as one copy exists.
///
/// Thread safety: like a `shared_ptr` to a constant. Distinct copies may be used and destroyed on different threads;
/// one object only on one thread at a time. A moved-from post may only be assigned to or destroyed.
class post {
public:
    /// Reads a post from the text of one JSON object, such as `json()` returned. White space around it is dropped.
    ///
    /// Errors: errc::item_malformed if the text is not one JSON object with at least one field, errc::too_deep if it is
    /// nested deeper than the default of `size_limits::depth`. Throws std::bad_alloc.
    static boost::system::result<post> parse(std::string_view json);

    post(const post& other) noexcept : block_(other.block_)
    {
        if (block_) block_->references.fetch_add(1, std::memory_order_relaxed);
    }
    post(post&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
    post& operator=(post other) noexcept
    {
        std::swap(block_, other.block_);
        return *this;
    }
    ~post()
    {
        if (block_) release();
    }

    /// Returns the item as the server sent it, from the opening to the closing brace.
    ///
    /// Valid JSON with one exception: an item whose strings contain invalid UTF-8 keeps its bytes, and has an anomaly
    /// of the kind `bad_text`.
    std::string_view json() const noexcept { return block_->json; }

    /// Returns true if `json()` is well-formed UTF-8. Known from decoding; costs nothing.
    bool is_utf8() const noexcept { return block_->is_utf8; }

    /// Returns the item as valid UTF-8 and valid JSON, for output as text. Returns `json()` if that is UTF-8, which is
    /// nearly always so. Otherwise fills `copy`, with each byte that belongs to no UTF-8 sequence replaced by U+FFFD,
    /// and returns a view of it, valid until `copy` is changed. The post has the anomaly `bad_text` then. Throws
    /// std::bad_alloc.
    std::string_view valid_json(std::string& copy) const;

    /// Returns the provider; `unknown` for one that this library does not know.
    unipile::provider provider() const noexcept { return block_->provider; }
    /// Returns the provider as sent, e.g. `LINKEDIN`; empty if absent.
    std::string_view provider_name() const noexcept { return block_->provider_name; }

    /// Returns the id of the post within its provider: `id` on LinkedIn, `provider_id` on Instagram. Empty, with an
    /// anomaly, if absent, and on unknown providers.
    std::string_view id() const noexcept { return block_->id; }

    /// Returns when the post was published.
    ///
    /// LinkedIn: `parsed_datetime`, or if that is absent or unreadable, the time in the id (its bits from the 22nd on
    /// are Unix milliseconds, which agrees with `parsed_datetime` in all answers seen). Instagram: the caption's
    /// `created_at`, whose unit is not documented: from 10^14 on it is taken as microseconds, from 10^11 on as
    /// milliseconds, below as seconds. Empty if none of them is present.
    std::optional<wall_time> published_at() const noexcept { return block_->published_at; }

    /// Returns the bytes of memory that the post takes: its JSON, its typed fields and the unused rest of its block.
    /// Copies share them. Useful to bound the memory of waiting posts; `json().size()` can be a small part of it.
    std::size_t footprint() const noexcept { return block_->capacity; }

    /// Returns the LinkedIn fields; null unless the provider is LinkedIn.
    const linkedin_post* linkedin() const noexcept { return block_->linkedin; }
    /// Returns the Instagram fields; null unless the provider is Instagram.
    const instagram_post* instagram() const noexcept { return block_->instagram; }

    /// Returns the deviations from the contract; usually none.
    std::span<const anomaly> anomalies() const noexcept { return block_->anomalies; }

private:
    friend struct detail::access;

    /// Takes over one reference.
    explicit post(detail::post_block* block) noexcept : block_(block) {}
    void release() noexcept
    {
        if (block_->references.fetch_sub(1, std::memory_order_acq_rel) == 1) detail::destroy(block_);
    }

    detail::post_block* block_;
};

}  // namespace unipile
#pragma GCC visibility pop
