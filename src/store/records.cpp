#include <unipile/store/operations.hpp>
#include <unipile/store/post_reader.hpp>

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

const char* to_string(change_kind kind) noexcept
{
    switch (kind) {
        case change_kind::gone: return "gone";
        case change_kind::added: return "new";
        case change_kind::returned: return "returned";
        case change_kind::content: return "changed";
        case change_kind::counters: return "counters";
        case change_kind::links: return "links";
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

std::size_t add_jobs::bytes() const noexcept
{
    std::size_t n = 0;
    for (const auto& job : jobs) n += job.account.size() + job.identifier.size();
    return n;
}

std::size_t bytes_of(std::span<const operation> operations) noexcept
{
    const auto bytes = []<class Op>(const Op& op) -> std::size_t {
        if constexpr (requires { op.bytes(); })
            return op.bytes();
        else
            return 0;
    };
    std::size_t n = 0;
    for (const operation& o : operations) n += std::visit(bytes, o);
    return n;
}

}  // namespace unipile::store
