#include <unipile/store/records.hpp>

namespace unipile::store {

const char* to_string(job_state s) noexcept
{
    switch (s) {
        case job_state::queued: return "queued";
        case job_state::delayed: return "delayed";
        case job_state::done: return "done";
        case job_state::failed: return "failed";
    }
    return "unknown";
}

post_row::post_row(std::string_view provider, std::string_view id, std::optional<wall_time> published,
                   std::string_view json)
    : provider_(provider), id_(id), published_(published), json_(json), fingerprint_(fingerprint_of(json))
{}

std::size_t page_write::bytes() const noexcept
{
    std::size_t n = position.size();
    for (const auto& p : posts) n += p.json().size();
    for (const auto& q : quarantined) n += q.raw.size();
    return n;
}

}  // namespace unipile::store
