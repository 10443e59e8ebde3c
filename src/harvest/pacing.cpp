#include <unipile/pacing.hpp>

#include "harvest/open_hours.hpp"

#include <cmath>
#include <ostream>
#include <stdexcept>

namespace unipile {
namespace {

using hour = std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr milliseconds longest_window = hour{24 * 366};

[[noreturn]] void refuse(const std::string& what) { throw std::invalid_argument("pacing: " + what); }

pacing recommended_base()
{
    pacing p;
    p.windows = {{100, hour{24}}};
    // A person pauses between requests, too.
    p.gap = {seconds{5}, seconds{30}, request_gap::shape::exponential};
    p.spread = 1;
    p.ramp = {0.3, std::chrono::days{7}};
    p.on_throttle.first_rest = hour{1};
    p.on_throttle.longest_rest = hour{24};
    p.on_throttle.long_rest = hour{24};
    return p;
}

bool share(double v) { return v > 0 && v <= 1; }

}  // namespace

pacing pacing::recommended(std::string_view provider)
{
    pacing p = recommended_base();
    if (provider != "LINKEDIN") p.windows.insert(p.windows.begin(), {10, hour{1}});
    return p;
}

pacing pacing::none()
{
    pacing p;
    p.on_throttle.first_rest = seconds{5};
    p.on_throttle.longest_rest = minutes{15};
    p.on_throttle.long_rest = minutes{15};
    return p;
}

void pacing::check() const
{
    for (const auto& w : windows) {
        if (w.limit == 0) refuse("a window has to allow one request at least");
        if (w.length < milliseconds{1} || w.length > longest_window) refuse("a window is 1 ms to 366 days long");
    }
    if (gap.least < milliseconds{0} || gap.most > longest_window) refuse("a gap is 0 ms to 366 days long");
    if (gap.most < gap.least) refuse("the longest gap is shorter than the shortest");
    if (!(spread >= 0 && spread <= 1)) refuse("spread lies between 0 and 1");
    if (!share(ramp.start)) refuse("a ramp starts above 0 % and at most at 100 %");
    if (ramp.length < std::chrono::days{0} || ramp.length > std::chrono::days{366})
        refuse("a ramp lasts 0 to 366 days");
    const auto& t = on_throttle;
    if (!share(t.factor) || !share(t.least_pace))
        refuse("on_throttle: factor and least_pace are above 0 and at most 1");
    if (!(t.recovery > 0)) refuse("on_throttle: recovery is above 0");
    for (auto d : {t.gap, t.first_rest, t.longest_rest, t.long_rest})
        if (d < milliseconds{0} || d > longest_window) refuse("on_throttle: times are 0 ms to 366 days long");
    if (hours) harvest::open_hours{*hours};
}

std::ostream& operator<<(std::ostream& out, const pacing& rules) { return out << to_string(rules); }

}  // namespace unipile
