// The end of a harvest's run: what is stored, said, and returned.
#include "program/command.hpp"
#include "program/harvest/exit_code.hpp"
#include "program/harvest/run.hpp"
#include "program/harvest/stop.hpp"
#include "program/harvest/summary.hpp"
#include "program/output/call_result.hpp"
#include "program/posts/report.hpp"

#include <unipile/store/async.hpp>

#include <boost/asio/co_spawn.hpp>

#include <utility>

namespace unipile::program {

namespace {

namespace asio = boost::asio;

}  // namespace

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
    counts_.counted(std::get<1>(counted), stats());
    if (to_the_end) {
        store::end_run end;
        end.run = start_.run.run;
        end.outcome = outcome_of(counts_.jobs());
        end.now = wall_now();
        co_await store::async_apply(*writer_, context_.get_executor(), std::move(end), as_result);
    }
    co_await store::async_flush(*writer_, context_.get_executor(), as_result);
}

void harvest_run::sum_up()
{
    harvest_state end = state(detail::all);
    end.phase = "ended";
    end.exit_code = exit_code_now();
    if (harvester_) end.accounts.each = each_account(*harvester_, end.tally.by_account, true);
    watch_.end(end, start_.run.run != 0 || !arguments_.joins);
    if (!left_in_log_.file.empty()) log().say(log_line(left_in_log_));
    if (stopped_by_)
        log().say(stopped_line(*stopped_by_));
    else if (output_ && output_->reader_gone() && *end.exit_code == exit_code::some_incomplete)
        log().say("unipile: stopped: the reader of " + output_->name() +
                  " went away; the same command goes on where its lines ended");
}

int harvest_run::exit_code_now()
{
    if (stopped_by_ && stopped_by_->code() == errc::api_key_refused) return exit_code::key_refused;
    if (interruption_.came()) return exit_code::interrupted;
    if (stopped_by_) return exit_code_of_stop(*stopped_by_);
    const harvest_state e = state(detail::totals);
    const bool written = !output_ || !output_->failed();
    return exit_code_of(e, written);
}

}  // namespace unipile::program
