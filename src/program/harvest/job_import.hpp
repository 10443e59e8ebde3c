// Imports a jobs file into a store's queue.
#pragma once

#include "program/harvest/job_reader.hpp"
#include "program/harvest/jobs_input.hpp"

#include <unipile/store/engine.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace unipile::program {

struct import_request {
    std::string jobs;     ///< file, or `-` for standard input
    std::string rejects;  ///< file for the lines without a job; empty: none
    std::string account;  ///< for lines that name none
    bool company = false;
    job_columns columns = {};
    bool quiet = false;  ///< without the line on unused columns
};

struct import_report {
    std::uint64_t rejected = 0;   ///< lines without a job
    std::uint64_t withdrawn = 0;  ///< jobs of the run that are no longer in the file
    std::uint64_t repeated = 0;   ///< lines whose job is on an earlier line
    bool all_read = true;         ///< false if it was stopped before its end
};

/// The jobs of a file, in order. The first few invalid lines are passed to `say`, all of them to the file of rejects.
class job_file {
public:
    using speaker = std::function<void(std::string_view line)>;

    /// Opens the file, and reads it up to its first job. `keep_going` is called while a pipe is read and after every
    /// ten thousand lines without a job; if it returns false, the rest is left out. Throws std::invalid_argument, one
    /// line that says what to change, for a file that can't be read, is no jobs file, or has no job, and for a file of
    /// rejects that can't be written.
    job_file(const import_request& request, speaker say, const std::function<bool()>& keep_going);
    ~job_file();

    /// Returns the same text for the same file, or for the same content of a pipe.
    const std::string& label() const noexcept { return input_.label(); }
    /// Returns a text that identifies the list of jobs: the content of the file, and what its lines leave out. Reads
    /// the whole file. Empty if that fails.
    std::string list() const { return list_of(input_.content()); }
    /// Returns the same of the lines that were read, after the last job.
    std::string list_read() const { return list_of(input_.content_read()); }
    /// Returns the next job; empty at the end. Throws std::invalid_argument if reading or writing fails.
    std::optional<job_line> next();
    /// Returns false if `keep_going` stopped it before its end.
    bool all_read() const noexcept { return input_.all_read() && !stopped_; }
    /// Closes the rejects and returns their number. Called once, after the last job.
    std::uint64_t finish();

private:
    class reject_file;

    std::optional<job_line> read_on();
    std::string list_of(const std::string& content) const;

    import_request request_;
    speaker say_;
    std::function<bool()> keep_going_;
    jobs_input input_;
    job_reader reader_;
    std::unique_ptr<reject_file> rejects_;
    std::uint64_t rejected_ = 0;
    std::optional<job_line> first_;
    bool stopped_ = false;
};

/// Returns the line on lines of a jobs file that repeat a job.
std::string repetition_line(std::uint64_t lines);

/// Adds every job of the file to the run, a few thousand at a time, so that memory is bounded; commits what it added.
/// Does no more than the store needs if the file is the one that it was given last: see `store::repeat_import`.
/// `keep_going` is called from time to time; if it returns false, the rest is left out. Throws like `job_file`, and
/// `store_error`.
import_report import_jobs(job_file& file, store::engine& store, std::int64_t run,
                          const std::function<bool()>& keep_going);

}  // namespace unipile::program
