#include "program/harvest/estimate_lines.hpp"

#include "program/terminal/figures.hpp"
#include "program/terminal/safe_text.hpp"

#include <cstdint>

namespace unipile::program {

std::vector<std::string> estimate_lines(const harvest_estimate& e)
{
    std::vector<std::string> lines;
    const auto counted = [](std::uint64_t n, const char* one) {
        return with_thousands(n) + ' ' + one + (n == 1 ? "" : "s");
    };
    if (e.accounts == 0) {
        lines.emplace_back("there is no job to do");
    } else {
        lines.push_back(counted(e.jobs, "job") + " of " + counted(e.accounts, "account") + ": about " +
                        counted(e.requests, "request"));
        lines.push_back(
            "time: about " + human_duration(e.duration) +
            (e.connection_bound ? ", bound by the number of connections" : ", bound by the accounts' pace"));
        if (!e.connection_bound)
            lines.push_back("slowest account: " + printable(e.slowest, 80) + ", " + counted(e.slowest_jobs, "job") +
                            ", about " + human_duration(e.slowest_duration));
        if (e.over_a_day > 0) lines.push_back(counted(e.over_a_day, "account") + " will take more than a day");
    }
    if (e.parked_accounts > 0)
        lines.push_back(counted(e.parked_accounts, "account") + " with " + counted(e.parked_jobs, "job") +
                        " parked: not counted until unparked (`unipile accounts --unpark`)");
    return lines;
}

}  // namespace unipile::program
