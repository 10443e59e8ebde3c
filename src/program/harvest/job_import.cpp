#include "program/harvest/job_import.hpp"

#include "program/terminal/figures.hpp"
#include "program/terminal/safe_text.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <stdexcept>
#include <system_error>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace unipile::program {
namespace {

constexpr std::size_t jobs_at_once = 50'000;
constexpr std::uint64_t complaints_shown = 10;
constexpr std::uint64_t rejects_at_once = 10'000;
constexpr std::size_t longest_column = 40;
constexpr std::size_t longest_columns = 300;

/// Makes them neighbours in the store's indexes, which reduces the writing of a long file to a tenth. Keeps the order
/// within an account, the only one that matters.
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

}  // namespace

/// The lines without a job, in a file that can be corrected and used again.
class job_file::reject_file {
public:
    /// Throws if it can't be written, before there is a line for it. Creates no file.
    explicit reject_file(std::string path) : path_(std::move(path))
    {
        if (path_.empty()) return;
        // A pipe may get its reader later.
        const int there = ::open(path_.c_str(), O_WRONLY | O_CLOEXEC | O_NONBLOCK);
        if (there >= 0)
            ::close(there);
        else if (errno == ENOENT)
            check_folder();
        else if (errno != ENXIO)
            fail();
    }

    void add(const std::string& header, const std::string& line)
    {
        if (path_.empty()) return;
        if (!out_.is_open()) {
            open();
            if (!header.empty()) out_ << header << '\n';
        }
        out_ << line << '\n';
        if (!out_) fail();
    }
    /// Removes those of the last run if there is no invalid line.
    void close()
    {
        std::error_code unknown;
        if (!path_.empty() && !out_.is_open() && std::filesystem::is_regular_file(path_, unknown)) open();
        if (!out_.is_open()) return;
        out_.close();
        if (!out_) fail();
    }

private:
    void check_folder() const
    {
        const std::string folder = std::filesystem::path{path_}.parent_path().string();
        if (::access(folder.empty() ? "." : folder.c_str(), W_OK | X_OK) != 0) fail();
    }
    void open()
    {
        // The lines of a jobs file are readable for their owner only.
        const int made = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR);
        if (made >= 0) ::close(made);
        out_.open(path_, std::ios::binary | std::ios::trunc);
        if (!out_) fail();
    }
    [[noreturn]] void fail() const
    {
        throw std::invalid_argument{"--rejects: " + printable(path_) + " can't be written: " + std::strerror(errno)};
    }

    std::string path_;
    std::ofstream out_;
};

job_file::job_file(const import_request& request, speaker say, const std::function<bool()>& keep_going)
    : request_(request),
      say_(std::move(say)),
      keep_going_(keep_going),
      input_(request_.jobs, keep_going),
      reader_(input_.stream(), {request_.account, request_.company, request_.columns}),
      rejects_(std::make_unique<reject_file>(request_.rejects))
{
    std::string unused;
    for (const std::string& column : reader_.unused_columns())
        unused += (unused.empty() ? "" : ", ") + printable(column, longest_column);
    if (!unused.empty() && !request_.quiet)
        say_("unipile: columns of the jobs file that mean nothing here: " + printable(unused, longest_columns));
    first_ = read_on();
    if (first_ || !all_read()) return;
    const std::uint64_t bad = finish();
    const std::string name = request_.jobs == "-" ? "standard input" : printable(request_.jobs);
    throw std::invalid_argument{bad == 0 ? name + " holds no job; is it the right file, and whole?"
                                         : name + " holds no line that can be a job; mend the lines, or name another"};
}

job_file::~job_file() = default;

std::string job_file::list_of(const std::string& content) const
{
    if (content.empty()) return {};
    // The number changes if the same content is to mean other jobs.
    return "1 " + content + (request_.company ? " companies " : " ") + request_.account +
           (request_.columns.empty() ? "" : ' ' + request_.columns.text());
}

std::optional<job_line> job_file::next() { return first_ ? std::exchange(first_, std::nullopt) : read_on(); }

std::optional<job_line> job_file::read_on()
{
    while (auto line = stopped_ ? std::nullopt : reader_.next()) {
        if (line->job) return std::move(line->job);
        if (rejected_++ < complaints_shown)
            say_("unipile: line " + std::to_string(line->number) + " is left out: " + line->complaint);
        rejects_->add(reader_.header(), line->raw);
        stopped_ = rejected_ % rejects_at_once == 0 && !keep_going_();
    }
    return std::nullopt;
}

std::uint64_t job_file::finish()
{
    rejects_->close();
    if (rejected_ > complaints_shown)
        say_("unipile: and " + counted(rejected_ - complaints_shown, "more line is", "more lines are") + " left out" +
             (request_.rejects.empty() ? "; --rejects FILE collects them" : ""));
    return rejected_;
}

std::string repetition_line(std::uint64_t lines)
{
    return lines == 1 ? "1 line of the jobs file repeats a job, which counts once"
                      : with_thousands(lines) + " lines of the jobs file repeat jobs, which count once";
}

import_report import_jobs(job_file& file, store::engine& store, std::int64_t run,
                          const std::function<bool()>& keep_going)
{
    import_report report;
    if (store.perform(store::repeat_import{run, file.list()})) {
        store.commit();
        report.rejected = file.finish();
        return report;
    }
    std::vector<store::job_spec> batch;
    store.perform(store::begin_import{run});
    const auto add_batch = [&] {
        sort_by_account(batch);
        report.repeated += store.perform(store::add_jobs{run, std::exchange(batch, {})}).repeated;
        store.commit();
        report.all_read = report.all_read && keep_going();
        return report.all_read;
    };
    while (auto job = file.next()) {
        batch.push_back({std::move(job->account), std::move(job->identifier), job->is_company});
        if (batch.size() == jobs_at_once && !add_batch()) break;
    }
    report.rejected = file.finish();
    add_batch();
    report.all_read = report.all_read && file.all_read();
    if (!report.all_read) return report;
    // Each import reports the lines without a job.
    const std::string list = report.rejected == 0 ? file.list_read() : std::string{};
    report.withdrawn = store.perform(store::end_import{run, list});
    store.commit();
    return report;
}

}  // namespace unipile::program
