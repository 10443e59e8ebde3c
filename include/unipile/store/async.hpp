// A store_writer for programs on Asio.
#pragma once

#include <unipile/store/writer.hpp>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/append.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/system/error_code.hpp>

#include <memory>
#include <type_traits>
#include <utility>

namespace unipile::store {

namespace detail {

template <class T>
struct perform_signature {
    using type = void(boost::system::error_code, T);
};
template <>
struct perform_signature<void> {
    using type = void(boost::system::error_code);
};

/// The code of a failure that a writer reports.
boost::system::error_code code_of(const std::exception_ptr& failure) noexcept;

// Shared by the queue and by whoever waits for room. The handler is called once, on its own executor.
template <class T, class F>
struct perform_state {
    using handler_type = boost::asio::any_completion_handler<typename perform_signature<T>::type>;
    // Of the handler's own executor; both are kept busy until the handler is posted.
    using associated_type = boost::asio::associated_executor_t<handler_type, boost::asio::any_io_executor>;

    perform_state(F f, handler_type h, const boost::asio::any_io_executor& fallback)
        : function(std::move(f)),
          handler(std::move(h)),
          guard(fallback),
          own_guard(boost::asio::get_associated_executor(handler, fallback))
    {}

    template <class... Args>
    void complete(Args... args)
    {
        called = true;
        boost::asio::post(guard.get_executor(), boost::asio::append(std::move(handler), std::move(args)...));
        own_guard.reset();
        guard.reset();
    }
    void run(post_store& engine)
    {
        // What it holds, a page of posts perhaps, is not needed until the commit, as this is.
        F work = std::move(function);
        if constexpr (std::is_void_v<T>) {
            work(engine);
            complete(boost::system::error_code{});
        } else {
            complete(boost::system::error_code{}, work(engine));
        }
    }
    void committed(const std::exception_ptr& failure)
    {
        if (called || !failure) return;
        if constexpr (std::is_void_v<T>)
            complete(code_of(failure));
        else
            complete(code_of(failure), T{});
    }

    F function;
    handler_type handler;
    boost::asio::executor_work_guard<boost::asio::any_io_executor> guard;
    boost::asio::executor_work_guard<associated_type> own_guard;
    bool called = false;
};

// The same for a handler that waits for the commit.
template <class F>
struct commit_state : perform_state<void, F> {
    using perform_state<void, F>::perform_state;

    void run(post_store& engine) { this->function(engine); }
    void committed(const std::exception_ptr& failure) { this->complete(code_of(failure)); }
};

template <class State>
void submit_when_room(store_writer& writer, std::size_t bytes, std::shared_ptr<State> state)
{
    store_writer::work w = [state](post_store& engine) { state->run(engine); };
    store_writer::durable d = [state](std::exception_ptr failure) { state->committed(failure); };
    if (!writer.try_submit(bytes, w, d))
        writer.when_room(bytes, [&writer, bytes, state] { submit_when_room(writer, bytes, state); });
}

}  // namespace detail

/// Calls `f(engine)` on the writer's thread, as soon as there is room for its `bytes`, and completes with what it
/// returned: then it is done, but not durable yet (see `async_flush`). Handler signature `void(error_code, T)`, or
/// `void(error_code)` if `f` returns void; T must have a default constructor. The handler is posted to its executor,
/// `executor` if it has none. Errors: `store_errc`; `store_writer::failure()` has the whole line. Can't be cancelled.
///
/// The writer must outlive the operation.
template <class F, class Token>
auto async_perform(store_writer& writer, const boost::asio::any_io_executor& executor, std::size_t bytes, F f,
                   Token&& token)
{
    using result = std::invoke_result_t<F&, post_store&>;
    using signature = typename detail::perform_signature<result>::type;
    return boost::asio::async_initiate<Token, signature>(
        [&writer, executor, bytes](auto handler, F function) {
            using state_type = detail::perform_state<result, F>;
            auto state = std::make_shared<state_type>(std::move(function), std::move(handler), executor);
            detail::submit_when_room(writer, bytes, std::move(state));
        },
        token, std::move(f));
}

/// Calls `f(engine)` in the same way and completes when it is durable, together with what else is committed then. `f`
/// returns nothing. Handler signature `void(error_code)`; all else as with `async_perform`.
template <class F, class Token>
auto async_perform_durably(store_writer& writer, const boost::asio::any_io_executor& executor, std::size_t bytes, F f,
                           Token&& token)
{
    return boost::asio::async_initiate<Token, void(boost::system::error_code)>(
        [&writer, executor, bytes](auto handler, F function) {
            auto state = std::make_shared<detail::commit_state<F>>(std::move(function), std::move(handler), executor);
            detail::submit_when_room(writer, bytes, std::move(state));
        },
        token, std::move(f));
}

/// Stores a batch: `async_perform` of `post_store::write`. Handler signature `void(error_code, page_result)`.
template <class Token>
auto async_write(store_writer& writer, const boost::asio::any_io_executor& executor, page_write page, Token&& token)
{
    auto bytes = page.bytes();
    return async_perform(
        writer, executor, bytes, [page = std::move(page)](post_store& engine) { return engine.write(page); },
        std::forward<Token>(token));
}

/// Completes when everything that was submitted before is durable. Handler signature `void(error_code)`.
template <class Token>
auto async_flush(store_writer& writer, const boost::asio::any_io_executor& executor, Token&& token)
{
    return boost::asio::async_initiate<Token, void(boost::system::error_code)>(
        [&writer, executor](auto handler) {
            auto nothing = [] {};
            using state_type = detail::perform_state<void, decltype(nothing)>;
            auto state = std::make_shared<state_type>(nothing, std::move(handler), executor);
            writer.flush([state](std::exception_ptr failure) { state->complete(detail::code_of(failure)); });
        },
        token);
}

}  // namespace unipile::store
