#include "simulator/page_plan.hpp"

#include "simulator/random.hpp"

#include <algorithm>

namespace unipile::simulator {
namespace {

std::uint64_t position(const listing& posts, const page_place& place)
{
    if (place.at.place == cursor::start) return 0;
    if (place.at.place == cursor::end) return posts.size();
    return place.cursors == cursor_style::offset ? std::min(place.at.place, posts.size())
                                                 : posts.position_of(place.at.place);
}

cursor cursor_at(const listing& posts, const page_place& place, std::uint64_t position, std::uint32_t page)
{
    cursor result;
    result.page = page;
    if (position == 0) return result;
    result.place = place.cursors == cursor_style::offset ? position : posts.serial_at(position);
    return result;
}

void go_to(page_plan& plan, const cursor& next)
{
    plan.next = page_plan::next_kind::cursor;
    plan.next_cursor = next;
}

void go_to_end(page_plan& plan, const page_place& place, std::uint32_t salt)
{
    cursor next;
    next.place = cursor::end;
    next.page = place.at.page + 1;
    next.salt = salt;
    go_to(plan, next);
}

void close_with(page_plan& plan, fault::cursor_kind kind)
{
    plan.next = page_plan::next_kind::odd;
    plan.odd_cursor = kind;
}

/// Plans the end of a page that has the listing's last post.
void finish(page_plan& plan, const page_place& place, const page_effects& effects)
{
    if (effects.endless) return go_to_end(plan, place, 0);
    switch (place.end) {
        case end_style::null_cursor:
        case end_style::mixed: break;
        case end_style::empty_page:
        case end_style::dead_cursor: return go_to_end(plan, place, 0);
        case end_style::empty_cursor: return close_with(plan, fault::cursor_kind::empty);
        case end_style::no_cursor: return close_with(plan, fault::cursor_kind::missing);
    }
}

/// Plans the page of a request behind the last post.
page_plan behind_the_end(const listing& posts, const page_place& place, const page_effects& effects)
{
    page_plan plan;
    plan.first = posts.size();
    if (effects.endless) {
        if (effects.endless_repeats) {
            plan.count = static_cast<std::uint32_t>(std::min<std::uint64_t>(place.limit, posts.size()));
            plan.first -= plan.count;
        }
        go_to_end(plan, place, place.at.salt + 1);
    } else {
        plan.dead = place.end == end_style::dead_cursor;
    }
    return plan;
}

/// Returns the cursor of the page `back - 1` pages before this one: for 1, the page's own.
cursor back(const listing& posts, const page_place& place, std::uint64_t position, std::uint32_t back)
{
    if (back == 1) return place.at;
    if (back > place.at.page) return cursor{};
    const auto distance = static_cast<std::uint64_t>(place.limit) * (back - 1);
    return cursor_at(posts, place, position > distance ? position - distance : 0, place.at.page - (back - 1));
}

std::uint64_t chance_hash(const fault& fault, std::size_t index, const page_attempt& a)
{
    // Applies to a listing as a whole, whichever page is requested.
    const auto page = fault.kind == fault_kind::endless ? 0 : a.page;
    return mix(a.seed, 0xfa017, index, a.account, a.profile, page);
}

}  // namespace

page_plan plan_page(const listing& posts, const page_place& place, const page_effects& effects)
{
    page_plan plan;
    if (effects.dead && !place.is_first) {
        plan.dead = true;
        return plan;
    }
    if (place.at.place == cursor::end) return behind_the_end(posts, place, effects);
    const auto start = position(posts, place);
    if (place.at.salt < effects.empty) {
        plan.first = start;
        go_to(plan, place.at);
        ++plan.next_cursor.salt;
    } else {
        const auto capacity = effects.half ? (place.limit + 1) / 2 : place.limit;
        const auto again = std::min<std::uint64_t>({effects.duplicates, capacity / 2, start});
        plan.first = start - again;
        plan.count = static_cast<std::uint32_t>(std::min<std::uint64_t>(capacity, posts.size() - plan.first));
        const auto next = plan.first + plan.count;
        if (next < posts.size())
            go_to(plan, cursor_at(posts, place, next, place.at.page + 1));
        else if (posts.size() > 0)
            finish(plan, place, effects);
        if (effects.loop > 0) go_to(plan, back(posts, place, start, effects.loop));
    }
    if (effects.odd_cursor) close_with(plan, *effects.odd_cursor);
    return plan;
}

bool hits(const fault& fault, std::size_t index, const page_attempt& a)
{
    if (fault.kind == fault_kind::drift) return false;
    if (!fault.account.empty() && fault.account != a.account_name) return false;
    if (!fault.identifier.empty() && fault.identifier != a.identifier) return false;
    if (fault.page != 0 && fault.page != a.page) return false;
    if (fault.every != 0 && a.page % fault.every != 0) return false;
    if (fault.request != 0 && fault.request != a.request) return false;
    if (a.attempt <= fault.after) return false;
    if (fault.burst != 0 && a.attempt - fault.after > fault.burst) return false;
    return !fault.rate || unit(chance_hash(fault, index, a)) < *fault.rate;
}

void add_effect(const fault& fault, page_effects& effects)
{
    switch (fault.kind) {
        case fault_kind::loop: effects.loop = fault.count; break;
        case fault_kind::empty_pages: effects.empty = fault.count; break;
        case fault_kind::duplicates: effects.duplicates = fault.count; break;
        case fault_kind::dead_cursor: effects.dead = true; break;
        case fault_kind::short_page: effects.half = true; break;
        case fault_kind::odd_cursor: effects.odd_cursor = fault.cursor; break;
        case fault_kind::endless:
            effects.endless = true;
            effects.endless_repeats = fault.repeat;
            break;
        default: break;
    }
}

unsigned deviations_of(const options& options, const std::vector<fault>& faults, const traits& owner,
                       std::string_view account, std::uint64_t serial)
{
    unsigned result = 0;
    if (options.deviations != 0) {
        auto dice = mix(owner.seed, 0xdeb1a7e, serial);
        for (unsigned bit = 1; bit <= options.deviations; bit <<= 1, dice = mix(dice))
            if (dice % 3 == 0) result |= options.deviations & bit;
    }
    for (std::size_t i = 0; i < faults.size(); ++i) {
        const auto& fault = faults[i];
        if (fault.kind != fault_kind::drift) continue;
        if (!fault.account.empty() && fault.account != account) continue;
        if (!fault.identifier.empty() && fault.identifier != owner.identifier) continue;
        if (fault.rate && unit(mix(owner.seed, 0xd21f7, i, serial)) >= *fault.rate) continue;
        result |= fault.deviations;
    }
    return result;
}

}  // namespace unipile::simulator
