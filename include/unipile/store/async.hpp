// Asynchronous operations on a store_writer, for any completion token.
#pragma once

#include <unipile/store/writer.hpp>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/deferred.hpp>
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
#include <vector>

#pragma GCC visibility push(default)
namespace unipile::store {

namespace detail {

template <class T>
struct answer_signature {
    using type = void(boost::system::error_code, T);
};
template <>
struct answer_signature<void> {
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

// The handler of an operation whose result is a T. It is called once, on its own executor.
template <class T>
struct answer_state : std::enable_shared_from_this<answer_state<T>> {
    using handler_type = boost::asio::any_completion_handler<typename answer_signature<T>::type>;
    // Type of the handler's executor. Both executors have outstanding work until the handler is posted.
    using associated_type = boost::asio::associated_executor_t<handler_type, boost::asio::any_io_executor>;
    using value_type = std::conditional_t<std::is_void_v<T>, std::monostate, T>;

    // Takes `h` only if nothing throws.
    template <class Handler>
    answer_state(Handler& h, const boost::asio::any_io_executor& fallback)
        : shared(kept_busy(fallback)), own(kept_busy(executor_of(h, fallback))), handler(std::move(h))
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

    boost::asio::any_io_executor shared;
    associated_type own;  // the handler's
    handler_type handler;
    bool given = false;  // passed to the handler
    boost::system::error_code result;
    value_type answer{};
};

// Initiates an operation: `submit(state)` submits it. If that throws, nothing was submitted, and the operation
// completes with the error. Tokens that need an executor of their own find the operation's here.
template <class T>
struct answer_initiation {
    using executor_type = boost::asio::any_io_executor;

    explicit answer_initiation(executor_type e) noexcept : executor(std::move(e)) {}
    const executor_type& get_executor() const noexcept { return executor; }

    template <class Handler, class Submit>
    void operator()(Handler handler, Submit submit) const
    {
        const auto state = made_surely([&] { return std::make_shared<answer_state<T>>(handler, executor); });
        try {
            submit(state);
        } catch (...) {
            state->complete(code_of(std::current_exception()));
        }
    }

    executor_type executor;
};

template <class T, class Token, class Submit>
auto initiate_answer(const boost::asio::any_io_executor& executor, Token&& token, Submit submit)
{
    return boost::asio::async_initiate<Token, typename answer_signature<T>::type>(answer_initiation<T>(executor), token,
                                                                                  std::move(submit));
}

}  // namespace detail

/// Applies an operation on the writer's thread, and completes with its result. It is applied then, but not durable; see
/// `async_flush`.
///
/// Handler signature: `void(error_code, Op::result)`, or `void(error_code)` for an operation whose result is void.
///
/// The default token is `boost::asio::deferred`.
///
/// Executor: the handler is posted to its associated executor, by default `executor`.
///
/// Cancellation: none.
///
/// Errors: `store_errc`; `store_writer::failure()` has the whole line. If memory runs out, the initiation throws
/// `std::bad_alloc`, or the operation completes with `store_errc::out_of_memory`.
///
/// Lifetimes: the writer must outlive the operation, which owns `op`. With g++ 12, name `op` before the `co_await`.
///
/// Thread safety: may be called on any thread.
template <operation_type Op, class Token = boost::asio::deferred_t>
auto async_apply(store_writer& writer, const boost::asio::any_io_executor& executor, Op op, Token&& token = Token())
{
    using result = typename Op::result;
    return detail::initiate_answer<result>(
        executor, std::forward<Token>(token), [&writer, op = std::move(op)](const auto& state) mutable {
            store_work work;
            work.operations.emplace_back(std::move(op));
            work.applied = [state](const std::exception_ptr& failure, std::vector<operation_result>& results) {
                if constexpr (!std::is_void_v<result>)
                    if (!failure) return state->complete({}, result_of<Op>(std::move(results.front())));
                state->complete(detail::code_of(failure));
            };
            writer.post(std::move(work));
        });
}

/// Applies several operations in their order within one transaction, and completes with a result for each. Handler
/// signature: `void(error_code, std::vector<operation_result>)`. Otherwise like the other `async_apply`. Without
/// operations, completes after all work submitted before.
template <class Token = boost::asio::deferred_t>
auto async_apply(store_writer& writer, const boost::asio::any_io_executor& executor, std::vector<operation> operations,
                 Token&& token = Token())
{
    return detail::initiate_answer<std::vector<operation_result>>(
        executor, std::forward<Token>(token), [&writer, operations = std::move(operations)](const auto& state) mutable {
            store_work work;
            work.operations = std::move(operations);
            work.applied = [state](const std::exception_ptr& failure, std::vector<operation_result>& results) {
                state->complete(detail::code_of(failure), std::move(results));
            };
            writer.post(std::move(work));
        });
}

/// Applies an operation the same way, and completes with its result when it is durable, after the commit of all work of
/// its group. Otherwise like `async_apply`.
template <operation_type Op, class Token = boost::asio::deferred_t>
auto async_apply_durably(store_writer& writer, const boost::asio::any_io_executor& executor, Op op,
                         Token&& token = Token())
{
    using result = typename Op::result;
    return detail::initiate_answer<result>(
        executor, std::forward<Token>(token), [&writer, op = std::move(op)](const auto& state) mutable {
            store_work work;
            work.operations.emplace_back(std::move(op));
            if constexpr (std::is_void_v<result>) {
                work.durable = [state](const std::exception_ptr& failure) {
                    state->complete(detail::code_of(failure));
                };
            } else {
                const auto answer = std::make_shared<result>();
                work.applied = [answer](const std::exception_ptr& failure, std::vector<operation_result>& results) {
                    if (!failure) *answer = result_of<Op>(std::move(results.front()));
                };
                work.durable = [state, answer](const std::exception_ptr& failure) {
                    state->complete(detail::code_of(failure), std::move(*answer));
                };
            }
            writer.post(std::move(work));
        });
}

/// Completes when all work submitted before is durable. Handler signature: `void(error_code)`. Otherwise like
/// `async_apply`.
template <class Token = boost::asio::deferred_t>
auto async_flush(store_writer& writer, const boost::asio::any_io_executor& executor, Token&& token = Token())
{
    return detail::initiate_answer<void>(executor, std::forward<Token>(token), [&writer](const auto& state) {
        writer.flush([state](const std::exception_ptr& failure) { state->complete(detail::code_of(failure)); });
    });
}

}  // namespace unipile::store
#pragma GCC visibility pop
