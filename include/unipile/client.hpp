// The entrance: one tenant of the API, and its listings.
#pragma once

#include <unipile/client_options.hpp>
#include <unipile/detail/access.hpp>
#include <unipile/post_stream.hpp>
#include <unipile/posts_page.hpp>
#include <unipile/posts_query.hpp>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/deferred.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

namespace unipile {

namespace paging {
class client_core;
using page_handler = boost::asio::any_completion_handler<void(boost::system::error_code, posts_page)>;
}  // namespace paging

class harvest_stream;
struct harvest_options;

/// A client's connections at this moment, and since its beginning.
struct connection_stats {
    std::size_t open = 0;        ///< connections, those that are being opened counted
    std::size_t idle = 0;        ///< of those, unused
    std::size_t waiting = 0;     ///< requests that wait for one
    std::uint64_t opened = 0;    ///< since the beginning
    std::uint64_t reused = 0;    ///< requests on a connection that had served another before
    std::uint64_t replayed = 0;  ///< requests repeated at once, because a kept connection turned out dead
};

/// One tenant of the API: its address, its key, and the connections that all its listings share.
///
/// Runs on the executor that it is given and starts no thread. That executor must not run two handlers at once: an
/// `io_context` run by one thread, or a strand. The bare executors of a `thread_pool` and of the system are refused; a
/// build of the library without NDEBUG aborts where two handlers of one client run at once. All members are called on
/// that executor, or while nothing runs on it. For several threads, make a client for each.
///
/// A connection that is kept for the next request is outstanding work: `io_context::run()` returns only after
/// `client_options::idle_timeout` (4 s), unless the client is closed first. A program whose listings are over calls
/// `close()`.
///
/// Streams keep what they need of their client alive and go on without it; destroying a client is no `close()`. Destroy
/// client and streams before the execution context, as with any I/O object.
class client {
public:
    using executor_type = boost::asio::any_io_executor;

    /// Sends nothing, opens nothing. Reads the CA file and the proxy's environment variables.
    /// Durations longer than ten years count as ten years.
    /// Throws std::invalid_argument, with one line that says what to change, for options that can't work and for an
    /// executor that runs handlers at the same time (`thread_pool`, `system_executor`: make a strand).
    client(executor_type executor, client_options options);

    /// On the executor of an execution context, such as an `io_context`.
    template <typename ExecutionContext>
        requires std::convertible_to<ExecutionContext&, boost::asio::execution_context&>
    client(ExecutionContext& context, client_options options)
        : client(executor_type(context.get_executor()), std::move(options))
    {}

    client(client&&) noexcept;
    client& operator=(client&&) noexcept;
    ~client();

    const executor_type& get_executor() const noexcept { return executor_; }

    /// The posts of an identifier, from the top. Sends nothing yet.
    /// Throws `failure`: errc::invalid_query for a query that can't be sent, errc::client_closed.
    post_stream posts(posts_query query);

    /// The same from a position on. The query's bounds count from there.
    /// Throws also errc::position_mismatch if the position belongs to another account or identifier.
    post_stream posts(posts_query query, const position& from);

    /// Requests one page of a listing, for a program that does its own paging.
    ///
    /// Sends one request and gives the whole page as a value: the posts behind `from`, the items that are no posts, the
    /// page count, the header fields, and the position and cursor of the next page. Nothing is repeated: no retry
    /// (`client_options::retry` isn't used but for its `classify`), no second look at a refused follow-up, whose
    /// failure is `errc::target_refused`. The query's bounds apply to this page; a bound that is reached ends it early.
    /// A position at the end of a listing gives an empty page with that end, and sends nothing.
    ///
    /// Preconditions: called on the client's executor, or while nothing runs on it. Any number may be outstanding;
    /// they wait for connections in the order of their calls, together with the client's streams.
    ///
    /// Handler signature: `void(error_code, unipile::posts_page)`. With an error, `posts_page::failure` has its
    /// details, and `posts_page::posts` those that came before it, unless it was cancelled. The default token is
    /// `boost::asio::deferred`.
    ///
    /// Executor: the handler is called on its associated executor, by default the client's, and never inside this
    /// function. Its associated allocator is used for the operation's state.
    ///
    /// Cancellation (all three types): ends with `asio::error::operation_aborted`; the connection is closed if the
    /// answer is under way. The request may have cost quota.
    ///
    /// Errors: those of a stream; errc::invalid_query, errc::position_mismatch and errc::client_closed come through the
    /// handler, too. Throws std::bad_alloc.
    ///
    /// Lifetimes: `query` and `from` are copied. The client may be destroyed before the handler is called.
    template <
        boost::asio::completion_token_for<void(boost::system::error_code, posts_page)> Token = boost::asio::deferred_t>
    auto async_page(posts_query query, position from, Token&& token = Token())
    {
        return boost::asio::async_initiate<Token, void(boost::system::error_code, posts_page)>(
            initiate_page{executor_, core_}, token, std::move(query), std::move(from));
    }

    /// The first page.
    template <
        boost::asio::completion_token_for<void(boost::system::error_code, posts_page)> Token = boost::asio::deferred_t>
    auto async_page(posts_query query, Token&& token = Token())
    {
        return async_page(std::move(query), position(), std::forward<Token>(token));
    }

    /// Many listings at once, fair between accounts and within the limits that keep accounts alive, as one stream.
    /// Sends nothing yet. `jobs` is a range, a function, a coroutine or a `job_source`; see `make_job_source` and
    /// `harvest_options`. Include <unipile/harvest.hpp> to use it.
    /// Throws std::invalid_argument, with one line that says what to change, for options that can't work; `failure`
    /// with errc::client_closed.
    template <class Jobs>
    harvest_stream harvest(Jobs&& jobs);
    template <class Jobs>
    harvest_stream harvest(Jobs&& jobs, harvest_options options);

    connection_stats connections() const noexcept;

    /// Ends every listing with errc::client_closed and `end_reason::cancelled` and closes every connection. Never
    /// blocks. Final: `posts` throws from now on.
    void close() noexcept;

private:
    friend struct detail::access;

    client(executor_type executor, std::shared_ptr<paging::client_core> core) noexcept;

    struct initiate_page {
        using executor_type = client::executor_type;
        executor_type executor;
        std::shared_ptr<paging::client_core> core;

        const executor_type& get_executor() const noexcept { return executor; }
        void operator()(paging::page_handler handler, posts_query query, const position& from) const;
    };

    executor_type executor_;
    std::shared_ptr<paging::client_core> core_;
};

}  // namespace unipile
