// From a jobs file into a store's queue.
#pragma once

#include "program/job_reader.hpp"

#include <unipile/store/post_store.hpp>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace unipile::program {

struct import_request {
    std::string jobs;     ///< file, or `-` for standard input
    std::string rejects;  ///< file for the lines that hold no job; empty: none
    std::string account;  ///< of lines that name none
    bool company = false;
};

struct import_report {
    store::import_result jobs;
    std::uint64_t rejected = 0;
    bool all_read = true;  ///< false if it was told not to go on
};

/// Calls `take` for every job of the file, with the number of its line, until it returns false. The first few bad lines
/// are told by `say`, all go to the file of rejects. Returns how many they were. Throws std::invalid_argument for a
/// file that can't be read or isn't a jobs file.
std::uint64_t read_jobs(const import_request& request,
                        const std::function<bool(job_line&& job, std::uint64_t line)>& take,
                        const std::function<void(std::string_view)>& say);

/// Adds every job of the file to the run, a few thousand at a time, so that memory stays flat; commits what it added.
/// `keep_going` is asked now and then; if it says no, the rest is left out. Throws like `read_jobs`, and `store_error`.
import_report import_jobs(const import_request& request, store::post_store& store, std::int64_t run,
                          const std::function<void(std::string_view)>& say, const std::function<bool()>& keep_going);

}  // namespace unipile::program
