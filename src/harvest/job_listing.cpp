#include "harvest/job_listing.hpp"

#include "harvest/harvest_core.hpp"
#include "paging/failures.hpp"

#include <boost/asio/post.hpp>

#include <new>

namespace unipile::harvest {

namespace asio = boost::asio;
using paging::page_outcome;

job_listing::job_listing(std::weak_ptr<harvest_core> owner, std::shared_ptr<paging::client_core> client,
                         posts_query query, const position& from, job_index i, const stream_stats& before)
    : page_reader(client, client->settings(), std::move(query), from, client->options().read_ahead),
      index(i),
      stats_before(before),
      safe(from),
      owner_(std::move(owner)),
      attempts_(settings_->retry)
{}

void job_listing::send(bool others_answered)
{
    sent_ = false;
    delay_ = {};
    begin();
    if (state().over() || !choose_page()) return hand_over({});
    if (attempts() == 0) attempts_.page_begins();
    if (!settle_last(others_answered)) return hand_over({});
    sent_ = true;
    request();
}

/// Decides whether the last request counts. Returns false if it exceeded the attempts and the listing has ended.
bool job_listing::settle_last(bool others_answered)
{
    if (!attempts_.open()) return true;
    if (!others_answered) return attempts_.excuse(), true;
    const failure last = *attempts_.open();
    const auto meaning = paging::meaning_of(last, settings_->retry, client_->first_call());
    const auto decision = attempts_.count(meaning, circumstances());
    if (!decision) fail(paging::final_failure(last, meaning, attempts(), paging::explain(decision.why_not)));
    return bool(decision);
}

job_attempts::circumstances job_listing::circumstances() const
{
    return {settings_->retry, attempts(), time_left(), client_->chance()};
}

void job_listing::posts_arrived()
{
    if (const auto owner = owner_.lock(); owner && !over) owner->listing_progressed(*this);
}

void job_listing::page_over(page_outcome outcome)
try {
    if (outcome.is_good()) attempts_.page_begins();
    if (outcome.whole) attempts_.page_succeeded(settings_->retry);
    if (outcome.what == page_outcome::kind::failed) repeat(outcome);
    items_ = outcome.items;
    hand_over(std::move(outcome));
} catch (const std::bad_alloc&) {
    if (const auto owner = owner_.lock()) owner->out_of_memory();
}

/// Decides when the request is sent again, or ends the listing.
void job_listing::repeat(const page_outcome& outcome)
{
    unsigned attempt = attempts();
    if (!outcome.is_unanswered()) {
        const auto decision = attempts_.failed(outcome, circumstances());
        if (!decision)
            return fail(
                paging::final_failure(*outcome.failure, outcome.meaning, attempt, paging::explain(decision.why_not)));
        delay_ = decision.delay;
    } else if (outcome.times_sent > 0) {
        delay_ = attempts_.unanswered(outcome, circumstances());
    } else {
        forget_attempt();
        delay_ = attempts_.unsent(circumstances());
    }
    notify_retry(*outcome.failure, attempt, delay_);
}

/// Posted, since the request may be within a call of its owner.
void job_listing::hand_over(page_outcome outcome)
{
    outcome_ = std::move(outcome);
    asio::post(executor_, [self = std::static_pointer_cast<job_listing>(shared_from_this())] {
        if (const auto owner = self->owner_.lock(); owner && !self->over) owner->listing_progressed(*self);
    });
}

void job_listing::take_posts()
{
    const auto posts = listing_.lend();
    // Both or none: a position without its posts would lose them, and posts without theirs would come twice.
    position behind = listing_.place();
    pending.insert(pending.end(), posts.begin(), posts.end());
    safe = std::move(behind);
    listing_.release_lent();  // otherwise they stay in memory until the account's next request
    taken();
}

stream_stats job_listing::stats() const noexcept { return stats_before + state().stats; }

}  // namespace unipile::harvest
