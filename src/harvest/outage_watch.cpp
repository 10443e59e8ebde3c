#include "harvest/outage_watch.hpp"

#include <algorithm>
#include <cstdint>

namespace unipile::harvest {

using std::chrono::milliseconds;

void outage_watch::answered() noexcept
{
    known_ = true;
    begin_anew();
}

void outage_watch::begin_anew() noexcept
{
    cut_off_ = hopeless_ = false;
    in_a_row_ = 0;
}

void outage_watch::no_answer(std::size_t accounts, const nothing& got, wall_time now, random_source& random)
{
    ++in_a_row_;
    // Requests that were under way when it began add no information.
    if (cut_off_ || in_a_row_ < std::clamp<std::size_t>(accounts, 1, most_needed)) return;
    cut_off_ = true;
    since_ = now;
    wait_ = first_wait;
    wait(got, now, random);
}

void outage_watch::wait(const nothing& got, wall_time now, random_source& random)
{
    const auto longest = got.costly ? longest_costly_wait : longest_wait;
    wait_ = std::min(wait_, longest);
    const auto drawn = static_cast<double>(wait_.count()) * random.between(0.5, 1.0);
    next_probe_ = now + milliseconds{static_cast<std::int64_t>(drawn)};
    next_probe_ = std::max(next_probe_, now + std::min(got.asked, longest_costly_wait));
    // The last probe is sent when the patience ends.
    if (patience().count() > 0) next_probe_ = std::min(next_probe_, since_ + patience());
    wait_ = std::min(2 * wait_, longest);
}

void outage_watch::probe_begins(wall_time now) noexcept
{
    // Time in which no account may send a probe shows nothing about the server and does not count against the patience.
    // The backoff is kept: probes that the server may have received count against their accounts, and a fresh start
    // would repeat them without end.
    if (now > next_probe_ + longest_wait) since_ += now - next_probe_;
}

void outage_watch::probe_failed(const nothing& got, wall_time now, random_source& random)
{
    if (patience().count() > 0 && now >= since_ + patience())
        hopeless_ = true;
    else
        wait(got, now, random);
}

}  // namespace unipile::harvest
