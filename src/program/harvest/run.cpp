#include "program/harvest/run.hpp"

#include "program/command.hpp"
#include "program/harvest/stop.hpp"
#include "program/harvest/summary.hpp"
#include "program/stored/usable_store.hpp"
#include "program/terminal/ending_signals.hpp"
#include "program/terminal/figures.hpp"
#include "program/terminal/last_resort.hpp"
#include "program/terminal/safe_text.hpp"
#include "thread_name.hpp"

#include <unipile/store/async.hpp>
#include <unipile/store/sqlite.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <cstdlib>
#include <future>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace unipile::program {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using std::chrono::milliseconds;

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);
/// An interrupted run has ten seconds to commit; this much of it is for the pages under way.
constexpr milliseconds patience_with_pages{8'000};
constexpr unsigned last_deadline = 10;  // seconds
constexpr milliseconds unpark_interval{2'000};
/// For another process's lock on the store, when all is done but the last commit.
constexpr milliseconds longest_last_wait{30'000};

/// For who copies or moves the store.
std::string log_line(const store::log_tail& left)
{
    return "unipile: another process reads the store, so " + human_bytes(left.bytes) + " of it are in " +
           printable(left.file) + " only; copy that with it, or use unipile backup";
}

}  // namespace

harvest_run::harvest_run(const harvest_arguments& arguments, harvest_plan plan)
    : arguments_(arguments),
      plan_(std::move(plan)),
      console_(!arguments.quiet),
      signals_(context_),
      patience_(context_),
      unparked_(context_),
      redraw_(context_),
      ahead_(context_)
{
    add_ending_signals(signals_);
    if (arguments.ndjson == "-") {
        output_.emplace(context_.get_executor());
    } else if (!arguments.ndjson.empty()) {
        try {
            output_.emplace(context_.get_executor(), arguments.ndjson, true);
        } catch (const std::system_error& e) {
            throw std::invalid_argument{"--ndjson: " + printable(arguments.ndjson) + ": " + e.code().message()};
        }
    }
}

harvest_run::~harvest_run() = default;

int harvest_run::run()
{
    await_signal();
    if (prepare()) {
        guard([this] { start_company(); });
        do {
            guard([this] { start_crew(); });
            run_crew();
            wind_up();
        } while (has_another_key());
    }
    close_books();
    console_.live({});
    if (!arguments_.quiet)
        for (const std::string& line : summary_lines(ending())) console_.say(line);
    if (!left_in_log_.file.empty()) console_.say(log_line(left_in_log_));
    if (stopped_by_)
        console_.say(stopped_line(*stopped_by_));
    else if (reader_gone_ && exit_code_now() == exit_code::some_incomplete)
        console_.say("unipile: stopped: the reader of " + output_name() +
                     " went away; the same command goes on where its lines ended");
    return exit_code_now();
}

harvest_ending harvest_run::ending() const
{
    harvest_ending e;
    add_up(e.tally, e.accounts);
    e.jobs = counts_;
    e.elapsed = elapsed();
    e.store = arguments_.store;
    e.rejects = imported_.rejected;
    e.withdrawn = imported_.withdrawn;
    e.all_read = imported_.all_read;
    return e;
}

/// Of this process, workers that have ended among them.
void harvest_run::add_up(harvest_tally& tally, accounts_view& view) const
{
    tally = past_;
    for (const crew_member& c : crew_) c.worker->tally().add_to(tally, view);
}

milliseconds harvest_run::elapsed() const
{
    return std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - began_);
}

/// Opens the jobs, then the store, and fills its queue; false if there is nothing to do. A jobs file that can't be one
/// leaves the store as it is.
bool harvest_run::prepare()
{
    const auto keep_going = [this] {
        context_.poll();
        return !stopping_;
    };
    phase_ = "reading jobs";
    import_request request;
    request.jobs = arguments_.jobs;
    request.rejects = arguments_.rejects;
    request.account = arguments_.account;
    request.company = arguments_.company;
    request.quiet = arguments_.quiet;
    job_file file{request, [this](std::string_view line) { console_.say(line); }, keep_going};
    imported_.all_read = file.all_read();
    if (!imported_.all_read) return false;
    plan_.run.label = file.label();

    std::unique_ptr<store::post_store> engine;
    open_usable([&] {
        store::sqlite_options options;
        options.while_locked = [this](milliseconds waited) { return wait_for_lock(waited); };
        engine = store::open_sqlite(arguments_.store, options);
        run_info_ = engine->begin_run(plan_.run, wall_now());
        // From now on those accounts' rows say that they are not parked, which is what the workers go by.
        engine->take_unpark_requests();
        engine->commit();  // before this, a file that can't be written may pass for a good one
    });
    imported_ = import_jobs(file, *engine, run_info_.run, keep_going);
    context_.poll();
    counts_ = engine->count_jobs(run_info_.run);
    writer_ = std::make_unique<store::store_writer>(std::move(engine));
    return !stopping_ && counts_.queued + counts_.delayed + counts_.leased > 0;
}

/// What goes on beside the workers, whichever they are.
void harvest_run::start_company()
{
    if (output_)
        output_->on_reader_gone([this] {
            reader_gone_ = true;
            stop_all();
        });
    const auto ended = [this](const std::exception_ptr& error) {
        if (error) failed(error);
    };
    asio::co_spawn(context_, look_for_unparked(), ended);
    if (arguments_.quiet) return;
    asio::co_spawn(context_, show(), ended);
    asio::co_spawn(context_, look_ahead(), ended);
}

void harvest_run::start_crew()
{
    harvest_shared shared;
    shared.writer = writer_.get();
    shared.run = run_info_.run;
    shared.output_is_terminal = output_ && output_->is_terminal();
    if (output_)
        shared.output = [this](std::string lines) {
            return asio::co_spawn(context_, write_lines(std::move(lines)), asio::use_awaitable);
        };
    shared.failed = [this] {
        end_process_in(last_deadline, exit_code::some_incomplete);
        asio::post(context_, [this] { give_up(); });
    };
    shared.store_failed = [this] { asio::post(context_, [this] { stop_all(); }); };
    shared.say = [this](std::string line) {
        asio::post(context_, [this, line = std::move(line)] { console_.say(line); });
    };
    phase_ = "harvesting";
    crew_.push_back({std::make_unique<harvest_worker>(plan_, shared), {}});
    for (std::size_t i = 0; i < crew_.size(); ++i) {
        crew_[i].thread = std::thread{[this, i] { work_on(i); }};
        ++at_work_;
    }
}

void harvest_run::run_crew()
{
    context_.restart();
    const auto busy = asio::make_work_guard(context_);
    while (at_work_ > 0) guard([this] { context_.run(); });
}

/// What is thrown ends the run, after its workers.
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
    end_process_in(last_deadline, exit_code::some_incomplete);
    {
        const std::lock_guard lock{error_mutex_};
        if (!error_) error_ = error;
    }
    give_up();
}

/// Ends the workers within the deadline.
void harvest_run::give_up()
{
    stop_all();
    patience_.expires_after(patience_with_pages);
    patience_.async_wait([this](error_code ec) {
        if (!ec) cancel_all();
    });
}

/// On a worker's thread.
void harvest_run::work_on(std::size_t index)
{
    name_this_thread("unipile-net");
    try {
        crew_[index].worker->run();
    } catch (...) {
        const std::lock_guard lock{error_mutex_};
        if (!error_) error_ = std::current_exception();
    }
    asio::post(context_, [this, index] { worker_ended(index); });
}

void harvest_run::worker_ended(std::size_t index)
{
    bool failed = false;
    {
        const std::lock_guard lock{error_mutex_};
        failed = error_ != nullptr;
    }
    if (const auto& f = crew_[index].worker->stopped_by(); f && !stopped_by_) stopped_by_ = f;
    if (--at_work_ == 0) context_.stop();
    if (failed || stopped_by_) stop_all();
}

void harvest_run::wind_up()
{
    for (crew_member& c : crew_)
        if (c.thread.joinable()) c.thread.join();
}

/// The key may have been changed while the harvest ran: where it is refused, its file is read again. With another key
/// in it, the jobs that were given back are taken up once more.
bool harvest_run::has_another_key()
{
    if (!stopped_by_ || stopped_by_->code() != errc::api_key_refused || arguments_.connection.api_key_file.empty())
        return false;
    if (interruptions_ > 0 || output_failed_ || reader_gone_ || error_ || writer_->failure()) return false;
    try {
        std::string key = read_key_file(arguments_.connection.api_key_file);
        if (key == plan_.client.api_key) return false;
        plan_.client.api_key = std::move(key);
    } catch (const std::invalid_argument& e) {
        console_.say("unipile: " + std::string{e.what()});
        return false;
    }
    console_.say("unipile: the key was refused; going on with the one that the key file holds now");
    accounts_view ignored;
    for (const crew_member& c : crew_) c.worker->tally().add_to(past_, ignored);
    // What workers have left at the store still answers to them.
    const auto nothing_left = std::make_shared<std::promise<void>>();
    writer_->flush([nothing_left](const std::exception_ptr&) { nothing_left->set_value(); });
    nothing_left->get_future().wait();
    crew_.clear();
    stopped_by_.reset();
    stopping_ = false;
    return true;
}

/// Brings everything to the disk; the store's failure is this run's.
void harvest_run::close_books()
{
    if (!writer_) return;
    const bool to_the_end = !stopping_;
    if (!writer_->failure()) {
        writer_->submit(0, [this, to_the_end](store::post_store& engine) {
            counts_ = engine.count_jobs(run_info_.run);
            if (to_the_end) engine.end_run(run_info_.run, outcome(), wall_now());
        });
    }
    closing_books_ = true;
    writer_->close();
    left_in_log_ = writer_->tail();
    if (output_) {
        if (const error_code ec = output_->close(); ec) output_failed_ = true;
    }
    if (error_) std::rethrow_exception(error_);
}

/// On the thread that uses the store: the writer's, or this one before there is a writer.
bool harvest_run::wait_for_lock(milliseconds waited)
{
    if (std::string line = lock_watch_.line(waited); !line.empty())
        asio::post(context_, [this, line = std::move(line)] { console_.say(line); });
    if (std::this_thread::get_id() == thread_) context_.poll();
    // An interrupt is not heard at the very end.
    return interruptions_ == 0 && (!closing_books_ || waited < longest_last_wait);
}

std::string harvest_run::outcome() const
{
    std::string text = with_thousands(counts_.done) + " done";
    if (counts_.failed > 0) text += ", " + with_thousands(counts_.failed) + " failed";
    return text;
}

std::string harvest_run::output_name() const
{
    return arguments_.ndjson == "-" ? "standard output" : printable(arguments_.ndjson);
}

void harvest_run::await_signal()
{
    signals_.async_wait([this](error_code ec, int) {
        if (!ec) interrupt();
    });
}

void harvest_run::interrupt()
{
    if (++interruptions_ > 1) {
        console_.live({});
        // The last commit is intact, and what came after it is asked for again.
        std::_Exit(exit_code::interrupted);
    }
    phase_ = "finishing the pages under way";
    if (!arguments_.quiet) console_.say("unipile: finishing the pages under way; press Ctrl-C again to stop at once");
    end_process_in(last_deadline, exit_code::interrupted);
    give_up();
    await_signal();
}

void harvest_run::stop_all()
{
    stopping_ = true;
    for (const crew_member& c : crew_) c.worker->stop();
}

void harvest_run::cancel_all()
{
    if (output_) output_->abandon();
    for (const crew_member& c : crew_) c.worker->cancel();
}

asio::awaitable<bool> harvest_run::write_lines(std::string lines)
{
    if (output_failed_ || reader_gone_) co_return false;
    const error_code ec = co_await output_->write(lines);
    if (!ec) co_return true;
    if (output_failed_ || reader_gone_) co_return false;
    if (ec == asio::error::broken_pipe) {
        reader_gone_ = true;
    } else if (ec == asio::error::operation_aborted) {
        output_failed_ = true;
        console_.say("unipile: the reader of " + output_name() +
                     " did not take the last lines; they come again with the same command");
    } else {
        output_failed_ = true;
        console_.say("unipile: " + output_name() + " can't be written: " + ec.message() +
                     "; what is not in it is not stored, and comes again with the same command");
    }
    stop_all();
    co_return false;
}

asio::awaitable<void> harvest_run::look_for_unparked()
{
    for (;;) {
        unparked_.expires_after(unpark_interval);
        co_await unparked_.async_wait(as_result);
        auto take = [](store::post_store& engine) { return engine.take_unpark_requests(); };
        const auto [ec, accounts] =
            co_await store::async_perform(*writer_, context_.get_executor(), 0, std::move(take), as_result);
        if (ec) {
            stop_all();
            co_return;
        }
        for (const std::string& account : accounts)
            for (const crew_member& c : crew_) c.worker->unpark(account);
    }
}

int harvest_run::exit_code_now() const
{
    if (stopped_by_ && stopped_by_->code() == errc::api_key_refused) return exit_code::key_refused;
    if (interruptions_ > 0) return exit_code::interrupted;
    if (stopped_by_) return exit_code_of_stop(*stopped_by_);
    const harvest_ending e = ending();
    return e.whole() && e.tally.quarantined == 0 && !output_failed_ ? exit_code::all_complete
                                                                    : exit_code::some_incomplete;
}

}  // namespace unipile::program
