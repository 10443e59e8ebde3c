#include "program/harvest/run_start.hpp"

#include "program/options/connection_options.hpp"
#include "program/stored/usable_store.hpp"
#include "program/terminal/figures.hpp"
#include "program/terminal/safe_text.hpp"

#include <unipile/store/account_share.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <thread>
#include <utility>
#include <vector>

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
        if (first && !arguments.watch.quiet)
            steps.say("unipile: no harvest is under way in this store; waiting for the next one");
        if (!pause(steps.keeps_going)) return std::nullopt;
    }
}

/// Waits until this worker has taken over what the others have, of whom it is known that they lived. Returns false if
/// one of them shows a heartbeat.
bool have_died(const std::vector<store::worker_row>& them, store::post_reader& reader,
               const harvest_arguments& arguments, const start_steps& steps)
{
    using clock = std::chrono::steady_clock;
    constexpr milliseconds rounding{5};
    const clock::time_point began = clock::now();
    for (;;) {
        const auto waited = std::chrono::duration_cast<milliseconds>(clock::now() - began);
        const auto now = reader.workers();
        const store::worker_row* left = nullptr;
        for (const store::worker_row& one : *now) {
            const auto is_one = [&](const auto& w) { return w.name == one.name && w.started == one.started; };
            if (std::none_of(them.begin(), them.end(), is_one)) continue;
            if (one.silent + rounding < waited) return false;
            left = &one;
        }
        if (!left) return true;
        store_wait wait;
        wait.what = store_wait::reason::worker;
        wait.waited = waited;
        wait.longest = left->lost_after;
        wait.who = left->name;
        const auto is_patient = [&] {
            wait.waited += between_questions;
            return steps.patience(wait);
        };
        if (!pause(is_patient)) throw store::store_error(store::store_errc::interrupted, arguments.store);
    }
}

/// Where several workers share a store, another run is under way as long as one of its workers may be alive.
std::unique_ptr<store::engine> open_and_begin(const harvest_arguments& arguments, const harvest_plan& plan,
                                              const start_steps& steps, const std::string& label, store::run_info& run)
{
    for (bool first = true;; first = false) {
        auto engine = open_to_harvest(arguments, steps, plan.take_over_after);
        if (first && plan.take_over_after && engine->share()->take_over_after() != *plan.take_over_after)
            steps.say("unipile: --take-over-after has no effect: the tables of this store were made with " +
                      human_duration(engine->share()->take_over_after()));
        store::begin_run begin{plan.run, store::now_of(engine->share())};
        begin.request.label = label;
        try {
            run = engine->perform(std::move(begin));
            return engine;
        } catch (const store::store_error& e) {
            if (e.reason() != store::store_errc::in_use || !is_database(arguments.store)) throw;
            engine.reset();
            const auto reader = open_reader(arguments.store, steps.patience);
            const auto others = reader->workers();
            engine = open_to_harvest(arguments, steps);  // takes over
            if (!have_died(*others, *reader, arguments, steps)) throw;
        }
    }
}

void tell_unused(const account_table& table, const harvest_arguments& arguments, const start_steps& steps)
{
    constexpr std::size_t longest_column = 40;
    if (arguments.watch.quiet || table.unused_columns().empty()) return;
    std::string all;
    for (const std::string& column : table.unused_columns())
        all += (all.empty() ? "" : ", ") + printable(column, longest_column);
    steps.say("unipile: columns of --accounts that mean nothing here: " + printable(all));
}

}  // namespace

void begin_run(const harvest_arguments& arguments, const harvest_plan& plan, const start_steps& steps, run_start& start)
{
    steps.enter("reading jobs");
    tell_unused(*plan.accounts, arguments, steps);
    import_request from;
    from.jobs = arguments.jobs;
    from.rejects = arguments.rejects;
    from.account = arguments.account;
    from.company = arguments.company;
    from.columns = job_columns{arguments.columns};
    from.quiet = arguments.watch.quiet;
    job_file file{from, steps.say, steps.keeps_going};
    start.imported.all_read = file.all_read();
    if (!start.imported.all_read) return;

    std::unique_ptr<store::engine> engine;
    open_usable([&] {
        engine = open_and_begin(arguments, plan, steps, file.label(), start.run);
        // Afterwards those accounts' rows are not parked, and the harvester reads the rows.
        engine->perform(store::take_unpark_requests());
        engine->commit();  // shows that the file can be written
    });
    start.imported = import_jobs(file, *engine, start.run.run, steps.keeps_going);
    if (start.imported.repeated > 0 && !arguments.watch.quiet)
        steps.say("unipile: " + repetition_line(start.imported.repeated));
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
