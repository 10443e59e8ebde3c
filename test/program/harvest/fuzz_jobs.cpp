// libFuzzer: a jobs file, whatever it is, is read line by line to its end; each line is a job or has a complaint.
#include "program/harvest/job_reader.hpp"
#include "support/fuzzing.hpp"

#include <sstream>
#include <stdexcept>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    using namespace unipile::program;
    using unipile::test::hold;
    if (size == 0) return 0;
    job_defaults defaults;
    if (data[0] & 1) defaults.account = "acc1";
    defaults.is_company = (data[0] & 2) != 0;
    std::istringstream in{std::string(unipile::test::text_of(data + 1, size - 1))};
    try {
        job_reader reader{in, defaults};
        std::uint64_t last = 0, count = 0;
        while (const auto r = reader.next()) {
            hold(++count <= size, "there are no more jobs than bytes");
            hold(r->number > last, "lines are numbered upwards");
            last = r->number;
            hold(r->job.has_value() == r->complaint.empty(), "a line is a job or has a complaint");
            hold(r->complaint.find('\n') == std::string::npos, "a complaint is one line");
            hold(r->raw.size() <= 2 * job_reader::longest_line, "little of a line is kept");
            if (!r->job) continue;
            hold(!r->job->account.empty() && !r->job->identifier.empty(), "a job has an account and an identifier");
            hold(complaint_about(*r->job).empty(), "a job can succeed");
        }
        hold(!reader.next(), "the end stays the end");
    } catch (const std::invalid_argument& e) {
        hold(e.what()[0] != '\0', "a refusal says why");
    }
    return 0;
}
