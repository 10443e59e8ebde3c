// The state of a harvest as JSON: lines of standard error, and what the page shows. `README.md` explains the fields.
// Pure.
#pragma once

#include "program/watch/state.hpp"

#include <unipile/harvest_estimate.hpp>
#include <unipile/wall_time.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace unipile::program {

/// Returns the object of `--progress json`, without a line end.
std::string status_json(const harvest_state& s);

/// Returns the object of `/status.json`: the same, each account, and what happened lately.
std::string page_json(const harvest_state& s);

/// Returns the object of `--summary json`: the same as `status_json`, how the listings ended, and each account.
std::string summary_json(const harvest_state& s);

/// Returns the object for a message. The name of the program at its beginning is left out.
std::string message_json(std::string_view text, wall_time now);

/// Returns the object for what ended the program, with its exit code.
std::string error_json(std::string_view text, int code, wall_time now);

/// What a dry run says of the jobs file.
struct jobs_file_notes {
    std::uint64_t repeated = 0;  ///< lines whose job is on an earlier line
    std::uint64_t rejected = 0;  ///< lines without a job
    std::uint64_t persons = 0;   ///< persons of accounts that are not known to be of another provider than LinkedIn
    std::uint64_t odd = 0;       ///< of those, without the form of LinkedIn's ids
};

/// Returns the object of a dry run.
std::string estimate_json(const harvest_estimate& e, const jobs_file_notes& notes);

}  // namespace unipile::program
