// A listing as a range, for programs without an event loop.
#pragma once

#include <unipile/client_options.hpp>
#include <unipile/end_reason.hpp>
#include <unipile/failure.hpp>
#include <unipile/position.hpp>
#include <unipile/post.hpp>
#include <unipile/posts_query.hpp>
#include <unipile/stream_stats.hpp>

#include <cstddef>
#include <iterator>
#include <memory>
#include <optional>

#pragma GCC visibility push(default)
namespace unipile {

namespace paging {
class blocking_listing;
}

/// The posts of one listing as a range that can be read once. Made by `read`. It has an event loop of its own, which
/// runs on the calling thread while a post is waited for: nothing happens between two increments, and no thread is
/// started, except as `client_options::resolver` says.
///
/// As lazy as `post_stream`: no request is sent before `begin()`, and no page is requested before the last post of the
/// page before was taken. A loop that is left early sends nothing more.
///
/// **Blocking.** `begin()` and `++` wait for the server, as long as `client_options::deadlines` and
/// `client_options::retry` allow; `retry_policy::total` bounds the whole listing, including the time that the caller
/// spends between two posts. A wait can't be interrupted: use `post_stream` for that.
///
/// **Errors.** `begin()` and `++` throw `failure` where the listing fails; the posts before it are delivered first.
/// `position()` is behind the last one then, and `read` resumes there.
///
/// **Thread safety.** Distinct ranges: safe. One range: used on one thread at a time.
class post_range {
public:
    /// An input iterator; an increment waits for the next post.
    class iterator {
    public:
        using iterator_concept = std::input_iterator_tag;
        using value_type = post;
        using difference_type = std::ptrdiff_t;

        iterator() = default;
        /// The post is valid until the next increment. It may be moved from.
        post& operator*() const noexcept;
        post* operator->() const noexcept { return &**this; }
        iterator& operator++();
        void operator++(int) { ++*this; }
        friend bool operator==(const iterator& i, std::default_sentinel_t) noexcept { return i.at_end(); }

    private:
        friend class post_range;
        explicit iterator(paging::blocking_listing& from) noexcept : from_(&from) {}
        bool at_end() const noexcept;

        paging::blocking_listing* from_ = nullptr;
    };

    post_range(post_range&&) noexcept;
    post_range& operator=(post_range&&) noexcept;
    /// Closes the connection.
    ~post_range();

    /// Waits for the first post. Called again, it returns the place that was reached.
    iterator begin();
    /// Returns what an iterator behind the last post equals.
    std::default_sentinel_t end() const noexcept { return {}; }

    /// Returns `end_reason::none` before the end.
    unipile::end_reason end_reason() const noexcept;
    /// Returns the failure that ended the listing; empty if there is none.
    std::optional<failure> last_failure() const;
    /// Returns the place behind the last post that an iterator was moved to.
    unipile::position position() const;
    /// Returns the counters so far.
    const stream_stats& stats() const noexcept;

private:
    friend post_range read(client_options options, posts_query query, const unipile::position& from);
    explicit post_range(std::unique_ptr<paging::blocking_listing> listing) noexcept;

    std::unique_ptr<paging::blocking_listing> listing_;
};

/// Returns the posts behind `from`, by default all, from the newest on. Sends nothing.
///
///     for (const unipile::post& p : unipile::read(options, query)) std::cout << p.json() << '\n';
///
/// Throws std::invalid_argument, with one line that says what to change, for options that can't work; `failure` with
/// errc::invalid_query, or errc::position_mismatch if the position belongs to another account or identifier.
[[nodiscard]] post_range read(client_options options, posts_query query, const position& from = {});

}  // namespace unipile
#pragma GCC visibility pop
