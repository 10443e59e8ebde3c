// A durable harvest over scripted answers, into a store that fails where a test wants it.
#pragma once

#include "durable/harvester_core.hpp"
#include "harvest/gathering.hpp"
#include "store/harness.hpp"

#include <unipile/store/harvester.hpp>
#include <unipile/store/sqlite.hpp>
#include <unipile/store/writer.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/system/error_code.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace unipile::test {

/// A listing of `total` posts in pages of `size`, whose ids begin with its identifier, with the cursors c1, c2 …
answer listing_of(const asked& request, std::size_t total, std::size_t size);
/// The ids of such a listing.
std::vector<std::string> ids_of(const std::string& identifier, std::size_t total);

store::job_spec spec_of(std::size_t account, std::string identifier);

/// Pages of ten. No bounds, but a window, so that each request is admitted.
store::harvester_options durably();

/// A store's file and the world that is harvested into it.
struct stored_world {
    script answers;
    std::vector<store::job_spec> jobs;
    store::run_request request = {};
    store::test::scratch folder = {};
    /// Puts an engine of the test's own in front of the store.
    std::function<std::unique_ptr<store::engine>(std::unique_ptr<store::engine>)> wrap = {};

    std::vector<std::string> stored_ids() const;
    std::unique_ptr<store::post_reader> reader() const { return store::open_sqlite_reader(folder.file()); }
};

/// 25 posts in pages of ten.
answer ten_each(std::size_t, const asked& request);
/// Two listings each of two accounts.
stored_world two_accounts(script answers = ten_each);

/// One run in it.
class stored_harvest {
public:
    /// `fail_at`: which call of the store that writes or reads fails once the run has begun, from 0. `prepare` may
    /// change the store before.
    explicit stored_harvest(stored_world& world, store::harvester_options options = durably(),
                            std::optional<std::size_t> fail_at = {},
                            const std::function<void(store::engine&, std::int64_t run)>& prepare = {});
    ~stored_harvest();

    void begin();
    /// Runs one handler of the event loop, or waits for the store, or moves the clock. False if nothing is left.
    bool step();
    /// Steps until the operation has ended.
    void run();
    /// Runs the steps that need no clock.
    void settle();

    store::job_counts counts();
    /// How many jobs are claimed.
    std::uint64_t claimed();
    std::size_t requests() const { return scripted.transport->requests.size(); }
    /// Calls of the store so far, once the run has begun.
    std::size_t store_calls() const { return *calls_; }

    boost::asio::io_context context;
    std::shared_ptr<manual_time> time = std::make_shared<manual_time>();
    scripted_client scripted;
    std::int64_t run_number = 0;

private:
    bool wait_for_store();

    std::shared_ptr<std::size_t> calls_ = std::make_shared<std::size_t>(0);

public:
    std::unique_ptr<store::store_writer> writer;
    std::unique_ptr<store::harvester> harvester;
    std::optional<boost::system::error_code> result;
};

}  // namespace unipile::test
