// The implementation of a durable harvest.
#pragma once

#include <unipile/store/harvester.hpp>

#include "durable/account_books.hpp"
#include "durable/job_course.hpp"
#include "durable/store_source.hpp"

#include <unipile/client.hpp>

#include <boost/asio/any_completion_executor.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>

namespace unipile::durable {

/// Awaits an operation whose error is a part of its result.
inline constexpr auto as_result = boost::asio::as_tuple(boost::asio::use_awaitable);

/// Pulls a harvest and stores its pages, each job's one after the other, those of several jobs at once. A `job_course`
/// decides the next step of a job. All on the executor. Lives until its run has ended.
class harvester_core final : public job_owner, public std::enable_shared_from_this<harvester_core> {
public:
    /// Starts a harvest of a source; tests use a clock of their own.
    using stream_maker = std::function<harvest_stream(client&, std::unique_ptr<job_source>, harvest_options)>;

    /// Throws std::invalid_argument.
    static std::shared_ptr<harvester_core> make(client api, store::store_writer& writer, std::int64_t run,
                                                store::harvester_options options, const stream_maker& begin);
    harvester_core(client api, store::store_writer& writer, store::harvester_options options);

    const boost::asio::any_io_executor& executor() const noexcept { return executor_; }
    void start(run_handler handler, boost::asio::any_completion_executor handler_executor);
    void stop();
    void cancel();
    void set_paused(bool paused);
    void set_max_connections(std::size_t n);
    bool park(std::string_view account, std::string reason);
    bool unpark(std::string_view account);
    bool set_pace(std::string_view account, std::optional<pacing> rules);

    const store::harvester_stats& stats() const noexcept { return stats_; }
    const harvest_stream& stream() const noexcept { return *stream_; }
    const std::optional<failure>& last_failure() const noexcept { return failure_; }

    // job_owner
    bool is_waiting(std::string_view account) const override;
    bool parked_waits() const noexcept;
    bool has_unfinished() const override;
    bool is_leaving(std::string_view account) const override { return leaving_.contains(account); }
    void account_known(const store::account_row& row) override { books_.read(row); }
    void claimed(const store::claimed_job& job, bool unusable) override;

private:
    /// A claimed job.
    struct active_job {
        explicit active_job(store::claimed_job c) : claimed(std::move(c)), course(claimed.start) {}

        store::claimed_job claimed;
        job_course course;
        std::deque<harvest_element> elements;  ///< not handled yet
        std::uint64_t requests_seen = 0;       ///< of this listing, counted here
        std::uint64_t retries_seen = 0;        ///< of this listing, counted here
        std::uint64_t requests_reported = 0;   ///< of this listing, known to the store
        bool worked_on = false;
    };

    /// Bytes of an element that count as unstored until this is destroyed, with an exception, too.
    class unstored_share {
    public:
        unstored_share(harvester_core& core, std::size_t bytes) noexcept : core_(core), bytes_(bytes) {}
        ~unstored_share()
        {
            core_.unstored_bytes_ -= bytes_;
            core_.change_.cancel();
        }
        unstored_share(const unstored_share&) = delete;
        unstored_share& operator=(const unstored_share&) = delete;

    private:
        harvester_core& core_;
        std::size_t bytes_;
    };

    void begin(std::int64_t run, const stream_maker& make_stream);
    harvest_options options_for_stream();
    std::optional<account_ledger> load_ledger(std::string_view account);
    boost::asio::awaitable<void> work();
    boost::asio::awaitable<void> wait_for_change();
    boost::asio::awaitable<void> give_back_what_is_left();
    boost::asio::awaitable<void> watch_share();
    boost::asio::awaitable<void> look_who_leaves();
    boost::asio::awaitable<bool> look_for_new();
    void hold_back();
    void leave(std::string_view account);
    boost::asio::awaitable<void> let_leave();
    bool has_left(const std::string& account);
    boost::asio::awaitable<void> leave_all();
    void close_lost(std::uint64_t tag);
    void admitted(const std::string& account, boost::system::error_code code, bool stored,
                  const harvest_options::admission& go);
    void take(harvest_element element);
    void spawn(boost::asio::awaitable<void> piece);
    boost::asio::awaitable<void> work_on(std::uint64_t tag);
    boost::asio::awaitable<void> take_page(active_job& job, const harvest_element& page);
    boost::asio::awaitable<bool> show_posts(const harvest_element& page);
    template <store::operation_type Op>
    boost::asio::awaitable<std::optional<typename Op::result>> apply(Op op);
    boost::asio::awaitable<void> store_page(active_job& job, const harvest_element& page);
    void move(const harvest_element& page, const course_action& next);
    boost::asio::awaitable<void> settle(std::uint64_t tag, active_job& job, const harvest_element& end);
    boost::asio::awaitable<course_action> report(active_job& job, const harvest_element& end);
    boost::asio::awaitable<course_action> forget_position(active_job& job);
    boost::asio::awaitable<void> find_usable_position(std::uint64_t tag);
    boost::asio::awaitable<void> give_back(std::uint64_t tag, active_job& job);
    void start_again(active_job& job, const store::step& where);
    void close_job(std::uint64_t tag, const course_action& how, const harvest_element& end);
    void note_failure(const store::job_spec& spec, const std::string& how, const harvest_element& end);
    std::string description_of(const failure& f) const;
    void count_requests(active_job& job, const harvest_element& element);
    wall_time next_request_of(std::string_view account) const;
    void store_failed(boost::system::error_code code);
    void hook_failed(const std::exception_ptr& error);
    void failed(const std::exception_ptr& error);
    void ended(const std::exception_ptr& error);

    boost::asio::any_io_executor executor_;
    client client_;
    store::store_writer& writer_;
    store::harvester_options options_;
    time_source time_;
    account_books books_;
    boost::asio::steady_timer change_;  ///< wakes `work`
    std::shared_ptr<store_source> source_;
    boost::asio::steady_timer watch_;  ///< wakes `watch_share`
    std::set<std::string, std::less<>> leaving_;
    std::unordered_map<std::uint64_t, active_job> jobs_;  ///< by tag
    std::size_t pieces_ = 0;                              ///< coroutines that handle jobs
    std::size_t unstored_bytes_ = 0;
    store::harvester_stats stats_;
    std::optional<failure> failure_;
    boost::system::error_code result_;  ///< the first error
    std::optional<run_handler> handler_;
    std::optional<boost::asio::any_completion_executor> handler_executor_;
    bool watches_ = false;
    bool begun_ = false, over_ = false, cancelled_ = false;
    bool store_failed_ = false, hook_failed_ = false, failed_ = false;
    std::optional<harvest_stream> stream_;  ///< destroyed first, since it calls members of this class
};

}  // namespace unipile::durable
