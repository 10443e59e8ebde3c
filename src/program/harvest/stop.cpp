#include "program/harvest/stop.hpp"

#include "program/command.hpp"
#include "program/posts/report.hpp"

#include <unipile/errc.hpp>

namespace unipile::program {

int exit_code_of_stop(const failure& why)
{
    if (why.code() == errc::api_key_refused) return exit_code::key_refused;
    if (why.code() == errc::accounts_unknown || why.code() == errc::identifiers_refused) return exit_code::usage_error;
    if (why.code() == errc::server_unavailable || why.code() == errc::not_from_api) return exit_code::out_of_reach;
    return why.scope() == failure_scope::passing ? exit_code::out_of_reach : exit_code::some_incomplete;
}

std::string stopped_line(const failure& why)
{
    const bool outage = exit_code_of_stop(why) == exit_code::out_of_reach;
    std::string line = outage ? "unipile: stopped by an outage: " : "unipile: stopped: ";
    line += failure_text(why);
    if (why.api() != nullptr) return line;
    const bool wrong = exit_code_of_stop(why) == exit_code::usage_error;
    return line + (wrong ? "; nothing is lost: with that put right, the same command goes on"
                         : "; nothing is lost: the same command goes on");
}

}  // namespace unipile::program
