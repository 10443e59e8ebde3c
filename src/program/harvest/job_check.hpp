// Checks of a job's account and identifier. Pure.
#pragma once

#include <string>
#include <string_view>

namespace unipile::program {

/// One listing to harvest, as on a line of the jobs file.
struct job_line {
    std::string account;
    std::string identifier;
    bool is_company = false;

    friend bool operator==(const job_line&, const job_line&) = default;
};

/// Returns why no request for that job can succeed, and what to write instead; empty if one can. Contains no text of
/// the job.
std::string complaint_about(const job_line& job);

/// Returns true if a person's identifier has the form of LinkedIn's own ids (`ACo…`, `ADo…`, `ACw…`). Others may be a
/// user name of Instagram, or a LinkedIn vanity name, which the API refuses.
bool looks_like_linkedin_id(std::string_view identifier) noexcept;

}  // namespace unipile::program
