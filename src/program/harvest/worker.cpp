#include "program/harvest/worker.hpp"

#include "program/output/minify.hpp"

#include <unipile/store/async.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <chrono>
#include <exception>
#include <new>
#include <utility>

namespace unipile::program {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using step_kind = store::step::kind;

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);
/// JSON that may wait for the store, and for this program. A post in memory takes some three times its JSON. More would
/// only fill memory: the store takes pages as fast as it can as long as one is there.
constexpr std::size_t most_outstanding = 12 * 1024 * 1024;
constexpr std::size_t most_buffered = 4 * 1024 * 1024;

}  // namespace

harvest_worker::harvest_worker(const harvest_plan& plan, const harvest_shared& shared)
    : shared_(shared),
      when_parked_(plan.harvest.when_parked),
      client_(context_, plan.client),
      room_(context_),
      redraw_(context_)
{
    store_source::hooks hooks;
    hooks.parked = [this](std::string_view account) { return is_waiting(account); };
    hooks.unfinished = [this] { return has_unfinished(); };
    hooks.account_known = [this](const std::string& account, const std::optional<store::account_row>& row) {
        if (row) ledgers_.insert_or_assign(account, stored_ledger(*row));
    };
    hooks.claimed = [this](const store::claimed_job& job) {
        const auto tag = static_cast<std::uint64_t>(job.lease.job);
        const auto [at, is_new] = jobs_.try_emplace(tag);
        if (!is_new) return false;
        at->second.claimed = job;
        at->second.at_saved = job.start.what == step_kind::from_position;
        return true;
    };
    source_ = std::make_shared<store_source>(context_.get_executor(), *shared.writer, shared.run, plan.pattern, hooks);
    harvest_options options = options_for(plan);
    options.max_buffered_bytes = most_buffered;
    stream_.emplace(client_.harvest(source_->handle(), std::move(options)));
}

harvest_worker::~harvest_worker() = default;

/// Whether a job may still be handed out again.
bool harvest_worker::has_unfinished() const
{
    return std::any_of(jobs_.begin(), jobs_.end(),
                       [this](const auto& job) { return !is_waiting(job.second.claimed.spec.account); });
}

harvest_options harvest_worker::options_for(const harvest_plan& plan)
{
    harvest_options o = plan.harvest;
    o.load_ledger = [this](std::string_view account) { return load_ledger(account); };
    o.save_ledger = [this](std::string_view account, const account_ledger& l) { save_ledger(account, l); };
    o.admit = [this](std::string_view account, const account_ledger& l, harvest_options::admission go) {
        admit(account, l, std::move(go));
    };
    return o;
}

void harvest_worker::run()
{
    asio::co_spawn(context_, work(), [this](const std::exception_ptr& e) {
        if (!error_) error_ = e;
        over_ = true;
        context_.stop();
    });
    asio::co_spawn(context_, keep_view(), [this](const std::exception_ptr& e) {
        if (e && !over_) failed(e);
    });
    for (bool thrown = true; std::exchange(thrown, false);) {
        try {
            context_.run();
        } catch (...) {
            thrown = true;
            failed(std::current_exception());
        }
    }
    // What should have woken `work` was lost: only for want of memory.
    if (!over_ && !error_) error_ = std::make_exception_ptr(std::bad_alloc());
    tally_.set(view());
    if (error_) std::rethrow_exception(error_);
}

void harvest_worker::stop()
{
    asio::post(context_, [this] {
        if (over_) return;
        source_->stop();
        stream_->stop();
    });
}

void harvest_worker::cancel()
{
    asio::post(context_, [this] {
        if (over_) return;
        source_->stop();
        stream_->cancel();
    });
}

void harvest_worker::unpark(std::string account)
{
    asio::post(context_, [this, account = std::move(account)] {
        if (over_) return;
        // Its jobs may be on their way to the stream.
        if (const auto at = ledgers_.find(account); at != ledgers_.end()) at->second.unpark(wall_now());
        stream_->unpark(account);
        source_->poke();
    });
}

asio::awaitable<void> harvest_worker::work()
{
    for (;;) {
        co_await wait_for_room();
        auto [ec, element] = co_await stream_->async_next(as_result);
        if (ec) stopped_by_ = stream_->last_failure();
        if (ec || !element) break;
        handle(std::move(*element));
    }
    while (busy_ > 0) {
        room_.expires_at(std::chrono::steady_clock::time_point::max());
        co_await room_.async_wait(as_result);
    }
    // A claim that is under way comes before this at the store, and what it brings nobody will take.
    source_->stop();
    auto nothing = [](store::post_store&) { return true; };
    co_await store::async_perform(*shared_.writer, context_.get_executor(), 0, std::move(nothing), as_result);
    std::vector<std::uint64_t> left;
    left.reserve(jobs_.size());
    for (const auto& [tag, job] : jobs_) left.push_back(tag);
    for (const std::uint64_t tag : left)
        if (!store_failed_ && !error_) co_await give_back(tag, jobs_[tag]);
}

asio::awaitable<void> harvest_worker::wait_for_room()
{
    while (outstanding_ > most_outstanding) {
        room_.expires_at(std::chrono::steady_clock::time_point::max());
        co_await room_.async_wait(as_result);
    }
}

void harvest_worker::handle(harvest_element element)
{
    const std::uint64_t tag = element.job->tag;
    const auto at = jobs_.find(tag);
    if (at == jobs_.end()) {
        // Nobody waits for it, but as long as its page has no answer the harvest has no end.
        if (element.page_ends) stream_->finish(element.number);
        return;
    }
    active_job& job = at->second;
    count_requests(job, element);
    if (!element.posts.empty() || !element.quarantined.empty() || element.page_ends) {
        harvest_element page = element;
        page.ended = false;
        job.writing = true;
        spawn(take_page(std::move(page)));
    }
    if (!element.ended) return;
    element.posts.clear();
    element.quarantined.clear();
    job.ended = std::move(element);
    if (!job.writing) spawn(settle(tag));
}

/// A piece of work that `work` waits for.
void harvest_worker::spawn(asio::awaitable<void> piece)
{
    ++busy_;
    try {
        asio::co_spawn(context_, std::move(piece), [this](const std::exception_ptr& error) {
            --busy_;
            if (error) failed(error);
            room_.cancel();
        });
    } catch (...) {
        --busy_;
        throw;
    }
}

/// Something was thrown that nothing here expects: nothing more is begun, and `run` throws it.
void harvest_worker::failed(const std::exception_ptr& error)
{
    if (!error_) error_ = error;
    shared_.failed();
    source_->stop();
    stream_->cancel();
}

/// What is stored was written before: a page that could not be written comes again in another run.
asio::awaitable<void> harvest_worker::take_page(harvest_element element)
{
    const std::uint64_t tag = element.job->tag;
    active_job& job = jobs_[tag];
    if (!job.unwritten) job.unwritten = !co_await write_out(element);
    if (!job.unwritten)
        co_await store_page(job, element);
    else if (element.page_ends)
        stream_->finish(element.number);
    job.writing = false;
    if (job.ended && !store_failed_) spawn(settle(tag));
}

asio::awaitable<bool> harvest_worker::write_out(const harvest_element& element)
{
    if (!shared_.output || element.posts.empty()) co_return true;
    std::string lines;
    std::string copy;
    for (const post& p : element.posts) append_json_line(lines, p.valid_json(copy), shared_.output_is_terminal);
    co_return co_await shared_.output(std::move(lines));
}

asio::awaitable<void> harvest_worker::store_page(active_job& job, const harvest_element& element)
{
    store::page_write write;
    job.at_saved = false;
    write.lease = job.claimed.lease;
    write.add(element.posts);
    for (const quarantined_item& item : element.quarantined) write.quarantined.push_back({item.raw, item.why});
    write.position = element.position.text();
    write.page_ends = element.page_ends;
    const auto limit = static_cast<std::uint64_t>(element.job->query.limit);
    if (element.page_ends) write.missing = limit - std::min(limit, element.page_items);
    write.empty_pages = element.job->query.empty_page_tolerance;
    write.overlapped = element.overlapped;
    write.requests = element.stats.requests - job.requests_told;
    write.now = wall_now();
    job.requests_told = element.stats.requests;
    const std::size_t bytes = write.bytes();
    outstanding_ += bytes;
    const auto [ec, result] =
        co_await store::async_write(*shared_.writer, context_.get_executor(), std::move(write), as_result);
    outstanding_ -= bytes;
    if (ec) {
        store_failed();
    } else {
        count(element, result);
        obey(job, element, result.next);
    }
}

/// What the store says comes next with a job.
void harvest_worker::obey(active_job& job, const harvest_element& page, const store::step& next)
{
    const bool elsewhere = next.what == step_kind::from_position || next.what == step_kind::from_top;
    if (next.what == step_kind::go_on) {
        if (page.page_ends) stream_->go_on(page.number);
        return;
    }
    if (page.page_ends && elsewhere) {
        try {
            const starting_place to{next};
            stream_->jump(page.number, to.from, to.trusted_until, to.overlap);
            job.at_saved = next.what == step_kind::from_position;
            return;
        } catch (const failure&) {
            job.verdict = store::step{step_kind::interrupted, {}, false};  // a position that can't be used
        }
    } else {
        job.verdict = next;
    }
    if (page.page_ends) stream_->finish(page.number);
}

/// A job's listing has ended, and all its pages are stored.
asio::awaitable<void> harvest_worker::settle(std::uint64_t tag)
{
    active_job& job = jobs_[tag];
    const harvest_element end = std::move(*std::exchange(job.ended, std::nullopt));
    const step_kind said = job.verdict ? job.verdict->what : step_kind::go_on;
    if (job.unwritten) {
        co_await give_back(tag, job);
    } else if (said == step_kind::complete || said == step_kind::bounded) {
        close_job(tag, said == step_kind::complete ? "up_to_date" : "bounds_reached", true);
    } else if (said == step_kind::lost_lease) {
        close_job(tag, "lost_lease", false);
    } else if (said == step_kind::from_top || said == step_kind::from_position) {
        const store::step where = *job.verdict;
        start_again(job, where);
    } else if (said == step_kind::interrupted) {
        co_await forget_position(tag, job);
    } else {
        co_await settle_end(tag, job, end);
    }
    source_->poke();
}

/// The saved position is of no use: the listing starts anew.
asio::awaitable<void> harvest_worker::forget_position(std::uint64_t tag, active_job& job)
{
    auto forget = [lease = job.claimed.lease, now = wall_now()](store::post_store& engine) {
        return engine.lost_position(lease, now);
    };
    const auto [ec, next] =
        co_await store::async_perform(*shared_.writer, context_.get_executor(), 0, std::move(forget), as_result);
    if (ec)
        store_failed();
    else if (next.what == step_kind::lost_lease)
        close_job(tag, "lost_lease", false);
    else
        start_again(job, next);
}

void harvest_worker::start_again(active_job& job, const store::step& where)
{
    const store::claimed_job claimed = [&] {
        store::claimed_job c = job.claimed;
        c.start = where;
        return c;
    }();
    job = {};
    job.claimed = claimed;
    job.at_saved = where.what == step_kind::from_position;
    source_->again(claimed);
}

void harvest_worker::close_job(std::uint64_t tag, const std::string& how, bool done, const std::string& failure)
{
    const auto at = jobs_.find(tag);
    const store::job_spec spec = at->second.claimed.spec;
    jobs_.erase(at);
    tally_.update([&](harvest_tally& t) {
        add_kind(t.by_end, how);
        if (!done && !failure.empty() && t.by_end.contains(how)) t.failure_of.emplace(how, failure);
        ++(done ? t.jobs_done : t.jobs_failed);
        account_tally& a = t.by_account[spec.account];
        ++(done ? a.done : a.failed);
    });
}

/// Another run, or this one later, goes on with the job.
asio::awaitable<void> harvest_worker::give_back(std::uint64_t tag, active_job& job)
{
    auto release = [lease = job.claimed.lease](store::post_store& engine) {
        return engine.release(lease, std::nullopt);
    };
    const auto [ec, released] =
        co_await store::async_perform(*shared_.writer, context_.get_executor(), 0, std::move(release), as_result);
    if (ec) store_failed();
    jobs_.erase(tag);
    tally_.update([](harvest_tally& t) { ++t.jobs_left; });
}

void harvest_worker::store_failed()
{
    if (std::exchange(store_failed_, true)) return;
    shared_.store_failed();
    source_->stop();
    stream_->cancel();
}

}  // namespace unipile::program
