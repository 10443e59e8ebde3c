#include "bounded_policy.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <stdexcept>
#include <string>
#include <string_view>

namespace unipile::paging {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds longest = std::chrono::years(10);

[[noreturn]] void refuse(const char* option, std::string_view why)
{
    throw std::invalid_argument(std::string(option) + ": " + std::string(why));
}

void check(const retry_policy& r)
{
    for (const auto d : {r.base_delay, r.max_delay, r.slow_delay, r.max_retry_after, r.total})
        if (d < milliseconds(0)) refuse("retry", "a duration must not be negative");
    if (r.max_attempts == 0) refuse("retry.max_attempts", "must be at least 1; 1 never retries");
    if (std::isnan(r.budget) || r.budget < 0) refuse("retry.budget", "must be a number that is not negative");
}

}  // namespace

retry_policy bounded(retry_policy policy)
{
    check(policy);
    for (auto* d : {&policy.base_delay, &policy.max_delay, &policy.slow_delay, &policy.max_retry_after, &policy.total})
        *d = std::min(*d, longest);
    return policy;
}

}  // namespace unipile::paging
