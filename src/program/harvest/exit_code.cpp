#include "program/harvest/exit_code.hpp"

#include "program/exit_codes.hpp"

namespace unipile::program {

int exit_code_of(const harvest_state& e, bool all_written)
{
    const bool flawless = all_written && e.tally.quarantined == 0 && e.rejects == 0 && e.unconfirmed() == 0;
    if (!flawless || e.jobs.failed > e.failed_before) return exit_code::some_incomplete;
    if (e.time_is_up && (e.left() > 0 || !e.all_read)) return exit_code::time_up;
    if (!e.all_read) return exit_code::some_incomplete;
    if (e.left() > 0) return e.only_parked() ? exit_code::parked : exit_code::some_incomplete;
    return e.jobs.failed > 0 ? exit_code::known_failures : exit_code::all_complete;
}

}  // namespace unipile::program
