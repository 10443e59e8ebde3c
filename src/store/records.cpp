#include <unipile/store/records.hpp>

namespace unipile::store {

const char* to_string(job_state s) noexcept
{
    switch (s) {
        case job_state::queued: return "queued";
        case job_state::delayed: return "delayed";
        case job_state::leased: return "running";
        case job_state::done: return "done";
        case job_state::failed: return "failed";
    }
    return "unknown";
}

std::size_t page_write::bytes() const noexcept
{
    std::size_t n = position.size();
    for (const auto& p : posts) n += p.json.size();
    for (const auto& q : quarantined) n += q.raw.size();
    return n;
}

}  // namespace unipile::store
