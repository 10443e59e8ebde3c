// States of harvests, for tests of what is made of them.
#pragma once

#include "program/watch/state.hpp"

#include <chrono>

inline unipile::program::harvest_state usual_state()
{
    unipile::program::harvest_state s;
    s.run = 3;
    s.jobs = {.queued = 4007, .delayed = 940, .done = 5000, .failed = 52};
    s.tally.posts = 1'234'567;
    s.tally.added = 1'200'000;
    s.tally.pages = 12'500;
    s.tally.requests = 12'600;
    s.tally.retries = 90;
    s.accounts.running = 7;
    s.accounts.accounts = 50;
    s.accounts.resting = 12;
    s.accounts.parked_count = 4;
    s.accounts.parked = {{"acc_1", "disconnected_account"}, {"acc_2", "restricted"}, {"acc_3", "x"}};
    s.accounts.left_today = 4'321;
    s.accounts.bounded = true;
    s.elapsed = std::chrono::minutes{75};
    s.posts_per_second = 1'499.6;
    s.eta = std::chrono::minutes{80};
    s.phase = "harvesting";
    s.now = unipile::wall_time{std::chrono::seconds{1'000'000'000}};
    return s;
}
