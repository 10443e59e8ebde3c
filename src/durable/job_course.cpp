#include "durable/job_course.hpp"

#include <unipile/errc.hpp>
#include <unipile/failure.hpp>

#include <utility>

namespace unipile::durable {
namespace {

using step_kind = store::step::kind;
using kind = course_action::kind;

course_action closed(std::string how, bool done)
{
    course_action a;
    a.what = kind::close;
    a.how = std::move(how);
    a.done = done;
    return a;
}

course_action moved(kind what, const store::step& where)
{
    course_action a;
    a.what = what;
    a.where = where;
    return a;
}

course_action simply(kind what) noexcept
{
    course_action a;
    a.what = what;
    return a;
}

bool leads_elsewhere(const store::step& s) noexcept
{
    return s.what == step_kind::from_top || s.what == step_kind::from_position;
}

/// Returns true if a listing ended for no reason of its own, so that its job continues at another time.
bool is_put_off(const harvest_element& end, bool parked_waits)
{
    if (end.end_reason == end_reason::cancelled) return true;
    if (!end.failure) return false;
    if (end.failure->code() == errc::harvest_stopped || end.failure->scope() == failure_scope::key) return true;
    return parked_waits && end.failure->scope() == failure_scope::account;
}

}  // namespace

starting_place::starting_place(const store::step& where)
{
    if (where.what != step_kind::from_position) return;
    from = position::parse(where.position);
    trusted_until = where.trusted_until;
    if (!where.overlap.empty()) overlap = position::parse(where.overlap);
}

bool is_usable(const store::step& where, const posts_query& query)
{
    try {
        const starting_place at{where};
        return at.from.belongs_to(query) && at.overlap.belongs_to(query);
    } catch (const failure&) {
        return false;
    }
}

const char* to_string(course_action::kind k) noexcept
{
    switch (k) {
        case kind::wait: return "wait";
        case kind::go_on: return "go_on";
        case kind::jump: return "jump";
        case kind::finish: return "finish";
        case kind::close: return "close";
        case kind::again: return "again";
        case kind::forget_position: return "forget_position";
        case kind::give_back: return "give_back";
        case kind::report: return "report";
    }
    return "?";  // GCOVR_EXCL_LINE: every kind is above
}

std::string end_text(const harvest_element& end)
{
    if (!end.failure) return to_string(end.end_reason);
    if (const api_error* api = end.failure->api())
        return api->type.empty() ? "status " + std::to_string(api->status) : api->type;
    // The remedy follows the semicolon.
    const std::string words = end.failure->code().message();
    return words.substr(0, words.find(';'));
}

course_action job_course::page_stored(const harvest_element& page, const store::page_result& answer)
{
    const store::step& next = answer.next;
    if (next.what == step_kind::go_on) return simply(page.page_ends ? kind::go_on : kind::wait);
    if (!page.page_ends || !leads_elsewhere(next)) {
        said_ = next;
        end_ = answer.end;
        return simply(page.page_ends ? kind::finish : kind::wait);
    }
    if (!is_usable(next, page.job->query)) {
        said_ = store::step{step_kind::interrupted};
        return simply(kind::finish);
    }
    at_saved_ = next.what == step_kind::from_position;
    return moved(kind::jump, next);
}

course_action job_course::page_lost(const harvest_element& page) noexcept
{
    lost_ = true;
    return simply(page.page_ends ? kind::finish : kind::wait);
}

course_action job_course::listing_ended(const harvest_element& end, bool parked_waits) const
{
    if (lost_) return simply(kind::give_back);
    switch (said_ ? said_->what : step_kind::go_on) {
        case step_kind::complete:
        case step_kind::bounded: return closed(end_, true);
        case step_kind::not_claimed: return closed("not_claimed", false);
        case step_kind::from_top:
        case step_kind::from_position: return moved(kind::again, *said_);
        case step_kind::interrupted: return simply(kind::forget_position);
        case step_kind::go_on: break;
    }
    if (is_put_off(end, parked_waits)) return simply(kind::give_back);
    const bool refused_at_once = at_saved_ && end.failure && end.failure->scope() == failure_scope::target;
    if (refused_at_once || (end.failure && end.failure->code() == errc::position_lost))
        return simply(kind::forget_position);
    return simply(kind::report);
}

course_action job_course::end_stored(const store::step& next, std::string how)
{
    if (leads_elsewhere(next)) return moved(kind::again, next);
    if (next.what == step_kind::not_claimed) return closed("not_claimed", false);
    return closed(std::move(how), next.what == step_kind::complete || next.what == step_kind::bounded);
}

course_action job_course::position_forgotten(const store::step& next)
{
    if (next.what == step_kind::not_claimed) return closed("not_claimed", false);
    return moved(kind::again, next);
}

}  // namespace unipile::durable
