#include "program/stored/failed_jobs.hpp"

#include "program/terminal/json_object.hpp"

#include <string>
#include <string_view>

namespace unipile::program {
namespace {

// Not `quoted`: where a header includes <iomanip>, a call with a std::string means std::quoted as well.
std::string csv_quoted(std::string_view value)
{
    std::string text = "\"";
    for (const char c : value) text += c == '"' ? "\"\"" : std::string(1, c);
    return text + '"';
}

std::string csv_line(const store::job_spec& spec)
{
    return csv_quoted(spec.account) + ',' + csv_quoted(spec.identifier) + ',' + (spec.is_company ? "true" : "false") +
           '\n';
}

std::string json_line(const store::job_spec& spec)
{
    json_object out;
    out.add_text("account", spec.account);
    out.add_text("identifier", spec.identifier);
    out.add_flag("company", spec.is_company);
    return out.finish() + '\n';
}

}  // namespace

std::uint64_t write_failed_jobs(store::post_reader& reader, blocking_output& out, jobs_format format)
{
    if (format == jobs_format::csv) out.write("account,identifier,company\n");
    store::job_filter filter;
    filter.state = store::job_state::failed;
    return reader.jobs(filter, [&](const store::stored_job& job) {
        return out.write(format == jobs_format::csv ? csv_line(job.spec) : json_line(job.spec));
    });
}

}  // namespace unipile::program
