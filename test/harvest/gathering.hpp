// A harvest over scripted answers, gathered.
#pragma once

#include "harvest/harvest_core.hpp"
#include "harvest/manual_time.hpp"
#include "paging/scripted.hpp"

#include <unipile/harvest.hpp>

#include <boost/asio/io_context.hpp>

#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace unipile::test {

/// What a harvest gave, by job.
struct gathered {
    struct job {
        std::vector<std::string> ids;
        unipile::position position;
        std::size_t elements = 0, page_ends = 0, ends = 0;
        unipile::end_reason reason = unipile::end_reason::none;
        std::optional<unipile::failure> failed;
        stream_stats stats;
    };
    std::map<std::string, job> jobs;  ///< by account/identifier
    std::size_t elements = 0;
    std::optional<failure> failed;
    bool over = false;

    void add(const harvest_element& e);
    const job& at(const std::string& name) const { return jobs.at(name); }
};

/// Pulls to the end, or until `enough` says so.
boost::asio::awaitable<void> gather(harvest_stream& stream, gathered& out,
                                    std::function<bool(const harvest_element&)> enough = {});

/// No bounds, and rests that are next to nothing.
pacing quick();
harvest_options quickly();

/// A listing through account `aN`.
posts_query query_of(std::size_t account, std::string identifier);
/// Listings 0, 1 … of so many accounts in turn.
std::vector<posts_query> row(std::size_t listings, std::size_t accounts = 3);
/// `accounts` times `each` listings, named 0, 1 … within each account.
std::vector<posts_query> grid(std::size_t accounts, std::size_t each);

/// So many jobs ended once, each with all of its posts.
void check_jobs(const gathered& got, std::size_t jobs, std::size_t posts);
/// The same, and each has come to its own end without a failure.
void check_complete(const gathered& got, std::size_t jobs, std::size_t posts);

/// For `co_spawn`: a coroutine that throws fails the test.
void rethrow(std::exception_ptr e);

/// A client on scripted answers with one harvest, whose waits take no time.
struct scripted_harvest {
    template <class Jobs>
    scripted_harvest(script s, Jobs&& jobs, harvest_options options = quickly(), client_options client = impatient())
        : context(),
          scripted(context.get_executor(), std::move(s), std::move(client)),
          api(detail::access::make<unipile::client>(context.get_executor(), scripted.core)),
          stream(harvest::begin(api, make_job_source(context.get_executor(), std::forward<Jobs>(jobs)),
                                std::move(options), time))
    {}
    /// Gathers all that is left.
    gathered& run();
    /// Begins to gather.
    void begin();
    /// Runs what can run without waiting.
    void poll();
    /// Runs until there is nothing to do or `until` has passed on the clock, which moves only where all wait for it.
    void run_for(std::chrono::milliseconds until);
    void run_all() { run_for(std::chrono::milliseconds::max()); }
    std::size_t requests() const { return scripted.transport->requests.size(); }

    boost::asio::io_context context;
    std::shared_ptr<manual_time> time = std::make_shared<manual_time>();
    scripted_client scripted;
    client api;
    harvest_stream stream;
    gathered got;
};

}  // namespace unipile::test
