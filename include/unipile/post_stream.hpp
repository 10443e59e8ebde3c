// The stream of a listing's posts.
#pragma once

#include <unipile/detail/access.hpp>
#include <unipile/detail/initiation.hpp>
#include <unipile/end_reason.hpp>
#include <unipile/errc.hpp>
#include <unipile/failure.hpp>
#include <unipile/position.hpp>
#include <unipile/post.hpp>
#include <unipile/rebound_stream.hpp>
#include <unipile/stream_stats.hpp>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/deferred.hpp>

#include <memory>
#include <optional>
#include <span>

#pragma GCC visibility push(default)
namespace unipile {

namespace paging {
class stream_core;
using next_handler = boost::asio::any_completion_handler<void(boost::system::error_code, std::optional<post>)>;
using batch_handler = boost::asio::any_completion_handler<void(boost::system::error_code, std::span<const post>)>;
}  // namespace paging

/// The posts of one listing, in order, as they arrive. Made by `client::posts`.
///
/// Lazy: no request is sent before the first pull, and no page is requested before the last post of the page before was
/// taken, unless `posts_query::prefetch_pages` says so. The page that is arriving is read up to
/// `client_options::read_ahead` bytes ahead of the consumer, with or without an outstanding pull.
///
/// **Pulls.** `next`, `async_next` and `async_next_batch` are pulls; they may be mixed. At most one may be outstanding;
/// a second one fails with errc::operation_in_progress and does not affect the first.
///
/// **The end.** After a listing's end, each pull completes with an empty optional or span. After a failure, the posts
/// before it are delivered first, then each pull completes with the failure; `last_failure()` has its details. Retries
/// are not visible here. `client::posts(query, stream.position())` resumes a failed listing.
///
/// **Cancellation of a pull** (all three cancellation types): the pull completes at once with
/// `asio::error::operation_aborted`. No post is lost: the stream remains usable, and the next pull continues where this
/// one would have. An answer that is under way is read on, since it counts against the account's quota. A wait before a
/// retry is interrupted, and its remainder is left to the next pull. No request starts without a pull.
///
/// **Stopping.** `cancel()`, or destroying the stream, ends all work of the stream and closes its connection if an
/// answer is under way. Neither blocks. An outstanding pull completes with `asio::error::operation_aborted`.
/// `client::close` does the same with errc::client_closed.
///
/// **Thread safety.** Like most I/O objects: distinct streams of one client share that client's executor, which must
/// not run two handlers at once (a strand, or an `io_context` run by one thread). All members are called on that
/// executor, or while nothing runs on it; `async_next` and `async_next_batch` may be initiated on any thread. The
/// associated cancellation slot is used on the initiating thread and when the handler is called.
///
/// **Lifetimes.** A stream shares ownership of its client's state. Stream and client may be destroyed in either order,
/// before or after the `io_context` was stopped, but before it is destroyed, like any I/O object. A pull that is
/// outstanding when the context is destroyed is destroyed with it, without a call of its handler.
class post_stream {
public:
    using executor_type = boost::asio::any_io_executor;
    /// The type of this stream with the default completion token of another executor.
    template <class Executor>
    struct rebind_executor {
        using other = rebound_stream<post_stream, Executor>;  ///< that type
    };

    post_stream(post_stream&& other) noexcept;
    /// Stops the stream that `*this` was, as its destruction would.
    post_stream& operator=(post_stream&& other) noexcept;
    /// Stops the stream, as `cancel()` does. An outstanding pull ends with `asio::error::operation_aborted`.
    ~post_stream();

    /// Returns the client's executor. Handlers without an executor of their own are called there.
    const executor_type& get_executor() const noexcept { return executor_; }

    /// Returns the next post; empty at the end. Must be awaited on the client's executor, in a coroutine that was
    /// spawned there. Throws errc::wrong_executor where no handler of that executor runs (detected for an `io_context`
    /// and for strands). `async_next` has no such requirement.
    ///
    /// Returns without suspending if a decoded post is available. Throws `failure` if the listing failed, if another
    /// pull is outstanding, or, with `asio::error::operation_aborted`, if cancelled.
    boost::asio::awaitable<std::optional<post>> next();

    /// The same for any completion token.
    ///
    /// Handler signature: `void(error_code, std::optional<post>)`; the optional is empty at the end and with an error.
    /// The default token is `boost::asio::deferred`.
    ///
    /// Executor: the handler is called on its associated executor and never inside this function, unless it has an
    /// associated immediate executor (Boost 1.82 and newer): that one gets what is there when the pull is initiated on
    /// the client's executor. Its associated allocator allocates the operation's state; its associated cancellation
    /// slot cancels the pull. The page that is arriving is not read until the handler has returned, so a handler must
    /// not run the event loop itself to wait for the stream.
    ///
    /// Errors: `errc`, or `asio::error::operation_aborted`.
    template <boost::asio::completion_token_for<void(boost::system::error_code, std::optional<post>)> Token =
                  boost::asio::deferred_t>
    auto async_next(Token&& token = Token())
    {
        return boost::asio::async_initiate<Token, void(boost::system::error_code, std::optional<post>)>(
            initiate_next(executor_, core_), token);
    }

    /// Completes with all posts decoded so far: at least one, or none at the end.
    ///
    /// Handler signature: `void(error_code, std::span<const post>)`. The span is valid until the next pull, `try_next`,
    /// or the stream's destruction; posts are cheap to copy. Otherwise like `async_next`.
    template <boost::asio::completion_token_for<void(boost::system::error_code, std::span<const post>)> Token =
                  boost::asio::deferred_t>
    auto async_next_batch(Token&& token = Token())
    {
        return boost::asio::async_initiate<Token, void(boost::system::error_code, std::span<const post>)>(
            initiate_batch(executor_, core_), token);
    }

    /// Returns a post if one has been decoded and no pull is outstanding, otherwise nothing. Never sends a request.
    std::optional<post> try_next() noexcept;

    /// Returns the place behind the last post that was delivered. Costs as much as the strings that it copies.
    ///
    /// A post is delivered when its pull has taken it, which is before its handler runs. A batch is delivered as a
    /// whole. Behind a page's last post, this is the beginning of the next page as soon as the page's end has arrived;
    /// resuming from an earlier position requests the page again and delivers nothing of it.
    unipile::position position() const;

    /// Returns `end_reason::none` until the last post was delivered and the end, or the failure, is known.
    unipile::end_reason end_reason() const noexcept;
    /// Returns the failure that ended the listing; empty if there is none.
    std::optional<failure> last_failure() const;
    /// Returns the counters so far.
    const stream_stats& stats() const noexcept;
    /// Returns the query of this stream.
    const posts_query& query() const noexcept;

    /// Stops the listing with `end_reason::cancelled`. Posts that were decoded and not taken are dropped; `position()`
    /// is behind the last post that was taken. No effect after the end.
    void cancel() noexcept;

private:
    friend struct detail::access;

    post_stream(executor_type executor, std::shared_ptr<paging::stream_core> core) noexcept;

    struct initiate_next : detail::initiation<paging::stream_core> {
        using initiation::initiation;
        void operator()(paging::next_handler handler) const;
    };
    struct initiate_batch : detail::initiation<paging::stream_core> {
        using initiation::initiation;
        void operator()(paging::batch_handler handler) const;
    };

    executor_type executor_;
    std::shared_ptr<paging::stream_core> core_;
};

}  // namespace unipile
#pragma GCC visibility pop
