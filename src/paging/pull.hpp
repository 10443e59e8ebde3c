// An outstanding operation: its handler and that handler's executor. For all kinds of streams.
#pragma once

#include <boost/asio/any_completion_executor.hpp>
#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/execution/blocking.hpp>
#include <boost/asio/execution/outstanding_work.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/require.hpp>
#include <boost/asio/version.hpp>
#if BOOST_ASIO_VERSION >= 102800
#include <boost/asio/associated_immediate_executor.hpp>
#endif

#include <unipile/errc.hpp>

#include <atomic>
#include <cstdint>
#include <memory>
#include <new>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

namespace unipile::paging {

/// Called when something can be taken, and takes it itself. Used by `post_stream::next` and similar.
using ready_handler = boost::asio::any_completion_handler<void(boost::system::error_code)>;

/// Boost creates these without exceptions: an empty one means that memory ran out.
inline boost::asio::any_completion_executor checked(boost::asio::any_completion_executor e)
{
    if (!e) throw std::bad_alloc();
    return e;
}

/// Returns the immediate executor that was associated with the handler; empty if there is none. Asio has had them since
/// 1.28 (Boost 1.82). Those of a handler without one are made of the candidate.
template <class Handler>
boost::asio::any_completion_executor immediate_executor([[maybe_unused]] const Handler& handler,
                                                        [[maybe_unused]] const boost::asio::any_io_executor& candidate)
{
#if BOOST_ASIO_VERSION >= 102800
    namespace asio = boost::asio;
    const asio::any_completion_executor none(asio::require(candidate, asio::execution::blocking.never));
    auto executor = checked(asio::get_associated_immediate_executor(handler, candidate));
    if (executor != none) return executor;
#endif
    return {};
}

/// A handler of any of these kinds. `Result` has a `code`, and a function `give` for each kind of handler, which calls
/// it. Move-constructed only, like its members.
template <class Result, class... Handlers>
class pull {
public:
    using result = Result;

    /// Keeps outstanding work on the handler's executor; `fallback` is for handlers without one.
    template <class Handler>
    pull(Handler handler, const boost::asio::any_io_executor& fallback)
        : handler_(std::in_place_type<Handler>, std::move(handler)),
          executor_(checked(
              boost::asio::prefer(checked(boost::asio::get_associated_executor(std::get<Handler>(handler_), fallback)),
                                  boost::asio::execution::outstanding_work.tracked)))
    {}

    pull(pull&&) = default;
    pull& operator=(pull&&) = delete;

    template <class Handler>
    bool is_for() const noexcept
    {
        return std::holds_alternative<Handler>(handler_);
    }
    /// Called where the operation starts within its initiation. Otherwise it starts later, and can't end at once.
    void starts_within_initiation() noexcept { within_initiation_ = true; }
    /// Returns the executor on which the handler may be called where its operation starts; empty if it may not.
    boost::asio::any_completion_executor immediate(const boost::asio::any_io_executor& candidate) const
    {
        if (!within_initiation_) return {};
        return std::visit([&](const auto& handler) { return immediate_executor(handler, candidate); }, handler_);
    }
    /// Calls the handler on `at_once`, which `immediate` has returned; if that is empty, on the handler's executor,
    /// directly if this runs there.
    void finish(Result r, const boost::asio::any_completion_executor& at_once = {}) &&
    {
        std::visit(
            [&]<class Handler>(Handler& handler) {
                boost::asio::dispatch(at_once ? at_once : executor_, bound<Handler>{std::move(handler), std::move(r)});
            },
            handler_);
    }
    /// Ends an operation where it starts: on the handler's immediate executor, or else posted to `io`.
    void finish_start(const boost::asio::any_io_executor& io, Result r) &&
    {
        if (const auto at_once = immediate(io)) return std::move(*this).finish(std::move(r), at_once);
        boost::asio::post(io,
                          [p = std::move(*this), r = std::move(r)]() mutable { std::move(p).finish(std::move(r)); });
    }
    void fail_start(const boost::asio::any_io_executor& io, boost::system::error_code code) &&
    {
        Result r;
        r.code = code;
        std::move(*this).finish_start(io, std::move(r));
    }

private:
    /// A handler with its arguments.
    template <class Handler>
    struct bound {
        Handler handler;
        Result arguments;

        using allocator_type = typename Handler::allocator_type;
        allocator_type get_allocator() const noexcept { return handler.get_allocator(); }

        void operator()()
        {
            // There is nothing to cancel from here on.
            if (auto slot = handler.get_cancellation_slot(); slot.is_connected()) slot.clear();
            std::move(arguments).give(std::move(handler));
        }
    };

    std::variant<Handlers...> handler_;
    boost::asio::any_completion_executor executor_;
    bool within_initiation_ = false;
};

/// The outstanding pull of a core; at most one.
template <class Pull>
class pull_slot {
public:
    /// Returns an id of a pull for its cancellation. Any thread.
    std::uint64_t new_ticket() noexcept { return tickets_.fetch_add(1, std::memory_order_relaxed); }

    bool is_taken() const noexcept { return pull_.has_value(); }
    /// Returns true if a pull is outstanding and its end is not scheduled.
    bool is_waiting() const noexcept { return pull_ && !ending_; }

    /// Returns false, and fails `p`, if another pull is outstanding.
    bool begin(const boost::asio::any_io_executor& executor, std::uint64_t ticket, Pull p)
    {
        if (is_taken()) {
            std::move(p).fail_start(executor, make_error_code(errc::operation_in_progress));
            return false;
        }
        pull_.emplace(std::move(p));
        ticket_ = ticket;
        return true;
    }
    /// Ends the waiting pull by `core->end_pull()`, which is posted, since this may run within the pull's initiation.
    /// The result is determined there, so that a cancellation before it loses nothing.
    template <class Core>
    void schedule_end(const boost::asio::any_io_executor& executor, std::shared_ptr<Core> core)
    {
        boost::asio::post(executor, [this, core = std::move(core)] {
            // The pull is gone if the context was shut down meanwhile.
            if (pull_) core->end_pull();
        });
        ending_ = true;
    }
    /// Returns the executor on which the handler of a pull that starts may be called; empty if it may not.
    boost::asio::any_completion_executor immediate(const boost::asio::any_io_executor& io) const
    {
        return pull_->immediate(io);
    }
    /// Returns false if this pull is not outstanding. Otherwise it will end with `asio::error::operation_aborted`.
    bool cancel(std::uint64_t ticket) noexcept
    {
        if (!is_taken() || ticket != ticket_) return false;
        cancel();
        return true;
    }
    void cancel() noexcept
    {
        if (is_taken()) code_ = boost::asio::error::operation_aborted;
    }
    /// Takes the pull out, to end it.
    Pull take()
    {
        Pull p(std::move(*pull_));
        drop();
        return p;
    }
    void drop() noexcept
    {
        pull_.reset();
        ending_ = false;
    }
    /// Returns the code of a cancelled pull.
    boost::system::error_code take_code() noexcept { return std::exchange(code_, {}); }
    void abandon(std::vector<std::shared_ptr<void>>& out)
    {
        if (pull_) out.push_back(std::make_shared<Pull>(take()));
    }

private:
    std::optional<Pull> pull_;
    std::uint64_t ticket_ = 0;
    std::atomic<std::uint64_t> tickets_{1};
    boost::system::error_code code_;
    bool ending_ = false;
};

}  // namespace unipile::paging
