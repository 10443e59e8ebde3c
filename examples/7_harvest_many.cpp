// Shows: many listings through several accounts as one stream. Jobs are read from a file on demand, each account keeps
//        to its pace, posts come in batches with their job, and each job ends once, with its reason. The position
//        behind each batch goes into a journal, and the next run continues there. A store does all that, and survives
//        power cuts: see <unipile/store/engine.hpp>, and `harvest_options::admit` for the ledgers.
// Needs: the variables that environment.hpp names, and as arguments a file with lines of `account,identifier,company`
//        below a header, the journal's name, and a pace such as "100/day, gap 5s-20s"; the recommended one without.
#include "environment.hpp"

#include <unipile/harvest.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/this_coro.hpp>

#include <fstream>
#include <iostream>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <utility>

namespace asio = boost::asio;

namespace {

using places = std::map<std::string, unipile::position>;  // by account and identifier

std::string name_of(const unipile::posts_query& q) { return q.account_id + ' ' + q.identifier; }

/// The last position of each job counts.
places read_journal(const std::string& file)
{
    places known;
    std::ifstream in{file};
    std::string job, identifier, place;
    while (in >> job >> identifier >> place) {
        job.append(1, ' ').append(identifier);
        known[job] = unipile::position::parse(place);
    }
    return known;
}

/// Returns one job a call. A coroutine, so that it could also wait for a queue or a database.
class jobs_file {
public:
    jobs_file(const std::string& file, places known) : in_(file), known_(std::move(known))
    {
        if (!std::getline(in_, line_)) throw std::runtime_error{"can't be read, or has no header: " + file};
    }

    asio::awaitable<std::optional<unipile::harvest_job>> operator()()
    {
        std::optional<unipile::harvest_job> job;
        if (!std::getline(in_, line_)) co_return job;
        std::istringstream fields{line_};
        std::string company;
        job.emplace();
        std::getline(fields, job->query.account_id, ',');
        std::getline(fields, job->query.identifier, ',');
        std::getline(fields, company, ',');
        job->query.is_company = company == "true";
        job->from = known_[name_of(job->query)];
        co_return job;
    }

private:
    std::ifstream in_;
    places known_;
    std::string line_;
};

asio::awaitable<void> harvest(std::string jobs, std::string journal, unipile::harvest_options options)
{
    const auto executor = co_await asio::this_coro::executor;
    unipile::client client{executor, example::options()};
    auto stream = client.harvest(jobs_file{jobs, read_journal(journal)}, std::move(options));
    std::ofstream places_so_far{journal, std::ios::app};
    std::size_t posts = 0;
    while (auto e = co_await stream.next()) {
        posts += e->posts.size();  // a program would store them here, before their position
        const std::string name = name_of(e->job->query);
        places_so_far << name << ' ' << e->position.text() << std::endl;
        if (!e->ended) continue;
        std::cout << name << ": " << e->stats.posts << " posts, " << e->end_reason;
        if (e->failure) std::cout << ": " << e->failure->what();
        std::cout << '\n';
    }
    const auto sum = stream.stats();
    std::cout << sum.jobs << " jobs of " << sum.accounts << " accounts: " << posts << " posts, "
              << sum.listings.requests << " requests\n";
}

}  // namespace

int main(int argc, char** argv)
{
    return example::run([&] {
        if (argc < 3) throw std::invalid_argument{"arguments: JOBS JOURNAL [PACE]"};
        unipile::harvest_options options;
        if (argc > 3) options.pace = unipile::parse_pacing(argv[3]);
        asio::io_context context;
        asio::co_spawn(context, harvest(argv[1], argv[2], std::move(options)), example::rethrow);
        context.run();
    });
}
