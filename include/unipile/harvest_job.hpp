// The jobs of a harvest and their sources.
#pragma once

#include <unipile/pacing.hpp>
#include <unipile/position.hpp>
#include <unipile/posts_query.hpp>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/system/system_error.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <new>
#include <optional>
#include <ranges>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#pragma GCC visibility push(default)
namespace unipile {

/// One listing of a harvest.
struct harvest_job {
    harvest_job() = default;
    /// A listing from its beginning.
    harvest_job(posts_query q) : query(std::move(q)) {}  // NOLINT(google-explicit-constructor): a query is a job
    /// A listing from a position.
    harvest_job(posts_query q, position p, std::uint64_t t = 0) : query(std::move(q)), from(std::move(p)), tag(t) {}

    posts_query query;
    position from;          ///< where to start; by default the beginning
    std::uint64_t tag = 0;  ///< for the caller; not used by the library
    /// How long the cursor of `from` can be trusted. If the job's first request goes out later, the listing starts at
    /// `overlap` instead, and its elements have `harvest_element::overlapped` set. Default: no limit.
    wall_time trusted_until = wall_time::max();
    /// Where to start instead of an aged `from`: a place in the same listing that needs no old cursor. Default: the
    /// beginning.
    position overlap = {};
};

/// What a harvest requests from its source.
struct job_request {
    std::size_t count = 1;  ///< how many jobs at most, at least 1
    /// Returns true for an account that has enough jobs or is parked, so that further jobs of it would only wait. Valid
    /// until the handler is called; call it on the client's executor only. Optional to use: a source that can't choose
    /// ignores it.
    std::function<bool(std::string_view account)> has_enough;
};

/// A source of jobs. Derive from it to read a queue or a database; for ranges, functions and coroutines use
/// `make_job_source`.
///
/// Lifetimes: the harvest destroys the source on its executor, when the harvest is over or destroyed. After
/// `harvest_stream::cancel`, and with the stream's destruction, this may happen while a call of `async_pull` is
/// outstanding, whose handler then has no effect.
class job_source {
public:
    /// Completion: an error, which ends the harvest; or at least one job and at most as many as requested; or none,
    /// which means that no more will come.
    using handler = boost::asio::any_completion_handler<void(boost::system::error_code, std::vector<harvest_job>)>;

    job_source() = default;
    job_source(const job_source&) = delete;
    job_source& operator=(const job_source&) = delete;
    virtual ~job_source() = default;

    /// Delivers jobs. Called on the client's executor, never while another call is outstanding. `done` is called
    /// exactly once, on any thread, possibly before this function returns. It may be called much later, e.g. when a job
    /// becomes due.
    ///
    /// An exception ends the harvest with its code and text. This function may call any member of the harvest, and may
    /// destroy it.
    virtual void async_pull(job_request request, handler done) = 0;

    /// The harvest ends while a call of `async_pull` is outstanding. Called once, on the client's executor. Except
    /// after `harvest_stream::cancel`, the harvest waits for that call's handler, and jobs that it delivers end with
    /// errc::harvest_stopped. So an outstanding call should complete now, e.g. with operation_aborted, which is
    /// ignored.
    virtual void stop() {}
};

namespace detail {

/// Jobs that a function returns without waiting.
class function_source final : public job_source {
public:
    using function = std::function<bool(harvest_job&)>;
    explicit function_source(function f) : next_(std::move(f)) {}
    void async_pull(job_request request, handler done) override;

private:
    function next_;
    std::exception_ptr thrown_;  ///< reported after jobs that were taken before it
};

boost::system::error_code code_of(std::exception_ptr error) noexcept;

template <class T>
inline constexpr bool is_optional_job = false;
template <std::convertible_to<harvest_job> T>
inline constexpr bool is_optional_job<std::optional<T>> = true;

template <class T>
inline constexpr bool is_awaitable_job = false;
template <class T, class Executor>
inline constexpr bool is_awaitable_job<boost::asio::awaitable<T, Executor>> = is_optional_job<T>;

template <class F>
concept job_function = std::invocable<F&> && is_optional_job<std::invoke_result_t<F&>>;
template <class F>
concept job_coroutine = std::invocable<F&> && is_awaitable_job<std::invoke_result_t<F&>>;
template <class R>
concept job_range = std::ranges::input_range<R> && std::convertible_to<std::ranges::range_reference_t<R>, harvest_job>;

/// Jobs that a coroutine returns, one a call.
template <job_coroutine F>
class coroutine_source final : public job_source {
public:
    coroutine_source(boost::asio::any_io_executor executor, F next)
        : executor_(std::move(executor)), next_(std::make_shared<F>(std::move(next)))
    {}

    void async_pull(job_request, handler done) override
    {
        using result = typename std::invoke_result_t<F&>::value_type;
        auto keep = std::make_shared<handler>(std::move(done));
        auto signal = std::make_shared<boost::asio::cancellation_signal>();
        auto finish = [keep, signal, executor = executor_](std::exception_ptr error, result job) {
            // The signal has to outlive the coroutine, which is about to end.
            boost::asio::post(executor, [signal] {});
            std::vector<harvest_job> jobs;
            if (!error && job) jobs.emplace_back(*std::move(job));
            std::move (*keep)(code_of(error), std::move(jobs));
        };
        running_ = signal;
        boost::asio::co_spawn(executor_, one(next_),
                              boost::asio::bind_cancellation_slot(signal->slot(), std::move(finish)));
    }

    /// Cancels the coroutine (terminal).
    void stop() override
    {
        if (const auto signal = running_.lock()) signal->emit(boost::asio::cancellation_type::terminal);
    }

private:
    /// Keeps the function alive while its coroutine runs.
    static std::invoke_result_t<F&> one(std::shared_ptr<F> next) { co_return co_await (*next)(); }

    boost::asio::any_io_executor executor_;
    std::shared_ptr<F> next_;
    std::weak_ptr<boost::asio::cancellation_signal> running_;
};

}  // namespace detail

/// Makes a source of one of these. No job is taken before the harvest requests it.
///  - a range of `harvest_job` or `posts_query`: moved in if it is an rvalue, otherwise referred to, and to be kept
///    alive until the harvest is over;
///  - a function that returns `std::optional` of one of them, empty at the end; called on the client's executor;
///  - a function that returns an `asio::awaitable` of such an optional; its coroutine runs on `executor`;
///  - a `std::unique_ptr<job_source>`, which is returned as it is.
/// An exception of a range or function ends the harvest with its code, if it is a `system_error`, or with
/// errc::job_source_failed.
template <class Jobs>
std::unique_ptr<job_source> make_job_source(const boost::asio::any_io_executor& executor, Jobs&& jobs)
{
    using type = std::remove_cvref_t<Jobs>;
    if constexpr (std::convertible_to<Jobs, std::unique_ptr<job_source>>) {
        return std::forward<Jobs>(jobs);
    } else if constexpr (detail::job_coroutine<type>) {
        return std::make_unique<detail::coroutine_source<type>>(executor, std::forward<Jobs>(jobs));
    } else if constexpr (detail::job_function<type>) {
        auto f = std::make_shared<type>(std::forward<Jobs>(jobs));
        return std::make_unique<detail::function_source>([f](harvest_job& job) {
            auto next = (*f)();
            const bool one_more = next.has_value();
            if (one_more) job = harvest_job(*std::move(next));
            return one_more;
        });
    } else {
        static_assert(detail::job_range<Jobs>,
                      "jobs are a range of harvest_job or posts_query, a function or coroutine that returns an "
                      "optional one, or a unique_ptr<job_source>");
        using view = std::views::all_t<Jobs>;
        struct state {
            explicit state(Jobs&& j) : range(std::views::all(std::forward<Jobs>(j))), at(std::ranges::begin(range)) {}
            view range;
            std::ranges::iterator_t<view> at;
            bool fresh = true;
        };
        auto s = std::make_shared<state>(std::forward<Jobs>(jobs));
        return std::make_unique<detail::function_source>([s](harvest_job& job) {
            // The iterator is incremented only when the next job is requested: that may be expensive.
            if (!s->fresh) ++s->at;
            s->fresh = false;
            if (s->at == std::ranges::end(s->range)) {
                s->fresh = true;
                return false;
            }
            job = harvest_job(*s->at);
            return true;
        });
    }
}

}  // namespace unipile
#pragma GCC visibility pop
