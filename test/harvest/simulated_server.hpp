// The server of a simulated harvest, and what it knows of a job.
#pragma once

#include "harvest/scheduler.hpp"

#include <unipile/pacing.hpp>

#include <chrono>
#include <cstddef>
#include <deque>
#include <map>
#include <optional>
#include <set>

namespace unipile::harvest::test {

constexpr std::size_t page_size = 5;

/// What survives of a job: posts and positions. Of an account, it is the ledger as text.
struct saved_job {
    std::map<int, int> posts;   // how often each was stored
    std::optional<int> cursor;  // posts older than this; none: from the top
    std::set<int> behind;       // of the page at the cursor, stored already
    bool done = false, failed = false;
};

struct world_job {
    std::size_t account = 0;
    std::deque<int> timeline;     // newest first
    std::set<int> at_first_page;  // what must be delivered
    bool refused = false;         // the server never lists it
    bool lying_cursor = false;    // a cursor behind the last page
    bool mute = false;            // the server never answers it
    std::size_t least_requests = 0;
    std::size_t behind_others = 0;  // requests of its account while it was waiting for its turn
    bool retrying = false;
    bool unanswered = false;  // its last request, and whether that counts isn't known yet
    unsigned attempts = 0;    // that got no answer, and count
    saved_job saved;
};

enum class fate { answered, unreachable, silent };

/// At random, up to `most`.
inline std::chrono::milliseconds some(random_source& random, std::chrono::milliseconds most)
{
    return std::chrono::milliseconds{random.below(static_cast<std::uint64_t>(most.count()) + 1)};
}

class simulated_server {
public:
    explicit simulated_server(random_source& random) : random_(random) {}

    /// Serves and stores `items` of the job's page; as many as the page has: the whole page.
    request_result page(world_job& job, std::size_t items);
    /// It never lists this one.
    request_result refusal(world_job& job);
    /// The request was not sent, or got no answer.
    request_result no_answer(world_job& job, fate comes, wall_time now);
    /// Any error: some of the page may have been read before it.
    request_result fault(world_job& job, wall_time now);
    std::size_t faults() const noexcept { return faults_; }

private:
    random_source& random_;
    std::size_t faults_ = 0;
};

}  // namespace unipile::harvest::test
