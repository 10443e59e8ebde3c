#include "program/harvest/run.hpp"

#include "program/command.hpp"
#include "program/harvest/exit_code.hpp"
#include "program/harvest/stop.hpp"
#include "program/harvest/summary.hpp"
#include "program/output/call_result.hpp"
#include "program/posts/report.hpp"
#include "program/stored/open_store.hpp"
#include "program/terminal/figures.hpp"
#include "program/terminal/safe_text.hpp"
#include "program/watch/setting_names.hpp"

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
/// How often requests of other processes are looked for: to unpark an account, or to change a setting.
constexpr milliseconds change_interval{2'000};
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
      watch_(
          context_, plan_.watch, [this](detail how_much) { return state(how_much); },
          [this](control command) { return apply_control(std::move(command)); }),
      interruption_(context_, {.stop = [this] { stop_run(); },
                               .give_up = [this] { cancel_all(); },
                               .end_at_once =
                                   [this] {
                                       // GCOVR_EXCL_START: a process that ends so writes no counters.
                                       log().end_progress();
                                       // The last commit is intact, and later pages will be requested again.
                                       std::_Exit(exit_code::interrupted);
                                       // GCOVR_EXCL_STOP
                                   },
                               .patience = patience_with_pages}),
      until_(context_),
      changes_(context_),
      look_(context_),
      control_(arguments.connection.connections),
      shared_(is_database(arguments.store))
{
    interruption_.listen();
    const auto ended = [this](const std::exception_ptr& error) {  // GCOVR_EXCL_LINE: it ends without memory only
        if (error) failed(error);                                 // GCOVR_EXCL_LINE
    };
    if (plan_.until) asio::co_spawn(context_, end_in_time(), ended);
    if (arguments.ndjson.empty()) return;
    output_.emplace(context_, arguments.ndjson,
                    post_output::steps{.say = [this](std::string_view line) { log().say(line); },
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
    watch_.open();
    if (prepare_unless_interrupted()) {
        guard([this] { start_company(); });
        do {
            guard([this] { start_harvester(); });
            run_until_it_ends();
        } while (has_another_key());
    }
    close_books();
    sum_up();
    return exit_code_now();
}

const store::harvester_stats* harvest_run::stats() const { return harvester_ ? &harvester_->stats() : nullptr; }

harvest_state harvest_run::state(detail how_much)
{
    harvest_state s;
    counts_.describe(s, stats(), how_much);
    const auto now = std::chrono::steady_clock::now();
    if (harvester_ && (how_much == detail::all || now >= accounts_from_ + view_interval)) {
        accounts_ = view_of(*harvester_);
        accounts_from_ = now;
    }
    s.accounts = accounts_;
    if (harvester_ && how_much == detail::all) s.accounts.each = each_account(*harvester_, s.tally.by_account);
    s.run = start_.run.run;
    if (s.run != 0) s.store = arguments_.store;
    s.shared = shared_;
    s.rejects = start_.imported.rejected;
    s.withdrawn = start_.imported.withdrawn;
    s.all_read = start_.imported.all_read;
    s.time_is_up = time_is_up_;
    s.stopped = stopping_;
    s.paused = control_.is_paused();
    s.connections = control_.connections();
    s.phase = s.paused && phase_ == "harvesting" ? "paused" : phase_;
    s.began = began_at_;
    s.now = wall_now();
    s.elapsed = std::chrono::duration_cast<milliseconds>(now - began_);
    return s;
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
    steps.say = [this](std::string_view line) { log().say(line); };
    steps.enter = [this](std::string phase) { phase_ = std::move(phase); };
    if (arguments_.joins)
        join_run(arguments_, steps, start_);
    else
        begin_run(arguments_, plan_, steps, start_);
    if (!start_.engine) return false;
    if (arguments_.joins) adopt_terms(plan_, start_.run.terms);
    context_.poll();
    const store::job_counts jobs = start_.engine->perform(store::count_jobs{start_.run.run});
    // A run that is continued has failures that no exit code may have told yet.
    counts_.begin(jobs, !arguments_.joins && !start_.run.resumed);
    const store::settings settings = start_.engine->perform(store::read_settings{});
    take_settings(settings);
    // A report on the store's accounts needs them.
    const auto terms = settings.find(std::string(terms_setting));
    if (!arguments_.joins && (terms == settings.end() || terms->second != plan_.run.terms))
        start_.engine->perform(store::set_setting{std::string(terms_setting), plan_.run.terms});
    if (arguments_.joins && !log().settings().is_quiet())
        log().say("unipile: joined run " + std::to_string(start_.run.run) + " (" +
                  printable(start_.run.label, longest_label) + "): " + with_thousands(jobs.open()) + " of " +
                  counted(jobs.all(), "job", "jobs") + " are to be done");
    writer_ = std::make_unique<store::store_writer>(std::move(start_.engine));
    return !stopping_ && jobs.open() > 0;
}

/// Starts what runs beside the harvester.
void harvest_run::start_company()
{
    if (output_) output_->watch_reader();
    const auto ended = [this](const std::exception_ptr& error) {  // GCOVR_EXCL_LINE: they end without memory only
        if (error) failed(error);                                 // GCOVR_EXCL_LINE
    };
    asio::co_spawn(context_, look_for_changes(), ended);
    estimate_rules rules;
    rules.pace = plan_.pace;
    rules.pace_by_provider = plan_.pace_by_provider;
    rules.pace_of = plan_.harvester.harvest.pace_of;
    const bool seen = watch_.begin(arguments_.store, std::move(rules), ended);
    if (seen && shared_) asio::co_spawn(context_, look_at_run(), ended);
}

void harvest_run::start_harvester()
{
    store::harvester_options options = plan_.harvester;
    if (output_) options.on_posts = [this](std::span<const post> posts) { return output_->write(posts); };
    options.describe = failure_text;
    options.on_damaged_ledger = [this](std::string_view account) {
        log().say("unipile: what account " + printable(account, 80) +
                  " has used can't be read in the store; all that its pace allows counts as used by now");
    };
    control_.prepare(options);
    phase_ = "harvesting";
    harvester_ =
        std::make_unique<store::harvester>(context_.get_executor(), *writer_, start_.run.run, std::move(options));
    control_.begin(*harvester_);
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
        if (!log().settings().is_quiet()) log().say("unipile: " + phase_ + "; press Ctrl-C again to stop at once");
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
        std::string key =
            read_key_file(arguments_.connection.api_key_file, [this](std::string_view line) { log().say(line); });
        if (key == plan_.harvester.client.api_key) return false;
        plan_.harvester.client.api_key = std::move(key);
    } catch (const std::invalid_argument& e) {
        log().say("unipile: " + std::string{e.what()});
        return false;
    }
    log().say("unipile: the key was refused; going on with the one that the key file holds now");
    counts_.ended(harvester_->stats());
    harvester_.reset();
    stopped_by_.reset();
    stopping_ = false;
    return true;
}

/// Called on the thread that uses the store: the writer's, or this one before there is a writer.
bool harvest_run::wait_for_store(const store_wait& wait)
{
    if (std::string line = store_watch_.line(wait); !line.empty())
        asio::post(context_, [this, line = std::move(line)] { log().say(line); });
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
    if (!log().settings().is_quiet() && !stopping_)
        log().say("unipile: the time of --until has come; finishing the pages under way");
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

asio::awaitable<void> harvest_run::look_for_changes()
{
    for (;;) {
        changes_.expires_after(change_interval);
        co_await changes_.async_wait(as_result);
        // The writer is closed behind the run's end, without the event loop.
        if (closing_books_) co_return;
        std::vector<store::operation> look;
        look.emplace_back(store::read_settings{});
        look.emplace_back(store::take_unpark_requests{});
        const auto result = co_await store::async_apply(*writer_, context_.get_executor(), std::move(look), as_result);
        const auto& [ec, found] = result;
        if (ec) {
            stop_all();
            co_return;
        }
        take_settings(std::get<store::settings>(found[0]));
        for (const std::string& account : std::get<std::vector<std::string>>(found[1]))
            if (harvester_) harvester_->unpark(account);
    }
}

void harvest_run::take_settings(const store::settings& now)
{
    for (const std::string& line : control_.take(now, harvester_.get())) log().say("unipile: " + line);
}

/// From the page. Other processes of the run see it in the store.
asio::awaitable<void> harvest_run::apply_control(control command)
{
    if (!writer_ || closing_books_) throw std::invalid_argument{"the harvest has not begun, or is ending"};
    std::vector<store::operation> work = operations_of(command, wall_now());
    co_await store::async_apply(*writer_, context_.get_executor(), std::move(work), asio::use_awaitable);
    co_await store::async_flush(*writer_, context_.get_executor(), asio::use_awaitable);
    changes_.cancel();
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
        counts_.counted(std::get<1>(counted), stats());
        const auto took = std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - began);
        pause = std::max(count_interval, took * count_share);
    }
}
}  // namespace unipile::program
