// A store_writer for programs on Asio.
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

/// The code of a failure that a writer reports.
boost::system::error_code code_of(const std::exception_ptr& failure) noexcept;

/// Memory that is set aside while there is some, so that operations under way can end when there is none. Throws
/// `std::bad_alloc`.
void keep_reserve();
/// Gives it back to the heap; false if that was done already. Waits a moment then.
bool use_reserve() noexcept;

// Tries again for some seconds where memory runs out.
constexpr int patience_without_memory = 500;

// What `make` returns. A handler that was taken and then lost to an exception would never be called.
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

// Posts `f`, which is small and can be copied. Only an executor that fails for good, or memory that is exhausted for
// seconds, makes it give up.
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

// Shared by the queue and by whoever waits for room. The handler is called once, on its own executor.
template <class T, class F>
struct perform_state : std::enable_shared_from_this<perform_state<T, F>> {
    using handler_type = boost::asio::any_completion_handler<typename perform_signature<T>::type>;
    // Of the handler's own executor; both are kept busy until the handler is posted.
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

    // What `executor_work_guard` does too, but without room for an exception.
    template <class Executor>
    static Executor kept_busy(const Executor& executor)
    {
        return boost::asio::prefer(executor, boost::asio::execution::outstanding_work.tracked);
    }

    template <class Handler>
    static associated_type executor_of(const Handler& h, const boost::asio::any_io_executor& fallback)
    {
        associated_type executor(boost::asio::get_associated_executor(h, fallback));
        // An erased one comes out empty where memory ran out.
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
        const associated_type executor = own;  // which the call gives up
        for (int i = 1;; ++i) {
            try {
                executor.execute([self] { self->call(); });
                return;
            } catch (const std::bad_alloc&) {
                // The handler's own exceptions are its executor's.
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
        if (!called && failure) complete(code_of(failure));
    }

    boost::asio::any_io_executor shared;
    associated_type own;  // the handler's
    handler_type handler;
    F function;
    bool called = false;  // the result is there
    bool given = false;   // to the handler
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

// Where memory runs out on the way into the queue, the operation ends with that.
template <class State>
void submit_when_room(store_writer& writer, std::size_t bytes, const std::shared_ptr<State>& state) noexcept
{
    try {
        store_writer::work w = [state](post_store& engine) { state->run(engine); };
        store_writer::durable d = [state](std::exception_ptr failure) { state->committed(failure); };
        if (!writer.try_submit(bytes, w, d))
            writer.when_room(bytes, [&writer, bytes, state] { submit_when_room(writer, bytes, state); });
    } catch (...) {
        if (!state->called) state->complete(code_of(std::current_exception()));
    }
}

}  // namespace detail

/// Calls `f(engine)` on the writer's thread, as soon as there is room for its `bytes`, and completes with what it
/// returned: then it is done, but not durable yet (see `async_flush`). Handler signature `void(error_code, T)`, or
/// `void(error_code)` if `f` returns void; T must have a default constructor. The handler is posted to its executor,
/// `executor` if it has none. Errors: `store_errc`; `store_writer::failure()` has the whole line. Where memory runs
/// out, the initiation throws `std::bad_alloc`, or the operation ends with `store_errc::out_of_memory`. Can't be
/// cancelled.
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
            auto state = detail::made_surely([&] { return std::make_shared<state_type>(function, handler, executor); });
            detail::submit_when_room(writer, bytes, state);
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
            using state_type = detail::commit_state<F>;
            auto state = detail::made_surely([&] { return std::make_shared<state_type>(function, handler, executor); });
            detail::submit_when_room(writer, bytes, state);
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
