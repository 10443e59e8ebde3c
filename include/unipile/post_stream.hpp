// The async generator of posts.
#pragma once

#include <unipile/detail/access.hpp>
#include <unipile/end_reason.hpp>
#include <unipile/errc.hpp>
#include <unipile/failure.hpp>
#include <unipile/position.hpp>
#include <unipile/post.hpp>
#include <unipile/stream_stats.hpp>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>

#include <memory>
#include <optional>
#include <span>

namespace unipile {

namespace paging {
class stream_core;
using next_handler = boost::asio::any_completion_handler<void(boost::system::error_code, std::optional<post>)>;
using batch_handler = boost::asio::any_completion_handler<void(boost::system::error_code, std::span<const post>)>;
}  // namespace paging

/// The posts of one listing, one after the other, as they arrive. Made by `client::posts`.
///
/// Lazy: nothing is sent before the first pull, and no page is asked for before the last post of the one before it was
/// taken, unless `posts_query::prefetch_pages` says so. The page that is arriving is read on to
/// `client_options::read_ahead` bytes of posts beyond what was taken, whether or not somebody is waiting.
///
/// **Pulling.** `next`, `async_next` and `async_next_batch` are pulls; they may be mixed. At most one may be
/// outstanding; a second one fails with `errc::operation_in_progress` and leaves the first alone.
///
/// **The end.** A listing that ended without a failure gives an empty optional or span, again and again. One that
/// failed gives all posts before the failure, then the failure, again and again; `last_failure()` has its details.
/// Retries go on beneath this and are not seen here. `client::posts(query, stream.position())` resumes a failed one.
///
/// **Cancelling a pull** (all three cancellation types): the pull ends at once with `asio::error::operation_aborted`.
/// No post is lost: the stream remains usable, and the next pull goes on where this one would have. An answer that is
/// under way is read on, since it costs quota; a wait before a retry is interrupted at once and its remainder is left
/// to the next pull; no new request begins without a pull.
///
/// **Stopping.** `cancel()`, or destroying the stream, ends all that the stream does and closes its connection if an
/// answer is under way. Neither blocks. An outstanding pull ends with `asio::error::operation_aborted`. `client::close`
/// does the same with `errc::client_closed`.
///
/// **Threads.** Like most I/O objects: distinct streams of one client share that client's executor, which must not run
/// two handlers at once (a strand, or an `io_context` run by one thread). All members are called on that executor, or
/// while nothing runs on it, but for `async_next` and `async_next_batch`, which may be initiated on any thread. The
/// associated slot is used on the initiating thread and when the handler is called.
///
/// **Lifetime.** A stream shares what it needs of its client; the two may be destroyed in either order, and before or
/// after the `io_context` has been stopped, but before it is destroyed, as with any I/O object. A pull that is
/// outstanding when the context is destroyed is destroyed with it, without being called.
class post_stream {
public:
    using executor_type = boost::asio::any_io_executor;

    post_stream(post_stream&& other) noexcept;
    /// What `*this` was is stopped, as by its destruction.
    post_stream& operator=(post_stream&& other) noexcept;
    ~post_stream();

    /// The client's executor. Handlers without an executor of their own are called there.
    const executor_type& get_executor() const noexcept { return executor_; }

    /// The next post; empty at the end. Await it on the client's executor, in a coroutine that was spawned there:
    /// where no handler of that executor runs, it throws errc::wrong_executor (found for an `io_context` and for
    /// strands). `async_next` can be used anywhere.
    ///
    /// Returns without suspending when a post has been decoded already. Throws `failure` if the listing failed, if
    /// another pull is outstanding, and, with `asio::error::operation_aborted`, when cancelled.
    boost::asio::awaitable<std::optional<post>> next();

    /// The same for any completion token. Handler signature `void(error_code, std::optional<post>)`; the optional is
    /// empty at the end and with an error.
    ///
    /// The handler is called on its associated executor and never inside this function. Its associated allocator is
    /// used for the operation's state, its associated cancellation slot as described above. The page that is arriving
    /// stands still until the handler has returned: one that runs the event loop itself can't wait there for the
    /// stream. Errors: `errc`, or `asio::error::operation_aborted`.
    template <boost::asio::completion_token_for<void(boost::system::error_code, std::optional<post>)> Token>
    auto async_next(Token&& token)
    {
        return boost::asio::async_initiate<Token, void(boost::system::error_code, std::optional<post>)>(
            initiate_next{executor_, core_}, token);
    }

    /// All posts that are decoded so far: at least one, none at the end. Handler signature
    /// `void(error_code, std::span<const post>)`. Posts are cheap to copy; the span itself is valid until the next
    /// pull, `try_next` or the stream's end of life. Otherwise like `async_next`.
    template <boost::asio::completion_token_for<void(boost::system::error_code, std::span<const post>)> Token>
    auto async_next_batch(Token&& token)
    {
        return boost::asio::async_initiate<Token, void(boost::system::error_code, std::span<const post>)>(
            initiate_batch{executor_, core_}, token);
    }

    /// A post if one has been decoded and no pull is outstanding, otherwise nothing. Never starts a request.
    std::optional<post> try_next() noexcept;

    /// Right behind the last post that was delivered; see there. Costs as much as the strings that it copies.
    ///
    /// A post counts as delivered when its pull has taken it, which is before its handler runs. A batch is delivered
    /// as a whole. Behind a page's last post this is the next page's beginning as soon as the page's own end has
    /// arrived; resuming from an earlier position fetches the page again, only to find that nothing of it is left.
    unipile::position position() const;

    /// `end_reason::none` until the last post was delivered and the end, or the failure, is known.
    unipile::end_reason end_reason() const noexcept;
    /// The failure that ended the listing; empty unless there is one.
    std::optional<failure> last_failure() const;
    const stream_stats& stats() const noexcept;
    const posts_query& query() const noexcept;

    /// Stops the listing with `end_reason::cancelled`. Posts that were decoded and not taken are dropped; `position()`
    /// is right behind the last one that was taken. No effect on a listing that has ended.
    void cancel() noexcept;

private:
    friend struct detail::access;

    post_stream(executor_type executor, std::shared_ptr<paging::stream_core> core) noexcept;

    struct initiate_next {
        executor_type executor;
        std::shared_ptr<paging::stream_core> core;
        void operator()(paging::next_handler handler) const;
    };
    struct initiate_batch {
        executor_type executor;
        std::shared_ptr<paging::stream_core> core;
        void operator()(paging::batch_handler handler) const;
    };

    executor_type executor_;
    std::shared_ptr<paging::stream_core> core_;
};

}  // namespace unipile
