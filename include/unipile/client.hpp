// The client: one tenant of the API, its connections and its listings.
#pragma once

#include <unipile/call_options.hpp>
#include <unipile/client_options.hpp>
#include <unipile/detail/access.hpp>
#include <unipile/detail/initiation.hpp>
#include <unipile/post_stream.hpp>
#include <unipile/posts_page.hpp>
#include <unipile/posts_query.hpp>
#include <unipile/version.hpp>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/deferred.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#pragma GCC visibility push(default)
namespace unipile {

namespace paging {
class client_core;
using page_handler = boost::asio::any_completion_handler<void(boost::system::error_code, posts_page)>;
}  // namespace paging

class harvest_stream;
struct harvest_options;

namespace detail {
/// `Stream`, with a readable error where it is not defined. `Jobs` delays the check until the call.
template <class Stream, class Jobs>
struct included {
    static_assert(requires { sizeof(Stream); }, "client::harvest needs #include <unipile/harvest.hpp>");
    using type = Stream;
};
}  // namespace detail

/// The connections of a client: current numbers and totals since its construction.
struct connection_stats {
    std::size_t open = 0;        ///< connections, including those that are being opened
    std::size_t idle = 0;        ///< open connections without a request
    std::size_t waiting = 0;     ///< requests that wait for a connection
    std::uint64_t opened = 0;    ///< connections opened so far
    std::uint64_t reused = 0;    ///< requests sent on a connection that had served another request
    std::uint64_t replayed = 0;  ///< requests sent again because a kept-alive connection was closed by the server
};

/// One tenant of the API: its address, its key, and the connections that its listings share.
///
/// **Executor.** Runs on the executor that it is given and starts no thread, except as `client_options::resolver` says.
/// That executor must not run two handlers at once: an `io_context` run by one thread, or a strand. The constructor
/// refuses the bare executors of a `thread_pool` and of the system. A build of the library without NDEBUG aborts if two
/// handlers of one client run at the same time.
///
/// **Thread safety.** All members are called on the executor, or while nothing runs on it. Programs with several
/// threads use one client for each.
///
/// **Outstanding work.** A kept-alive connection is outstanding work: `io_context::run()` returns after
/// `client_options::idle_timeout` (4 s by default), or after `close()`. A program calls `close()` when its listings are
/// over.
///
/// **Lifetimes.** Streams share ownership of the client's state and continue after the client is destroyed; destruction
/// is not `close()`. The client and its streams must be destroyed before the execution context, like any I/O object.
class client {
public:
    using executor_type = boost::asio::any_io_executor;

    /// Sends nothing and opens no connection. Reads the files for TLS and the proxy's environment variables, and calls
    /// `client_options::tls_setup`, whose exceptions leave it.
    /// Durations above ten years count as ten years.
    ///
    /// Throws std::invalid_argument, with one line that says what to change, for options that can't work and for an
    /// executor that runs handlers at the same time (`thread_pool`, `system_executor`; use a strand).
    client(executor_type executor, client_options options);

    /// Uses the executor of an execution context, such as an `io_context`.
    template <typename ExecutionContext>
        requires std::convertible_to<ExecutionContext&, boost::asio::execution_context&>
    client(ExecutionContext& context, client_options options)
        : client(executor_type(context.get_executor()), std::move(options))
    {}

    client(client&&) noexcept;
    client& operator=(client&&) noexcept;
    ~client();

    const executor_type& get_executor() const noexcept { return executor_; }

    /// Returns the posts of an identifier, from the newest on. No request is sent before the first pull.
    ///
    /// Throws `failure`: errc::invalid_query for a query, or options, that can't be sent, errc::client_closed.
    post_stream posts(posts_query query) { return posts(std::move(query), unipile::position()); }
    /// The same with options of its own.
    template <std::same_as<call_options> Options>
    post_stream posts(posts_query query, const Options& options)
    {
        return posts(std::move(query), unipile::position(), options);
    }

    /// Returns the posts behind `from`. The query's bounds count from there.
    ///
    /// Throws `failure`, also with errc::position_mismatch if the position belongs to another account or identifier.
    post_stream posts(posts_query query, const position& from, const call_options& options = {});

    /// Requests one page of a listing, for a program that does its own paging.
    ///
    /// Sends one request and completes with the page as a value: the posts behind `from`, the items that are no posts,
    /// the page count, the header fields, and the position and cursor of the next page. Nothing is retried: of
    /// `client_options::retry` only `classify` applies, and a refused follow-up is not confirmed by reading the page
    /// before again; its failure is errc::target_refused. The query's bounds apply to this page; a bound that is
    /// reached ends it early. A position at the end of a listing completes with an empty page and that end, and sends
    /// nothing.
    ///
    /// Preconditions: called on the client's executor, or while nothing runs on it. Any number of operations may be
    /// outstanding; they wait for connections in the order of their calls, together with the client's streams.
    ///
    /// Handler signature: `void(error_code, unipile::posts_page)`. With an error, `posts_page::failure` has its
    /// details, and `posts_page::posts` has the posts before it, unless the operation was cancelled. The default token
    /// is `boost::asio::deferred`.
    ///
    /// Executor: the handler is called on its associated executor, by default the client's, and never inside this
    /// function. Its associated allocator allocates the operation's state.
    ///
    /// Cancellation (all three types): completes with `asio::error::operation_aborted`. The connection is closed if the
    /// answer is under way. The request may have counted against the account's quota.
    ///
    /// Errors: those of a stream. errc::invalid_query, errc::position_mismatch and errc::client_closed are passed to
    /// the handler, too. Throws std::bad_alloc.
    ///
    /// Lifetimes: `query` and `from` are taken by value. The client may be destroyed before the handler is called.
    template <
        boost::asio::completion_token_for<void(boost::system::error_code, posts_page)> Token = boost::asio::deferred_t>
    auto async_page(posts_query query, position from, Token&& token = Token())
    {
        return async_page(std::move(query), std::move(from), call_options(), std::forward<Token>(token));
    }

    /// The same from the first page on.
    template <
        boost::asio::completion_token_for<void(boost::system::error_code, posts_page)> Token = boost::asio::deferred_t>
    auto async_page(posts_query query, Token&& token = Token())
    {
        return async_page(std::move(query), position(), std::forward<Token>(token));
    }

    /// The same with options of its own for this page.
    template <
        boost::asio::completion_token_for<void(boost::system::error_code, posts_page)> Token = boost::asio::deferred_t>
    auto async_page(posts_query query, position from, call_options options, Token&& token = Token())
    {
        return boost::asio::async_initiate<Token, void(boost::system::error_code, posts_page)>(
            initiate_page(executor_, core_), token, std::move(query), std::move(from), std::move(options));
    }

    /// Returns many listings as one stream, fair between accounts and within each account's pace. No request is sent
    /// before the first pull. `jobs` is a range, a function, a coroutine or a `job_source`; see `make_job_source` and
    /// `harvest_options`. Requires <unipile/harvest.hpp>.
    ///
    /// Throws std::invalid_argument, with one line that says what to change, for options that can't work; `failure`
    /// with errc::client_closed.
    template <class Jobs, class Stream = typename detail::included<harvest_stream, Jobs>::type>
    Stream harvest(Jobs&& jobs);
    /// The same with options.
    template <class Jobs, class Stream = typename detail::included<harvest_stream, Jobs>::type>
    Stream harvest(Jobs&& jobs, harvest_options options);

    /// Returns the current numbers of connections and the totals so far.
    connection_stats connections() const noexcept;

    /// Ends every listing with errc::client_closed and `end_reason::cancelled`, and closes every connection. Never
    /// blocks. Final: `posts` throws afterwards.
    void close() noexcept;

private:
    friend struct detail::access;

    client(executor_type executor, std::shared_ptr<paging::client_core> core) noexcept;

    struct initiate_page : detail::initiation<paging::client_core> {
        using initiation::initiation;
        void operator()(paging::page_handler handler, posts_query query, const position& from,
                        const call_options& options) const;
    };

    executor_type executor_;
    std::shared_ptr<paging::client_core> core_;
};

}  // namespace unipile
#pragma GCC visibility pop
