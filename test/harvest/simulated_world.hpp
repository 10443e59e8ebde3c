// A world for a simulated harvest: its accounts and jobs, what is stored of them, and the time that passes.
#pragma once

#include "harvest/simulated_server.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace unipile::harvest::test {

using std::chrono::milliseconds;

constexpr wall_time beginning{std::chrono::milliseconds{1'700'000'000'000}};

/// A ledger on its way to the disk.
struct saving {
    wall_time durable;
    std::string ledger;
};

struct world_account {
    std::shared_ptr<const pacer> rules;
    std::deque<saving> saved{{beginning, account_ledger{}.to_text()}};  // in order; the last durable one counts
    std::vector<wall_time> started, seen;                               // requests: here, and by the server
    std::size_t in_flight = 0, jobs = 0;
    std::optional<wall_time> owner_looks;
};

struct in_flight {
    job_index slot;
    std::size_t job;
    wall_time sent, seen, ends;
    fate comes = fate::answered;
    bool probe = false;  // sent while the harvest was cut off
};

class world {
public:
    explicit world(std::uint64_t seed);
    void run();
    void check() const;

private:
    void start_process();
    void kill(wall_time at);
    void kill_some_time();
    wall_time save(std::size_t account);
    void step();
    void answer(const in_flight& request);
    void started(const decision& d);
    void ended(const in_flight& request, request_result result);
    void check_nobody_is_forgotten(const decision& d);
    bool is_out_of_reach(wall_time t) const
    {
        return outage_.count() > 0 && (t - beginning + phase_) % period_ < outage_;
    }
    fate some_fate(const world_job& job, wall_time sent);
    bool fails_instead(const decision& d);
    void give_up(job_index slot, world_job& job);
    void new_posts();
    milliseconds some(milliseconds most) { return test::some(random_, most); }
    bool all_done() const;

    random_source random_;
    simulated_server server_{random_};
    wall_time now_ = beginning;
    scheduler_options options_;
    std::vector<world_account> accounts_;
    std::vector<world_job> jobs_;
    std::unique_ptr<scheduler> scheduler_;
    std::map<job_index, std::size_t> slots_;
    std::vector<in_flight> running_;
    int next_post_ = 1'000'000;
    std::uint64_t faults_one_in_, kills_one_in_;
    milliseconds slowest_commit_;
    milliseconds period_{1}, phase_{0}, outage_{0};  // of outages
    std::uint64_t silent_of_three_ = 0;              // requests in them that leave and get no answer
    milliseconds deadline_;                          // of an answer's first byte
    std::size_t requests_ = 0, kills_ = 0, broken_off_ = 0;
};

}  // namespace unipile::harvest::test
