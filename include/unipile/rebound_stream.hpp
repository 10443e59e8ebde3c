// A stream with another default completion token.
#pragma once

#include <boost/asio/async_result.hpp>

#include <utility>

#pragma GCC visibility push(default)
namespace unipile {

/// A `post_stream` or `harvest_stream` whose operations have the default completion token of `Executor`. Tokens make
/// it:
///
///     auto posts = boost::asio::as_tuple(boost::asio::deferred).as_default_on(client.posts(query));
///     auto result = co_await posts.async_next();
template <class Stream, class Executor>
class rebound_stream : public Stream {
public:
    using executor_type = Executor;

    /// The type of this stream with the default token of another executor.
    template <class Other>
    struct rebind_executor {
        using other = rebound_stream<Stream, Other>;  ///< that type
    };

    /// Takes the stream over.
    explicit rebound_stream(Stream&& stream) noexcept : Stream(std::move(stream)) {}

    /// Returns the stream's executor.
    executor_type get_executor() const noexcept { return executor_type(Stream::get_executor()); }

    /// As the stream's own.
    template <class Token = boost::asio::default_completion_token_t<Executor>>
    auto async_next(Token&& token = Token())
    {
        return Stream::async_next(std::forward<Token>(token));
    }
    /// As the stream's own.
    template <class Token = boost::asio::default_completion_token_t<Executor>>
        requires requires(Stream& s, Token&& t) { s.async_next_batch(std::forward<Token>(t)); }
    auto async_next_batch(Token&& token = Token())
    {
        return Stream::async_next_batch(std::forward<Token>(token));
    }
};

}  // namespace unipile
#pragma GCC visibility pop
