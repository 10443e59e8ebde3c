// Asynchronous operations on a store_writer, for any completion token.
#pragma once

#include <unipile/store/writer.hpp>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/execution/outstanding_work.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/system/error_code.hpp>

#include <exception>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>
#include <variant>

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

/// Returns the code of a failure that a writer reports.
boost::system::error_code code_of(const std::exception_ptr& failure) noexcept;

/// Reserves memory while there is some, so that operations under way can end when there is none. Throws
/// `std::bad_alloc`.
void keep_reserve();
/// Frees the reserve; returns false if that was done already, after a short wait.
bool use_reserve() noexcept;

// How often to try again where memory runs out: for some seconds.
constexpr int patience_without_memory = 500;

// Returns what `make` returns. A handler that was moved from and then lost to an exception would never be called.
template <class Make>
auto made_surely(Make make)
{
    for (int i = 0; i < patience_without_memory; ++i) {
        try {
            keep_reserve();
            return make();
        } catch (const std::bad_alloc&) {
            use_reserve();
        }
    }
    return make();
}

// Posts `f`, which is small and can be copied. Gives up only if the executor fails for good, or if memory is exhausted
// for seconds.
template <class F>
void post_surely(const boost::asio::any_io_executor& executor, const F& f) noexcept
{
    for (int i = 0; i < patience_without_memory; ++i) {
        try {
            boost::asio::post(executor, f);
            return;
        } catch (const std::bad_alloc&) {
            use_reserve();
        } catch (...) {
            return;
        }
    }
}

// Shared by the writer's queue and its list of waiting submitters. The handler is called once, on its own executor.
template <class T, class F>
struct perform_state : std::enable_shared_from_this<perform_state<T, F>> {
    using handler_type = boost::asio::any_completion_handler<typename perform_signature<T>::type>;
    // Type of the handler's executor. Both executors have outstanding work until the handler is posted.
    using associated_type = boost::asio::associated_executor_t<handler_type, boost::asio::any_io_executor>;
    using value_type = std::conditional_t<std::is_void_v<T>, std::monostate, T>;

    // Takes `f` and `h` only if nothing throws.
    template <class Handler>
    perform_state(F& f, Handler& h, const boost::asio::any_io_executor& fallback)
        : shared(kept_busy(fallback)),
          own(kept_busy(executor_of(h, fallback))),
          handler(std::move(h)),
          function(std::move(f))
    {}

    // As `executor_work_guard` does, but exceptions leave the constructor.
    template <class Executor>
    static Executor kept_busy(const Executor& executor)
    {
        return boost::asio::prefer(executor, boost::asio::execution::outstanding_work.tracked);
    }

    template <class Handler>
    static associated_type executor_of(const Handler& h, const boost::asio::any_io_executor& fallback)
    {
        associated_type executor(boost::asio::get_associated_executor(h, fallback));
        // An erased executor is empty if memory ran out.
        if (!executor) throw std::bad_alloc();
        return executor;
    }

    void complete(boost::system::error_code ec, value_type value = {}) noexcept
    {
        called = true;
        result = ec;
        answer = std::move(value);
        auto self = this->shared_from_this();
        post_surely(shared, [self] { self->dispatch(); });
    }
    void dispatch()
    {
        auto self = this->shared_from_this();
        const associated_type executor = own;  // which `call` clears
        for (int i = 1;; ++i) {
            try {
                executor.execute([self] { self->call(); });
                return;
            } catch (const std::bad_alloc&) {
                // An exception of the handler itself belongs to its executor.
                if (given || i == patience_without_memory) throw;
                use_reserve();
            }
        }
    }
    void call()
    {
        given = true;
        auto h = std::move(handler);
        own = {};
        shared = {};
        if constexpr (std::is_void_v<T>)
            std::move(h)(result);
        else
            std::move(h)(result, std::move(answer));
    }
    void run(post_store& engine)
    {
        // The function may hold a page of posts, which is not needed until the commit; this object is.
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
        if (!called && failure) complete(code_of(failure));
    }

    boost::asio::any_io_executor shared;
    associated_type own;  // the handler's
    handler_type handler;
    F function;
    bool called = false;  // the result is set
    bool given = false;   // passed to the handler
    boost::system::error_code result;
    value_type answer{};
};

// The same for a handler that waits for the commit.
template <class F>
struct commit_state : perform_state<void, F> {
    using perform_state<void, F>::perform_state;

    void run(post_store& engine) { this->function(engine); }
    void committed(const std::exception_ptr& failure) { this->complete(code_of(failure)); }
};

// If memory runs out before the work is queued, the operation completes with that error.
template <class State>
void submit_when_possible(store_writer& writer, std::size_t bytes, const std::shared_ptr<State>& state) noexcept
{
    try {
        store_writer::work w = [state](post_store& engine) { state->run(engine); };
        store_writer::durable d = [state](std::exception_ptr failure) { state->committed(failure); };
        if (!writer.try_submit(bytes, w, d))
            writer.when_capacity(bytes, [&writer, bytes, state] { submit_when_possible(writer, bytes, state); });
    } catch (...) {
        if (!state->called) state->complete(code_of(std::current_exception()));
    }
}

}  // namespace detail

/// Calls `f(engine)` on the writer's thread, once there is capacity for its `bytes`, and completes with its result. The
/// work is done then, but not durable; see `async_flush`.
///
/// Handler signature: `void(error_code, T)`, or `void(error_code)` if `f` returns void; T must have a default
/// constructor.
///
/// Executor: the handler is posted to its associated executor, by default `executor`.
///
/// Cancellation: none.
///
/// Errors: `store_errc`; `store_writer::failure()` has the whole line. If memory runs out, the initiation throws
/// `std::bad_alloc`, or the operation completes with `store_errc::out_of_memory`.
///
/// Lifetimes: the writer must outlive the operation. `f` is moved into the operation.
///
/// Thread safety: may be called on any thread.
template <class F, class Token>
auto async_perform(store_writer& writer, const boost::asio::any_io_executor& executor, std::size_t bytes, F f,
                   Token&& token)
{
    using result = std::invoke_result_t<F&, post_store&>;
    using signature = typename detail::perform_signature<result>::type;
    return boost::asio::async_initiate<Token, signature>(
        [&writer, executor, bytes](auto handler, F function) {
            using state_type = detail::perform_state<result, F>;
            auto state = detail::made_surely([&] { return std::make_shared<state_type>(function, handler, executor); });
            detail::submit_when_possible(writer, bytes, state);
        },
        token, std::move(f));
}

/// Calls `f(engine)` the same way, and completes when it is durable, after the commit of all work of its group. `f`
/// returns nothing. Handler signature: `void(error_code)`. Otherwise like `async_perform`.
template <class F, class Token>
auto async_perform_durably(store_writer& writer, const boost::asio::any_io_executor& executor, std::size_t bytes, F f,
                           Token&& token)
{
    return boost::asio::async_initiate<Token, void(boost::system::error_code)>(
        [&writer, executor, bytes](auto handler, F function) {
            using state_type = detail::commit_state<F>;
            auto state = detail::made_surely([&] { return std::make_shared<state_type>(function, handler, executor); });
            detail::submit_when_possible(writer, bytes, state);
        },
        token, std::move(f));
}

/// Stores a batch: `async_perform` of `post_store::write`. Handler signature: `void(error_code, page_result)`.
template <class Token>
auto async_write(store_writer& writer, const boost::asio::any_io_executor& executor, page_write page, Token&& token)
{
    auto bytes = page.bytes();
    return async_perform(
        writer, executor, bytes, [page = std::move(page)](post_store& engine) { return engine.write(page); },
        std::forward<Token>(token));
}

/// Completes when all work submitted before is durable. Handler signature: `void(error_code)`. Otherwise like
/// `async_perform`.
template <class Token>
auto async_flush(store_writer& writer, const boost::asio::any_io_executor& executor, Token&& token)
{
    return boost::asio::async_initiate<Token, void(boost::system::error_code)>(
        [&writer, executor](auto handler) {
            auto nothing = [] {};
            using state_type = detail::perform_state<void, decltype(nothing)>;
            auto state = detail::made_surely([&] { return std::make_shared<state_type>(nothing, handler, executor); });
            try {
                writer.flush([state](std::exception_ptr failure) { state->complete(detail::code_of(failure)); });
            } catch (...) {
                if (!state->called) state->complete(detail::code_of(std::current_exception()));
            }
        },
        token);
}

}  // namespace unipile::store
