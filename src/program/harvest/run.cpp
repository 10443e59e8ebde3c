#include "program/harvest/run.hpp"

#include "program/command.hpp"
#include "program/harvest/exit_code.hpp"
#include "program/harvest/stop.hpp"
#include "program/output/call_result.hpp"
#include "program/posts/report.hpp"
#include "program/stored/open_store.hpp"
#include "program/terminal/figures.hpp"
#include "program/terminal/safe_text.hpp"

#include <unipile/store/async.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/system/errc.hpp>

#include <algorithm>
#include <cstdlib>
#include <new>
#include <stdexcept>
#include <utility>

namespace unipile::program {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using std::chrono::milliseconds;

/// An interrupted run has ten seconds to commit; this part of them is for the pages under way.
constexpr milliseconds patience_with_pages{8'000};
constexpr milliseconds longest_sleep{30'000};
constexpr milliseconds unpark_interval{2'000};
/// How often the display reads the accounts.
constexpr milliseconds view_interval{500};
/// How often the jobs of a shared run are counted if that is fast, and the share of the time that it may take
/// otherwise.
constexpr milliseconds count_interval{2'000};
constexpr int count_share = 50;
constexpr std::size_t longest_label = 200;
/// For another process's lock on the store, when only the last commit is left.
constexpr milliseconds longest_last_wait{30'000};
/// The same after a signal: most locks last for milliseconds.
constexpr milliseconds wait_when_interrupted{1'000};

}  // namespace

harvest_run::harvest_run(const harvest_arguments& arguments, harvest_plan plan)
    : arguments_(arguments),
      plan_(std::move(plan)),
      console_(!arguments.quiet),
      interruption_(context_, {.stop = [this] { stop_run(); },
                               .give_up = [this] { cancel_all(); },
                               .end_at_once =
                                   [this] {
                                       // GCOVR_EXCL_START: a process that ends so writes no counters.
                                       console_.live({});
                                       // The last commit is intact, and later pages will be requested again.
                                       std::_Exit(exit_code::interrupted);
                                       // GCOVR_EXCL_STOP
                                   },
                               .patience = patience_with_pages}),
      until_(context_),
      unparked_(context_),
      look_(context_),
      shared_(is_database(arguments.store))
{
    interruption_.listen();
    const auto ended = [this](const std::exception_ptr& error) {  // GCOVR_EXCL_LINE: it ends without memory only
        if (error) failed(error);                                 // GCOVR_EXCL_LINE
    };
    if (plan_.until) asio::co_spawn(context_, end_in_time(), ended);
    if (arguments.ndjson.empty()) return;
    output_.emplace(context_, arguments.ndjson,
                    post_output::steps{.say = [this](std::string_view line) { console_.say(line); },
                                       .stop = [this] { stop_all(); },
                                       .keeps_going = [this] { return keeps_going(); }});
}

/// For what blocks this thread: handles a signal that has come.
bool harvest_run::keeps_going()
{
    context_.poll();
    return !stopping_;
}

harvest_run::~harvest_run() = default;

int harvest_run::run()
{
    if (prepare_unless_interrupted()) {
        guard([this] { start_company(); });
        do {
            guard([this] { start_harvester(); });
            run_until_it_ends();
        } while (has_another_key());
    }
    close_books();
    console_.live({});
    if (!arguments_.quiet && (start_.run.run != 0 || !arguments_.joins))
        for (const std::string& line : summary_lines(ending())) console_.say(line);
    if (!left_in_log_.file.empty()) console_.say(log_line(left_in_log_));
    if (stopped_by_)
        console_.say(stopped_line(*stopped_by_));
    else if (output_ && output_->reader_gone() && exit_code_now() == exit_code::some_incomplete)
        console_.say("unipile: stopped: the reader of " + output_->name() +
                     " went away; the same command goes on where its lines ended");
    return exit_code_now();
}

harvest_ending harvest_run::ending() const
{
    harvest_ending e;
    e.tally = past_;
    if (harvester_) {
        add(e.tally, harvester_->stats());
        e.accounts = view_of(*harvester_);
    }
    e.jobs = counts_;
    e.elapsed = elapsed();
    if (start_.run.run != 0) e.store = arguments_.store;
    e.rejects = start_.imported.rejected;
    e.withdrawn = start_.imported.withdrawn;
    e.all_read = start_.imported.all_read;
    e.shared = shared_;
    e.failed_before = failed_before_;
    e.time_is_up = time_is_up_;
    e.stopped = stopping_;
    return e;
}

/// Returns what this process has done.
store::harvester_counters harvest_run::tally() const
{
    store::harvester_counters sum = past_;
    if (harvester_) add(sum, harvester_->stats());
    return sum;
}

harvest_snapshot harvest_run::snapshot()
{
    harvest_snapshot s;
    s.tally = tally();
    if (harvester_) {
        if (const auto now = std::chrono::steady_clock::now(); now >= accounts_from_ + view_interval) {
            accounts_ = view_of(*harvester_);
            accounts_from_ = now;
        }
    }
    s.accounts = accounts_;
    s.elapsed = elapsed();
    s.now = wall_now();
    s.phase = phase_;
    s.shared = shared_;
    // Those of this process since the jobs were counted.
    const std::uint64_t done = s.tally.jobs_done - counted_.jobs_done;
    const std::uint64_t failed = s.tally.jobs_failed - counted_.jobs_failed;
    s.jobs.done = counts_.done + done;
    s.jobs.failed = counts_.failed + failed;
    s.jobs.queued = counts_.open() - std::min(counts_.open(), done + failed);
    const std::uint64_t over = s.jobs.done + s.jobs.failed;
    s.jobs_over = over - std::min(over, over_before_);
    return s;
}

milliseconds harvest_run::elapsed() const
{
    return std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - began_);
}

/// A signal ends the wait for a store that another process has, or that can't be reached.
bool harvest_run::prepare_unless_interrupted()
{
    try {
        return prepare();
    } catch (const store::store_error& e) {
        const bool waited = e.reason() == store::store_errc::locked || e.reason() == store::store_errc::interrupted;
        if (!(interruption_.came() || time_is_up_) || !waited) throw;
        start_.imported.all_read = false;
        return false;
    }
}

/// Returns false if there is nothing to do.
bool harvest_run::prepare()
{
    start_steps steps;
    steps.patience = [this](const store_wait& w) { return wait_for_store(w); };
    steps.keeps_going = [this] { return keeps_going(); };
    steps.say = [this](std::string_view line) { console_.say(line); };
    steps.enter = [this](std::string phase) { phase_ = std::move(phase); };
    if (arguments_.joins)
        join_run(arguments_, steps, start_);
    else
        begin_run(arguments_, plan_, steps, start_);
    if (!start_.engine) return false;
    if (arguments_.joins) adopt_terms(plan_, start_.run.terms);
    context_.poll();
    counts_ = start_.engine->perform(store::count_jobs{start_.run.run});
    over_before_ = counts_.done + counts_.failed;
    // A run that is continued has failures that no exit code may have told yet.
    if (!arguments_.joins && !start_.run.resumed) failed_before_ = counts_.failed;
    if (arguments_.joins && !arguments_.quiet)
        console_.say("unipile: joined run " + std::to_string(start_.run.run) + " (" +
                     printable(start_.run.label, longest_label) + "): " + with_thousands(counts_.open()) + " of " +
                     counted(counts_.all(), "job", "jobs") + " are to be done");
    writer_ = std::make_unique<store::store_writer>(std::move(start_.engine));
    return !stopping_ && counts_.open() > 0;
}

/// Starts what runs beside the harvester.
void harvest_run::start_company()
{
    if (output_) output_->watch_reader();
    const auto ended = [this](const std::exception_ptr& error) {  // GCOVR_EXCL_LINE: they end without memory only
        if (error) failed(error);                                 // GCOVR_EXCL_LINE
    };
    asio::co_spawn(context_, look_for_unparked(), ended);
    if (arguments_.quiet) return;
    if (shared_) asio::co_spawn(context_, look_at_run(), ended);
    estimate_rules rules;
    rules.pace = plan_.pace;
    rules.pace_by_provider = plan_.pace_by_provider;
    rules.pace_of = plan_.harvester.harvest.pace_of;
    progress_.emplace(context_, console_, [this] { return snapshot(); }, arguments_.store, std::move(rules));
    asio::co_spawn(context_, progress_->show(), ended);
    asio::co_spawn(context_, progress_->look_ahead(), ended);
}

void harvest_run::start_harvester()
{
    store::harvester_options options = plan_.harvester;
    if (output_) options.on_posts = [this](std::span<const post> posts) { return output_->write(posts); };
    options.describe = failure_text;
    options.on_damaged_ledger = [this](std::string_view account) {
        console_.say("unipile: what account " + printable(account, 80) +
                     " has used can't be read in the store; all that its pace allows counts as used by now");
    };
    phase_ = "harvesting";
    harvester_ =
        std::make_unique<store::harvester>(context_.get_executor(), *writer_, start_.run.run, std::move(options));
    harvester_->async_run([this](error_code code) { harvester_ended(code); });
    harvesting_ = true;
}

void harvest_run::harvester_ended(error_code code)
{
    harvesting_ = false;
    context_.stop();
    if (!code) return;
    stop_all();
    if (output_ && output_->is_lost()) return;
    if (code == boost::system::errc::not_enough_memory && !error_) error_ = std::make_exception_ptr(std::bad_alloc());
    stopped_by_ = harvester_->last_failure();
}

void harvest_run::run_until_it_ends()
{
    context_.restart();
    while (harvesting_) guard([this] { context_.run(); });
}

/// An exception ends the run, after its harvester.
void harvest_run::guard(const std::function<void()>& f)
{
    try {
        f();
    } catch (...) {
        failed(std::current_exception());
    }
}

void harvest_run::failed(const std::exception_ptr& error)
{
    if (!error_) error_ = error;
    interruption_.end_run(exit_code::some_incomplete);
}

/// After a signal, or because of an error.
void harvest_run::stop_run()
{
    if (interruption_.came() && !phase_.empty()) {
        phase_ = harvesting_ ? "finishing the pages under way" : "stopping";
        if (!arguments_.quiet) console_.say("unipile: " + phase_ + "; press Ctrl-C again to stop at once");
    }
    stop_all();
}

/// The key may have been changed during the harvest: if it is refused, its file is read again. With another key, the
/// jobs that were returned are claimed again.
bool harvest_run::has_another_key()
{
    if (!stopped_by_ || stopped_by_->code() != errc::api_key_refused || arguments_.connection.api_key_file.empty())
        return false;
    if (interruption_.came() || time_is_up_ || (output_ && output_->is_lost()) || error_ || writer_->failure())
        return false;
    try {
        std::string key = read_key_file(arguments_.connection.api_key_file);
        if (key == plan_.harvester.client.api_key) return false;
        plan_.harvester.client.api_key = std::move(key);
    } catch (const std::invalid_argument& e) {
        console_.say("unipile: " + std::string{e.what()});
        return false;
    }
    console_.say("unipile: the key was refused; going on with the one that the key file holds now");
    add(past_, harvester_->stats());
    harvester_.reset();
    stopped_by_.reset();
    stopping_ = false;
    return true;
}

/// Makes everything durable; the store's failure is this run's.
void harvest_run::close_books()
{
    if (!writer_) return;
    try {
        write_the_end();
        writer_->close();
    } catch (const store::store_error& e) {
        const bool waited = e.reason() == store::store_errc::locked || e.reason() == store::store_errc::interrupted;
        if (!interruption_.came() || !waited) throw;
        // All that the harvester has counted is stored.
        counts_ = snapshot().jobs;
    }
    left_in_log_ = writer_->tail();
    if (output_) output_->close();
    if (error_) std::rethrow_exception(error_);
}

/// Runs the event loop meanwhile, since another process may have the store locked, and a signal ends the wait.
void harvest_run::write_the_end()
{
    closing_books_ = true;
    bool written = false;
    context_.restart();
    asio::co_spawn(context_, store_the_end(), [this, &written](const std::exception_ptr& error) {
        if (error) failed(error);  // GCOVR_EXCL_LINE: without memory only
        written = true;
        context_.stop();
    });
    while (!written) guard([this] { context_.run(); });
}

/// A failure is thrown when the writer is closed.
asio::awaitable<void> harvest_run::store_the_end()
{
    const bool to_the_end = !stopping_;
    store::count_jobs count;
    count.run = start_.run.run;
    const auto counted = co_await store::async_apply(*writer_, context_.get_executor(), count, as_result);
    if (std::get<0>(counted)) co_return;
    counts_ = std::get<1>(counted);
    if (to_the_end) {
        store::end_run end;
        end.run = start_.run.run;
        end.outcome = outcome_of(counts_);
        end.now = wall_now();
        co_await store::async_apply(*writer_, context_.get_executor(), std::move(end), as_result);
    }
    co_await store::async_flush(*writer_, context_.get_executor(), as_result);
}

/// Called on the thread that uses the store: the writer's, or this one before there is a writer.
bool harvest_run::wait_for_store(const store_wait& wait)
{
    if (std::string line = store_watch_.line(wait); !line.empty())
        asio::post(context_, [this, line = std::move(line)] { console_.say(line); });
    if (std::this_thread::get_id() == thread_) context_.poll();
    if (interruption_.came() || (time_is_up_ && !writer_))
        return wait.what != store_wait::reason::upgrade && wait.waited < wait_when_interrupted;
    return !closing_books_ || wait.waited < longest_last_wait;
}

/// Looks at the clock from time to time, since it may be set, and the machine may sleep.
asio::awaitable<void> harvest_run::end_in_time()
{
    while (wall_now() < *plan_.until) {
        until_.expires_after(std::min(*plan_.until - wall_now(), longest_sleep));
        co_await until_.async_wait(as_result);
    }
    time_is_up_ = true;
    if (!arguments_.quiet && !stopping_)
        console_.say("unipile: the time of --until has come; finishing the pages under way");
    stop_all();
}

void harvest_run::stop_all()
{
    stopping_ = true;
    if (harvester_) harvester_->stop();
}

void harvest_run::cancel_all()
{
    if (output_) output_->abandon();
    if (harvester_) harvester_->cancel();
}

asio::awaitable<void> harvest_run::look_for_unparked()
{
    for (;;) {
        unparked_.expires_after(unpark_interval);
        co_await unparked_.async_wait(as_result);
        // The writer is closed behind the run's end, without the event loop.
        if (closing_books_) co_return;
        store::take_unpark_requests take;
        const auto result = co_await store::async_apply(*writer_, context_.get_executor(), take, as_result);
        const auto& [ec, accounts] = result;
        if (ec) {
            stop_all();
            co_return;
        }
        for (const std::string& account : accounts)
            if (harvester_) harvester_->unpark(account);
    }
}

/// Others work on the run, too.
asio::awaitable<void> harvest_run::look_at_run()
{
    for (milliseconds pause = count_interval;;) {
        look_.expires_after(pause);
        co_await look_.async_wait(as_result);
        if (closing_books_) co_return;
        const auto began = std::chrono::steady_clock::now();
        store::count_jobs count;
        count.run = start_.run.run;
        const auto counted = co_await store::async_apply(*writer_, context_.get_executor(), count, as_result);
        if (std::get<0>(counted)) co_return;
        counts_ = std::get<1>(counted);
        counted_ = tally();
        const auto took = std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - began);
        pause = std::max(count_interval, took * count_share);
    }
}

int harvest_run::exit_code_now() const
{
    if (stopped_by_ && stopped_by_->code() == errc::api_key_refused) return exit_code::key_refused;
    if (interruption_.came()) return exit_code::interrupted;
    if (stopped_by_) return exit_code_of_stop(*stopped_by_);
    const harvest_ending e = ending();
    const bool written = !output_ || !output_->failed();
    return exit_code_of(e, written);
}

}  // namespace unipile::program
