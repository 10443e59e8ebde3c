// The network thread of a harvest: pages out of the API, into the store.
#pragma once

#include "program/harvest/arguments.hpp"
#include "program/harvest/store_source.hpp"
#include "program/harvest/tally.hpp"

#include <unipile/client.hpp>
#include <unipile/harvest.hpp>
#include <unipile/store/writer.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace unipile::program {

/// What a worker needs of its run.
struct harvest_shared {
    store::store_writer* writer = nullptr;
    std::int64_t run = 0;
    /// Writes lines to the additional output; returns whether all of them were written. Empty: there is none.
    std::function<boost::asio::awaitable<bool>(std::string lines)> output;
    bool output_is_terminal = false;
    /// The store failed; on any thread.
    std::function<void()> store_failed;
    /// A worker can't go on, and `run` will throw why; on any thread.
    std::function<void()> failed;
    /// Tells people a line; on any thread.
    std::function<void(std::string line)> say;
};

/// Works on its own thread and `io_context`. Other threads may call what is marked so.
class harvest_worker {
public:
    /// Throws std::invalid_argument for options that can't work.
    harvest_worker(const harvest_plan& plan, const harvest_shared& shared);
    ~harvest_worker();
    harvest_worker(const harvest_worker&) = delete;
    harvest_worker& operator=(const harvest_worker&) = delete;

    /// Works until there is nothing more to do, or until it was stopped; call on the worker's thread. Everything that
    /// it did has been handed to the store then.
    void run();

    /// Finishes the pages that are under way. Any thread.
    void stop();
    /// Breaks them off. Any thread.
    void cancel();
    /// Any thread.
    void unpark(std::string account);

    /// What stopped the whole: a refused key, for example. After `run`.
    const std::optional<failure>& stopped_by() const noexcept { return stopped_by_; }
    const shared_tally& tally() const noexcept { return tally_; }

private:
    /// A job that was claimed.
    struct active_job {
        store::claimed_job claimed;
        std::uint64_t requests_seen = 0;       ///< of this listing, counted here
        std::uint64_t retries_seen = 0;        ///< the same
        std::uint64_t requests_told = 0;       ///< of this listing, what the store knows of
        std::optional<store::step> verdict;    ///< what the store said, where the listing had no more to ask
        std::optional<harvest_element> ended;  ///< waits for the write under way
        bool writing = false;
        bool at_saved = false;   ///< nothing was read yet behind a position that the store gave
        bool unwritten = false;  ///< a page of it could not be written to the output, so nothing more is stored
    };

    boost::asio::awaitable<void> work();
    boost::asio::awaitable<void> wait_for_room();
    boost::asio::awaitable<void> keep_view();
    void handle(harvest_element element);
    void spawn(boost::asio::awaitable<void> piece);
    void failed(const std::exception_ptr& error);
    boost::asio::awaitable<void> take_page(harvest_element element);
    boost::asio::awaitable<bool> write_out(const harvest_element& element);
    boost::asio::awaitable<void> store_page(active_job& job, const harvest_element& element);
    void obey(active_job& job, const harvest_element& page, const store::step& next);
    boost::asio::awaitable<void> settle(std::uint64_t tag);
    boost::asio::awaitable<void> settle_end(std::uint64_t tag, active_job& job, const harvest_element& end);
    boost::asio::awaitable<void> forget_position(std::uint64_t tag, active_job& job);
    void start_again(active_job& job, const store::step& where);
    void close_job(std::uint64_t tag, const std::string& how, bool done, const std::string& failure = {});
    boost::asio::awaitable<void> give_back(std::uint64_t tag, active_job& job);
    void store_failed();
    void count(const harvest_element& element, const store::page_result& result);
    void count_requests(active_job& job, const harvest_element& element);
    store::account_row stored(std::string_view account, const account_ledger& ledger) const;
    void save_ledger(std::string_view account, const account_ledger& ledger);
    void admit(std::string_view account, const account_ledger& ledger, harvest_options::admission go);
    std::optional<account_ledger> load_ledger(std::string_view account);
    account_ledger stored_ledger(const store::account_row& row);
    bool is_waiting(std::string_view account) const;
    bool has_unfinished() const;
    accounts_view view() const;
    harvest_options options_for(const harvest_plan& plan);

    boost::asio::io_context context_{1};
    harvest_shared shared_;
    harvest_options::parked_jobs when_parked_;
    client client_;
    std::shared_ptr<store_source> source_;
    std::optional<harvest_stream> stream_;
    boost::asio::steady_timer room_, redraw_;
    std::unordered_map<std::uint64_t, active_job> jobs_;       ///< by tag
    std::unordered_map<std::string, account_ledger> ledgers_;  ///< loaded, not yet asked for
    std::size_t busy_ = 0;                                     ///< pieces of work under way
    std::size_t outstanding_ = 0;                              ///< bytes that are being written
    std::optional<failure> stopped_by_;
    std::exception_ptr error_;
    shared_tally tally_;
    bool store_failed_ = false, over_ = false;
};

}  // namespace unipile::program
