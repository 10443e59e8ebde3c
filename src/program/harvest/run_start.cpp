#include "program/harvest/run_start.hpp"

#include "program/options/connection_options.hpp"
#include "program/stored/usable_store.hpp"

#include <chrono>
#include <thread>
#include <utility>

namespace unipile::program {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds look_interval{2'000};
constexpr milliseconds between_questions{100};

std::unique_ptr<store::engine> open_to_harvest(const harvest_arguments& arguments, const start_steps& steps,
                                               std::optional<milliseconds> take_over_after = {})
{
    const store::access access = is_database(arguments.store) ? store::access::shared : store::access::sole;
    return open_engine(arguments.store, access, !arguments.joins, steps.patience, take_over_after);
}

/// Returns null if there is no store yet and it is waited for.
std::unique_ptr<store::post_reader> open_if_there(const harvest_arguments& arguments, const start_steps& steps)
{
    std::unique_ptr<store::post_reader> reader;
    open_usable([&] {
        try {
            reader = open_reader(arguments.store, steps.patience);
        } catch (const store::store_error& e) {
            if (!arguments.wait || e.reason() != store::store_errc::nothing_stored) throw;
        }
    });
    return reader;
}

bool pause(const std::function<bool()>& keeps_going)
{
    for (milliseconds left = look_interval; left.count() > 0; left -= between_questions) {
        if (!keeps_going()) return false;
        std::this_thread::sleep_for(between_questions);
    }
    return keeps_going();
}

std::optional<store::run_info> find_run(const harvest_arguments& arguments, const start_steps& steps)
{
    std::unique_ptr<store::post_reader> reader;
    for (bool first = true;; first = false) {
        if (!reader) reader = open_if_there(arguments, steps);
        if (reader) {
            require_tenant(reader->tenant(), given_base_url(arguments.connection), arguments.store);
            if (auto run = reader->run_under_way()) return run;
        }
        if (!arguments.wait) {
            steps.say(
                "unipile: no harvest is under way in this store, or only jobs of parked accounts are left; "
                "unipile harvest begins one, and --wait waits for it");
            return std::nullopt;
        }
        if (first && !arguments.quiet)
            steps.say("unipile: no harvest is under way in this store; waiting for the next one");
        if (!pause(steps.keeps_going)) return std::nullopt;
    }
}

}  // namespace

void begin_run(const harvest_arguments& arguments, const harvest_plan& plan, const start_steps& steps, run_start& start)
{
    steps.enter("reading jobs");
    import_request from;
    from.jobs = arguments.jobs;
    from.rejects = arguments.rejects;
    from.account = arguments.account;
    from.company = arguments.company;
    from.quiet = arguments.quiet;
    job_file file{from, steps.say, steps.keeps_going};
    start.imported.all_read = file.all_read();
    if (!start.imported.all_read) return;
    store::run_request request = plan.run;
    request.label = file.label();

    std::unique_ptr<store::engine> engine;
    open_usable([&] {
        engine = open_to_harvest(arguments, steps, plan.take_over_after);
        start.run = engine->perform(store::begin_run{std::move(request), wall_now()});
        // Afterwards those accounts' rows are not parked, and the harvester reads the rows.
        engine->perform(store::take_unpark_requests());
        engine->commit();  // shows that the file can be written
    });
    start.imported = import_jobs(file, *engine, start.run.run, steps.keeps_going);
    start.engine = std::move(engine);
}

void join_run(const harvest_arguments& arguments, const start_steps& steps, run_start& start)
{
    steps.enter("waiting for a harvest");
    const auto run = find_run(arguments, steps);
    if (!run) return;
    steps.enter("joining");
    open_usable([&] {
        auto engine = open_to_harvest(arguments, steps);
        engine->perform(store::take_unpark_requests());
        engine->commit();
        start.engine = std::move(engine);
    });
    start.run = *run;
}

}  // namespace unipile::program
