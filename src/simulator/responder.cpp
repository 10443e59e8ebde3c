#include "simulator/responder.hpp"

#include "simulator/errors.hpp"
#include "simulator/generate.hpp"
#include "simulator/random.hpp"
#include "simulator/render.hpp"

#include <algorithm>
#include <ctime>

namespace unipile::simulator {
namespace {

std::string retry_after_line(std::uint32_t seconds, bool as_date, std::chrono::system_clock::time_point now)
{
    if (!as_date) return "Retry-After: " + std::to_string(seconds) + "\r\n";
    const auto then = now + std::chrono::seconds(seconds);
    const auto time = std::chrono::system_clock::to_time_t(then);
    std::tm parts{};
    gmtime_r(&time, &parts);
    char text[64];
    const auto length = std::strftime(text, sizeof text, "Retry-After: %a, %d %b %Y %H:%M:%S GMT\r\n", &parts);
    return std::string(text, length);
}

bool is_disruption(fault_kind kind)
{
    return kind == fault_kind::reset || kind == fault_kind::close || kind == fault_kind::stall ||
           kind == fault_kind::truncate || kind == fault_kind::hang_up;
}

}  // namespace

std::size_t responder::page_hash::operator()(const page_id& id) const
{
    return static_cast<std::size_t>(mix(id.account, id.profile, id.at.place, id.at.page, id.at.salt));
}

responder::responder(simulator::options what)
    : options_(std::move(what)),
      time_(options_.clock),
      people_(options_),
      cache_(options_.cache),
      api_key_(options_.api_key),
      faults_(std::make_shared<const std::vector<fault>>(options_.faults))
{}

answer responder::refuse(unsigned status, std::string_view type, std::string_view detail) const
{
    answer result;
    result.status = status;
    result.body = std::make_shared<const std::string>(error_body(status, type, detail));
    return result;
}

answer responder::respond(const request& request, time_point now)
{
    std::optional<page_job> job;
    auto result = decide(request, now, job);
    if (job) {
        result.body = page(*job);
        result.gzip = job->gzip;
        result.framing = options_.framing;
    }
    return result;
}

/// Sets `job` if the answer is a page.
answer responder::decide(const request& request, time_point now, std::optional<page_job>& job)
{
    const auto target = parse_target(request.target);
    const std::lock_guard lock(mutex_);
    ++stats_.requests;
    age_cursors(now);
    if (request.api_key != api_key_) return refuse(401, "errors/missing_credentials");
    if (request.method != "GET") return refuse(404, "errors/resource_not_found", "There is no such route.");
    if (target.status != 0) return refuse(target.status, target.type, target.detail);
    const auto account = people_.find_account(target.query.account);
    if (!account) return refuse(422, "errors/invalid_account");

    auto& state = accounts_[*account];
    ++state.requests;
    logged_request* entry = nullptr;
    if (options_.log_requests) {
        const auto& q = target.query;
        entry = &log_.emplace_back(logged_request{now, q.account, q.identifier, q.cursor, q.limit, 0, 0});
    }
    auto refusal = account_refusal(state, now);
    auto result = refusal ? std::move(*refusal) : decide_page(target.query, *account, job, entry);
    if (job) job->gzip = options_.gzip && request.accepts_gzip;
    if (entry) result.log_entry = log_.size() - 1;
    return result;
}

/// Counts the request against the account's limits.
std::optional<answer> responder::account_refusal(account_state& state, time_point now) const
{
    if (state.error) {
        auto result = refuse(state.error->status, state.error->type);
        if (state.error->retry_after) result.headers = retry_after_line(*state.error->retry_after, false, time_.wall());
        return result;
    }
    state.windows.resize(options_.limits.size(), window{now, 0});
    std::optional<std::chrono::milliseconds> wait;
    for (std::size_t i = 0; i < state.windows.size(); ++i) {
        const auto& limit = options_.limits[i];
        auto& current = state.windows[i];
        if (now - current.start >= limit.window) {
            current.start += (now - current.start) / limit.window * limit.window;
            current.used = 0;
        }
        if (current.used++ < limit.requests) continue;
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(current.start + limit.window - now);
        wait = std::max(wait.value_or(left), left);
    }
    if (!wait) return std::nullopt;
    auto result = refuse(429, "errors/too_many_requests");
    result.headers = retry_after_line(static_cast<std::uint32_t>((wait->count() + 999) / 1000), false, time_.wall());
    return result;
}

answer responder::decide_page(const page_query& query, std::uint32_t account, std::optional<page_job>& job,
                              logged_request* entry)
{
    const auto owner = people_.find_profile(query.identifier);
    // Only LinkedIn has companies; elsewhere the parameter is ignored.
    const bool company = query.is_company && owner && owner->provider == provider::linkedin;
    if (!owner || owner->provider != people_.provider_of(account) || company != owner->who.is_company)
        return refuse(422, "errors/invalid_recipient");

    page_place place;
    place.is_first = query.cursor.empty();
    place.limit = query.limit == 0 ? options_.default_limit : query.limit;
    place.cursors = options_.cursors;
    place.end = end_of(*owner);
    const auto bound = binding(account, owner->index);
    if (!place.is_first) {
        auto at = decode(query.cursor, bound);
        if (!at && lifetimes_ > 0) at = decode(query.cursor, binding(account, owner->index, 1));
        if (!at) return refuse(422, "errors/unprocessable_entity");
        place.at = *at;
    }

    const page_id id{account, owner->index, place.at};
    auto& counts = pages_[id];
    const page_attempt attempt{options_.seed,     account,       owner->index,      query.account,
                               owner->identifier, place.at.page, ++counts.requests, stats_.requests};
    if (entry) entry->attempt = counts.requests;
    answer result;
    page_effects effects;
    if (!apply_faults(attempt, result, effects)) return result;

    const auto changes = changes_of(owner->index);
    const listing posts(*owner, changes);
    const auto plan = plan_page(posts, place, effects);
    if (plan.dead) {
        auto refusal = refuse(422, "errors/unprocessable_entity");
        refusal.latency = result.latency;
        return refusal;
    }
    result.page = id;
    result.posts = plan.count;
    job.emplace(page_job{*owner, account, posts, changes, plan, bound, faults_, faults_version_, false});
    return result;
}

/// Returns false if a fault determines the answer, so that no page is rendered.
bool responder::apply_faults(const page_attempt& attempt, answer& result, page_effects& effects)
{
    result.dice = mix(options_.seed, attempt.account, attempt.profile, attempt.page, attempt.attempt);
    result.latency = latency(result.dice);
    for (std::size_t i = 0; i < faults_->size(); ++i) {
        const auto& fault = (*faults_)[i];
        if (!hits(fault, i, attempt)) continue;
        const bool late = result.disruption && (is_disruption(fault.kind) || fault.kind == fault_kind::status);
        if (late) continue;  // the first fault that determines the course of an answer applies
        ++stats_.faults;
        if (fault.kind == fault_kind::status) {
            auto failure = failing(fault);
            failure.latency = result.latency;
            result = std::move(failure);
            return false;
        }
        if (is_disruption(fault.kind))
            result.disruption = fault;
        else if (fault.kind == fault_kind::chunk)
            result.chunk = fault.size;
        else if (fault.kind == fault_kind::drip)
            result.drip = fault.size;
        else
            add_effect(fault, effects);
    }
    return true;
}

answer responder::failing(const fault& fault) const
{
    const auto type = fault.type.empty() ? usual_type(fault.status) : std::string_view(fault.type);
    auto result = refuse(fault.status, type);
    switch (fault.body) {
        case fault::body_kind::json: break;
        case fault::body_kind::html:
            result.body = std::make_shared<const std::string>(html_body(fault.status));
            result.content_type = "text/html";
            break;
        case fault::body_kind::empty: result.body = std::make_shared<const std::string>(); break;
        case fault::body_kind::other:
            result.body = std::make_shared<const std::string>(R"({"error":{"code":17,"message":["no"]}})");
            break;
    }
    if (fault.retry_after)
        result.headers += retry_after_line(*fault.retry_after, fault.retry_after_as_date, time_.wall());
    if (!fault.location.empty()) result.headers += "Location: " + fault.location + "\r\n";
    return result;
}

std::chrono::milliseconds responder::latency(std::uint64_t dice) const
{
    const auto range = static_cast<std::uint64_t>((options_.latency_max - options_.latency_min).count());
    return options_.latency_min + std::chrono::milliseconds(static_cast<std::int64_t>(mix(dice, 7) % (range + 1)));
}

end_style responder::end_of(const traits& owner) const
{
    if (options_.end != end_style::mixed) return options_.end;
    static constexpr end_style styles[] = {end_style::null_cursor, end_style::empty_page, end_style::dead_cursor};
    return styles[mix(owner.seed, 0xe2d) % std::size(styles)];
}

page_cache::page responder::page(const page_job& job)
{
    const auto& p = job.plan;
    const auto kind = static_cast<std::uint64_t>(p.next) << 8 | static_cast<std::uint64_t>(p.odd_cursor);
    const auto content =
        mix(job.owner.index, job.account, p.first, p.count, kind, p.next_cursor.place, p.next_cursor.page,
            p.next_cursor.salt, job.binding.generation, job.changes.version, job.faults_version, job.gzip ? 1u : 0u);
    const page_cache::key key{content,
                              mix(content ^ options_.seed, p.first, job.owner.index, kind, p.count, job.account)};
    if (auto found = cache_.find(key)) return found;
    auto text = render(job);
    if (job.gzip) text = compress(text);
    auto made = std::make_shared<const std::string>(std::move(text));
    cache_.insert(key, made);
    return made;
}

std::string responder::render(const page_job& job) const
{
    const auto account = people_.account_name(job.account);
    std::string items;
    items.reserve(job.plan.count * std::size_t{2600});
    json_writer out(items);
    const auto reader = viewer_of(job.owner, job.account);
    for (std::uint64_t i = 0; i < job.plan.count; ++i) {
        const auto serial = job.posts.serial_at(job.plan.first + i);
        const auto deviations = deviations_of(options_, *job.faults, job.owner, account, serial);
        write_post(out, {.owner = job.owner,
                         .serial = serial,
                         .revision = job.changes.revision,
                         .viewer = reader,
                         .now = options_.now,
                         .deviations = deviations});
    }
    std::string next = "null";
    if (job.plan.next == page_plan::next_kind::cursor) {
        next = '"' + encode(job.plan.next_cursor, job.binding) + '"';
    } else if (job.plan.next == page_plan::next_kind::odd) {
        static constexpr std::string_view values[] = {"\"\"", "", "17", R"({"nullable":true})"};
        next = values[static_cast<std::size_t>(job.plan.odd_cursor)];
    }
    // The page's own deviations are drawn like those of a post that does not exist.
    const auto dice = mix(job.owner.seed, job.plan.first, job.plan.count);
    const auto deviations = deviations_of(options_, *job.faults, job.owner, account, dice);
    return join_page(items, next, job.plan.count, deviations, dice);
}

void responder::written(const answer& answer, std::uint64_t bytes, bool whole)
{
    const std::lock_guard lock(mutex_);
    stats_.bytes += bytes;
    if (answer.page && whole) {
        ++stats_.pages;
        stats_.posts += answer.posts;
        if (const auto found = pages_.find(*answer.page); found != pages_.end()) ++found->second.answered;
        if (options_.delete_every > 0 && stats_.pages % options_.delete_every == 0) delete_newest(answer.page->profile);
    }
    if (answer.status != 200) ++stats_.errors;
    if (answer.log_entry < log_.size()) log_[answer.log_entry].status = whole ? answer.status : 0;
}

void responder::connected()
{
    const std::lock_guard lock(mutex_);
    ++stats_.connections;
    ++stats_.open_connections;
}

void responder::disconnected()
{
    const std::lock_guard lock(mutex_);
    --stats_.open_connections;
}

void responder::shook_hands(bool resumed)
{
    const std::lock_guard lock(mutex_);
    ++stats_.handshakes;
    if (resumed) ++stats_.resumed_handshakes;
}

cursor_binding responder::binding(std::uint32_t account, std::uint32_t profile, std::uint32_t lifetimes_ago) const
{
    constexpr std::uint32_t bits = 20;
    const std::uint32_t generation = generation_ << bits | (lifetimes_ - lifetimes_ago) % (1u << bits);
    return {.seed = options_.seed, .account = account, .profile = profile, .generation = generation};
}

/// A cursor belongs to the period in which it was given out, and is valid until the next one has ended.
void responder::age_cursors(time_point now)
{
    if (!first_request_) first_request_ = now;
    if (options_.cursor_ttl.count() > 0)
        lifetimes_ = static_cast<std::uint32_t>((now - *first_request_) / options_.cursor_ttl);
}

void responder::delete_newest(std::uint32_t profile)
{
    const listing posts(people_.profile(profile), changes_of(profile));
    if (posts.size() == 0) return;
    const std::uint64_t serial = posts.serial_at(0);
    auto& removed = change(profile).removed;
    removed.insert(std::lower_bound(removed.begin(), removed.end(), serial), serial);
}

viewer responder::viewer_of(const traits& owner, std::uint32_t account) const
{
    return {.hash = mix(options_.seed, 0x41ee3, account), .is_home = owner.home == account};
}

}  // namespace unipile::simulator
