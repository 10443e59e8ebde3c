// Shows: the durable harvest. A store keeps the jobs, the posts, and the ledger of each account. After a kill, or a day
//        later, run it again: it continues at the last commit, and requests only what is new.
// Needs: the variables that environment.hpp names, and as arguments a file with lines of `account,identifier,company`
//        below a header, the store's name, and a pace such as "100/day, gap 5s-20s"; the recommended one without. Links
//        unipile::store.
#include "environment.hpp"

#include <unipile/store/harvester.hpp>
#include <unipile/store/sqlite.hpp>

#include <boost/asio/io_context.hpp>

#include <cstdint>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace {

namespace store = unipile::store;

std::vector<store::job_spec> read_jobs(const std::string& file)
{
    std::vector<store::job_spec> jobs;
    std::ifstream in{file};
    std::string line, company;
    for (std::getline(in, line); std::getline(in, line);) {
        std::istringstream fields{line};
        store::job_spec& job = jobs.emplace_back();
        std::getline(fields, job.account, ',');
        std::getline(fields, job.identifier, ',');
        std::getline(fields, company, ',');
        job.is_company = company == "true";
    }
    return jobs;
}

void harvest(const std::string& jobs, const std::string& file, store::harvester_options options)
{
    auto engine = store::open_sqlite(file);
    const std::int64_t run = engine->perform(store::begin_run{{}, unipile::wall_now()}).run;
    engine->perform(store::add_jobs{run, read_jobs(jobs)});
    engine->commit();

    store::store_writer writer{std::move(engine)};  // a thread of its own
    boost::asio::io_context context;
    store::harvester harvester{context.get_executor(), writer, run, std::move(options)};
    harvester.async_run([](boost::system::error_code code) {
        if (code) std::cerr << "stopped: " << code.message() << '\n';
    });
    context.run();
    writer.perform(store::end_run{run, "done", unipile::wall_now()});
    writer.close();  // everything is durable now

    const store::harvester_stats& did = harvester.stats();
    std::cout << did.jobs_done << " jobs done, " << did.jobs_failed << " failed, " << did.jobs_left
              << " left: " << did.posts << " posts, " << did.added << " of them new, " << did.requests << " requests\n";
}

}  // namespace

int main(int argc, char** argv)
{
    return example::run([&] {
        if (argc < 3) throw std::invalid_argument{"arguments: JOBS STORE [PACE]"};
        store::harvester_options options;
        options.client = example::options();
        if (argc > 3) options.harvest.pace = unipile::parse_pacing(argv[3]);
        harvest(argv[1], argv[2], std::move(options));
    });
}
