// Harvests in which one operation on a TCP socket fails, for each of them in turn, or all do from there on: what the
// program says, and what the store holds in the end, against what the simulator holds.
#include "crash/verdict.hpp"
#include "program/jobs_folder.hpp"
#include "program/served.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <future>
#include <iostream>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace {

using strings = std::vector<std::string>;
namespace simulator = unipile::simulator;

/// Runs at a time. They do little but wait for their next attempt.
constexpr unsigned long at_once = 24;

struct failing {
    unsigned long at = 0;  ///< the number of the first operation that fails
    std::string how;       ///< as failing_sockets.cpp has it
    bool later = false;    ///< all that follow fail, too
};

/// A harvest with failures, and if that did not complete it, one without.
struct trial {
    failing plan;
    unsigned long operations = 0;  ///< that the program came to
    finished broken, stored;       ///< the harvest, and an export right after it
    std::optional<finished> resumed, stored_then;

    bool hit() const { return operations >= plan.at; }
};

struct small_harvest {
    explicit small_harvest(bool tls) : world(options(tls)), truth(whole_truth(world))
    {
        write_jobs(world, folder.file("jobs.csv"));
    }

    simulator::options options(bool tls) const
    {
        simulator::options o;
        o.accounts = 2;
        o.identifiers = 4;
        o.posts_min = 5;
        o.posts_max = 25;
        o.instagram_share = 0.5;
        o.end = simulator::end_style::mixed;
        o.tls = tls;
        if (tls) o.ca_file = folder.file("ca.pem");
        return o;
    }
    trial attempt(const failing& plan) const
    {
        trial t;
        t.plan = plan;
        const std::string name = plan.how + std::to_string(plan.at) + (plan.later ? "later" : "once");
        const std::string store = folder.file((name + ".db").c_str()), report = folder.file((name + ".txt").c_str());
        auto environment = world.environment();
        environment.insert({{"LD_PRELOAD", FAILING_SOCKETS},
                            {"FAILING_SOCKETS_AT", std::to_string(plan.at)},
                            {"FAILING_SOCKETS_HOW", plan.how},
                            {"FAILING_SOCKETS_LATER", plan.later ? "1" : "0"},
                            {"FAILING_SOCKETS_REPORT", report}});
        t.broken = run(harvest(store), environment);
        std::ifstream{report} >> t.operations;
        t.stored = run(exporting(store), world.environment());
        if (t.broken.code == 0) return t;
        t.resumed = run(harvest(store), world.environment());
        t.stored_then = run(exporting(store), world.environment());
        return t;
    }

    strings harvest(const std::string& store) const
    {
        strings command{"harvest", folder.file("jobs.csv"), "--store", store, "--pace", "none", "--limit",
                        "10",      "--outage-patience",     "1s"};
        if (!world_has_tls()) return command;
        command.insert(command.end(), {"--ca-file", folder.file("ca.pem")});
        return command;
    }
    static strings exporting(const std::string& store) { return {"export", "--store", store, "--format", "ndjson"}; }
    static finished run(const strings& command, const std::map<std::string, std::string>& environment)
    {
        return process{UNIPILE_PROGRAM, command, environment}.wait();
    }
    bool world_has_tls() const { return world.server.base_url().starts_with("https"); }

    jobs_folder folder;
    served world;
    strings truth;
};

/// Behind lines of progress, which a slow run has too.
bool says(const finished& f, const std::string& beginning)
{
    return ('\n' + f.err).find('\n' + beginning) != std::string::npos;
}

verdict judge(const finished& exported, const strings& truth)
{
    BOOST_TEST(exported.code == 0);
    strings got = lines_of(exported.out);
    std::sort(got.begin(), got.end());
    return compare(got, truth);
}

void check_whole(const finished& harvest, const finished& exported, const strings& truth)
{
    BOOST_TEST(harvest.code == 0);
    BOOST_TEST(says(harvest, "all 4 jobs are done"));
    const verdict v = judge(exported, truth);
    BOOST_TEST(v.posts == truth.size());
    BOOST_TEST(v.lost == 0u);
    BOOST_TEST(v.unexpected == 0u);
    BOOST_TEST(v.duplicated == 0u);
}

/// Whatever happened, the program knows what it has, and the next run gets the rest.
void check(const trial& t, const strings& truth)
{
    BOOST_TEST_CONTEXT("operation " << t.plan.at << " of " << t.operations << ", " << t.plan.how
                                    << (t.plan.later ? " from there on" : "") << "; it said: " << t.broken.err)
    {
        BOOST_TEST(t.broken.signal == 0);
        if (t.broken.code == 0) return check_whole(t.broken, t.stored, truth);
        // A network that is gone is an outage.
        BOOST_TEST(t.broken.code == (t.plan.later ? 4 : 1));
        BOOST_TEST(says(t.broken, "not complete: of 4 jobs, "));
        const verdict v = judge(t.stored, truth);
        BOOST_TEST(v.unexpected == 0u);
        BOOST_TEST(v.duplicated == 0u);
        check_whole(*t.resumed, *t.stored_then, truth);
    }
}

/// Until the failing operation lies behind the last one.
std::vector<trial> attempts_at_each(const small_harvest& work, failing plan, unsigned long step)
{
    std::vector<trial> all;
    bool hit = true;
    for (plan.at = 1; hit;) {
        std::vector<std::future<trial>> batch;
        for (unsigned long i = 0; i < at_once; ++i, plan.at += step)
            batch.push_back(std::async(std::launch::async, [&work, plan] { return work.attempt(plan); }));
        hit = false;
        for (auto& each : batch) {
            all.push_back(each.get());
            hit = hit || all.back().hit();
        }
    }
    return all;
}

void break_each(const small_harvest& work, const failing& plan, unsigned long step = 1)
{
    std::size_t hits = 0, incomplete = 0;
    for (const trial& t : attempts_at_each(work, plan, step)) {
        check(t, work.truth);
        // On a slow machine a refusal may come too late behind its cursor to confirm an end.
        const bool late = says(t.broken, "1 listing ended with a refusal that could not be confirmed");
        if (!plan.later && !late)
            BOOST_TEST(t.broken.code == 0, "one failure is no reason to give up: " << t.broken.err);
        if (t.hit()) ++hits;
        if (t.broken.code != 0) ++incomplete;
    }
    std::cout << (work.world_has_tls() ? "TLS, " : "plain, ") << plan.how << (plan.later ? " from there on: " : ": ")
              << hits << " operations failed, " << incomplete << " harvests had to be resumed" << std::endl;
    // Each of the listings has several pages, and each page takes a request and an answer at least.
    BOOST_TEST(hits * step >= 20u);
    if (plan.later) BOOST_TEST(incomplete > 0u);
}

bool long_form()
{
    const char* wanted = std::getenv("UNIPILE_SOCKET_FAILURES");
    return wanted != nullptr && std::string_view{wanted} == "all";
}

}  // namespace

BOOST_AUTO_TEST_SUITE(socket_failures)

BOOST_AUTO_TEST_CASE(an_operation_that_fails_once_costs_no_post)
{
    for (const bool tls : {false, true}) {
        const small_harvest work{tls};
        for (const char* how : {"reset", "end"}) break_each(work, {0, how, false});
    }
}

BOOST_AUTO_TEST_CASE(a_network_that_is_gone_ends_the_run_and_the_next_one_completes_it)
{
    // Each of these runs waits a second or three for the network to come back.
    const unsigned long step = long_form() ? 1 : 5;
    for (const bool tls : {false, true}) {
        const small_harvest work{tls};
        for (const char* how : {"reset", "end"})
            if (long_form() || tls == (std::string_view{how} == "reset")) break_each(work, {0, how, true}, step);
    }
}

BOOST_AUTO_TEST_SUITE_END()
