#include "program/job_import.hpp"

#include "program/job_reader.hpp"
#include "program/text.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iostream>
#include <numeric>
#include <stdexcept>
#include <utility>
#include <vector>

namespace unipile::program {
namespace {

constexpr std::size_t jobs_at_once = 50'000;
constexpr std::uint64_t complaints_shown = 10;

/// The lines that held no job, in a file that can be mended and used again.
class reject_file {
public:
    explicit reject_file(std::string path) : path_(std::move(path)) {}

    void add(const std::string& header, const std::string& line)
    {
        if (path_.empty()) return;
        if (!out_.is_open()) {
            out_.open(path_, std::ios::binary | std::ios::trunc);
            if (!header.empty()) out_ << header << '\n';
        }
        out_ << line << '\n';
        if (!out_) fail();
    }
    void close()
    {
        if (!out_.is_open()) return;
        out_.close();
        if (!out_) fail();
    }

private:
    [[noreturn]] void fail() const
    {
        throw std::invalid_argument{"--rejects: " + printable(path_) + " can't be written: " + std::strerror(errno)};
    }

    std::string path_;
    std::ofstream out_;
};

/// Makes them neighbours in the store's indexes: a long file costs a tenth of the writing then. Keeps the order within
/// an account, the only one that has a meaning.
void sort_by_account(std::vector<store::job_spec>& jobs)
{
    std::vector<std::size_t> order(jobs.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::sort(order.begin(), order.end(), [&jobs](std::size_t a, std::size_t b) {
        const int compared = jobs[a].account.compare(jobs[b].account);
        return compared != 0 ? compared < 0 : a < b;
    });
    std::vector<store::job_spec> sorted;
    sorted.reserve(jobs.size());
    for (const std::size_t i : order) sorted.push_back(std::move(jobs[i]));
    jobs = std::move(sorted);
}

void add_up(store::import_result& sum, const store::import_result& part)
{
    sum.added += part.added;
    sum.queued += part.queued;
    sum.settled += part.settled;
    sum.gave_up += part.gave_up;
}

}  // namespace

std::uint64_t read_jobs(const import_request& request,
                        const std::function<bool(job_line&& job, std::uint64_t line)>& take,
                        const std::function<void(std::string_view)>& say)
{
    std::ifstream file;
    const bool from_stdin = request.jobs == "-";
    if (!from_stdin) {
        file.open(request.jobs, std::ios::binary);
        // A folder opens well and only fails to be read.
        if (!file || (file.peek() == std::char_traits<char>::eof() && !file.eof()))
            throw std::invalid_argument{printable(request.jobs) + " can't be read: " + std::strerror(errno)};
        file.clear();
    }
    std::uint64_t rejected = 0;
    reject_file rejects{request.rejects};
    job_reader reader{from_stdin ? std::cin : file, {request.account, request.company}};
    while (auto line = reader.next()) {
        if (line->job) {
            if (!take(std::move(*line->job), line->number)) break;
            continue;
        }
        if (rejected++ < complaints_shown)
            say("unipile: line " + std::to_string(line->number) + " is left out: " + line->complaint);
        rejects.add(reader.header(), line->raw);
    }
    // Standard input, unlike other streams, tells of a failed read only when asked.
    if (from_stdin && std::ferror(stdin) != 0)
        throw std::invalid_argument{"standard input can't be read; redirect it from a jobs file, or name the file"};
    rejects.close();
    if (rejected > complaints_shown)
        say("unipile: and " + with_thousands(rejected - complaints_shown) + " more lines are left out" +
            (request.rejects.empty() ? "; --rejects FILE collects them" : ""));
    return rejected;
}

import_report import_jobs(const import_request& request, store::post_store& store, std::int64_t run,
                          const std::function<void(std::string_view)>& say, const std::function<bool()>& keep_going)
{
    import_report report;
    std::vector<store::job_spec> batch;
    const auto add_batch = [&] {
        sort_by_account(batch);
        add_up(report.jobs, store.add_jobs(run, batch));
        store.commit();
        batch.clear();
        report.all_read = report.all_read && keep_going();
        return report.all_read;
    };
    const auto take = [&](job_line&& job, std::uint64_t) {
        batch.push_back({std::move(job.account), std::move(job.identifier), job.is_company});
        return batch.size() < jobs_at_once || add_batch();
    };
    report.rejected = read_jobs(request, take, say);
    add_batch();
    return report;
}

}  // namespace unipile::program
