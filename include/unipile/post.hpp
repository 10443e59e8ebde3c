// A post: its exact JSON, and typed access to it.
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

namespace unipile {

namespace detail {

/// The beginning of a post's one block of memory; its JSON and everything that it refers to follow.
struct post_block {
    std::atomic<std::uint32_t> references{1};
    unipile::provider provider = unipile::provider::unknown;
    bool is_utf8 = true;       ///< of `json`
    std::size_t capacity = 0;  ///< bytes of the block, this header counted
    std::string_view json;
    std::string_view provider_name;
    std::string_view id;
    std::optional<wall_time> published_at;
    const linkedin_post* linkedin = nullptr;
    const instagram_post* instagram = nullptr;
    std::span<const anomaly> anomalies;
};

/// Frees a block that nobody refers to any more.
void destroy(post_block* block) noexcept;

}  // namespace detail

/// One post: a JSON object with at least one field. What it lacks beyond that, `object`, `provider` or an id say, is an
/// anomaly and costs nothing but the typed field. Items that are no posts (`{}`, other JSON values, what isn't JSON, is
/// too deep or too large) are quarantined; see `observer::on_anomaly()`.
///
/// Immutable, the size of a pointer, and cheap to copy: copies share one block of memory with the JSON and
/// the typed fields, and every view, pointer and span that a post hands out is valid as long as one copy lives.
///
/// Thread-safe like a `shared_ptr` to a constant: copies may be used and destroyed on different threads at once, one
/// object only on one. A post that was moved from may only be assigned to or destroyed.
class post {
public:
    /// Reads a post from the text of one JSON object, such as `json()` gave. White space around it is dropped.
    ///
    /// Errors: `errc::item_malformed` if it isn't a JSON object with at least one field, `errc::too_deep` if it nests
    /// deeper than `size_limits::depth` allows by default. Throws std::bad_alloc.
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

    /// The item as the server sent it: every byte between its braces, those included.
    ///
    /// Valid JSON, but for one case: an item whose strings contain invalid UTF-8 keeps its bytes, and has an anomaly
    /// of the kind `bad_text`.
    std::string_view json() const noexcept { return block_->json; }

    /// Returns true if `json()` is well-formed UTF-8. Costs nothing; known from decoding.
    bool is_utf8() const noexcept { return block_->is_utf8; }

    /// The item as valid UTF-8 and valid JSON, for what is printed, exported or stored as text. Returns `json()` if
    /// that is UTF-8, which it nearly always is. Otherwise puts a copy into `copy`, in which each byte that belongs to
    /// no UTF-8 sequence is replaced by U+FFFD, and returns a view of it, valid until `copy` is changed. The anomaly
    /// `bad_text` says that it happened. Throws std::bad_alloc.
    std::string_view valid_json(std::string& copy) const;

    unipile::provider provider() const noexcept { return block_->provider; }
    /// The provider as sent, `LINKEDIN` say; empty if there was none.
    std::string_view provider_name() const noexcept { return block_->provider_name; }

    /// What names the post within its provider: `id` on LinkedIn, `provider_id` on Instagram. Empty, with an anomaly,
    /// if there was none, and on unknown providers.
    std::string_view id() const noexcept { return block_->id; }

    /// When it was published.
    ///
    /// LinkedIn: `parsed_datetime`, or if that is missing or unreadable, what the id says (its bits from the 22nd on
    /// are Unix milliseconds, which agrees with `parsed_datetime` in all answers seen). Instagram: the caption's
    /// `created_at`, whose unit is not documented: from 10^14 on it is taken as microseconds, from 10^11 on as
    /// milliseconds, below as seconds. Empty if none of them is there.
    std::optional<wall_time> published_at() const noexcept { return block_->published_at; }

    /// The bytes of memory that the post takes: its JSON, its typed fields and what its block has left. Copies share
    /// them. For whoever bounds how many posts may wait; `json().size()` can be a small part of it.
    std::size_t footprint() const noexcept { return block_->capacity; }

    /// The LinkedIn fields; null unless the provider is LinkedIn.
    const linkedin_post* linkedin() const noexcept { return block_->linkedin; }
    /// The Instagram fields; null unless the provider is Instagram.
    const instagram_post* instagram() const noexcept { return block_->instagram; }

    /// What did not match the contract; usually empty.
    std::span<const anomaly> anomalies() const noexcept { return block_->anomalies; }

private:
    friend struct detail::access;

    /// Takes over a reference.
    explicit post(detail::post_block* block) noexcept : block_(block) {}
    void release() noexcept
    {
        if (block_->references.fetch_sub(1, std::memory_order_acq_rel) == 1) detail::destroy(block_);
    }

    detail::post_block* block_;
};

}  // namespace unipile
