#include "decode/post_builder.hpp"

#include "decode/block_cache.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace unipile {
namespace detail {

static_assert(std::is_trivially_destructible_v<post_block>);
static_assert(std::is_trivially_destructible_v<linkedin_post> && std::is_trivially_destructible_v<attachment>);

void destroy(post_block* block) noexcept { decode::release_block(block, block->capacity); }

}  // namespace detail

namespace decode {
namespace {

constexpr std::size_t header_size = sizeof(detail::post_block);
constexpr std::size_t granularity = 256;
constexpr std::size_t largest_guess = 32 * 1024;

constexpr std::size_t rounded(std::size_t n) noexcept { return (n + granularity - 1) / granularity * granularity; }

}  // namespace

void post_builder::start(std::size_t length)
{
    // Half of the item again for strings that are unescaped, and some for the typed fields.
    const std::size_t wanted =
        length == 0 ? usual_ : std::max(usual_, rounded(header_size + length + length / 2 + 1024));
    if (!block_ || block_->capacity < wanted) obtain(wanted);
    rewind();
}

std::size_t post_builder::budget(std::size_t length) noexcept
{
    constexpr std::size_t always = 64 * 1024, per_byte = 4;
    return always + per_byte * length;
}

bool post_builder::grow(std::size_t length, std::size_t most)
{
    // Slightly above the budget: whether a post fits must not depend on how its block got its size.
    most = rounded(most) + granularity;
    if (block_->capacity >= most) return false;
    obtain(std::min(most, rounded(std::max(2 * block_->capacity, header_size + 2 * length))));
    rewind();
    return true;
}

bool post_builder::is_wasteful() const noexcept
{
    constexpr std::size_t tolerated = 8 * 1024;
    return block_->capacity > used() + tolerated && block_->capacity > 2 * used();
}

void post_builder::shrink()
{
    const std::size_t wanted = rounded(used()) + granularity;
    usual_ = std::max(wanted, usual_ / 2);
    obtain(wanted);
    rewind();
}

void post_builder::rewind() noexcept
{
    limit_ = json_;
    top_ = reinterpret_cast<char*>(block_) + block_->capacity;
}

void* post_builder::allocate(std::size_t bytes, std::size_t alignment) noexcept
{
    const auto available = static_cast<std::size_t>(top_ - limit_);
    if (available < alignment || available - alignment < bytes) return nullptr;
    top_ -= bytes;
    top_ -= reinterpret_cast<std::uintptr_t>(top_) & (alignment - 1);
    return top_;
}

bool post_builder::seal(std::string_view json) noexcept
{
    if (!fits(json.size())) return false;
    std::memcpy(json_, json.data(), json.size());
    limit_ = json_ + json.size();
    return true;
}

post post_builder::take() noexcept
{
    // The next one will be about as large as the largest recent one, without outliers.
    usual_ = std::min(largest_guess, std::max(rounded(used() + used() / 8), usual_ - usual_ / 32));
    block_->json = {json_, static_cast<std::size_t>(limit_ - json_)};
    return unipile::detail::access::make<post>(std::exchange(block_, nullptr));
}

void post_builder::trim() noexcept
{
    if (block_ && block_->capacity > 2 * largest_guess) discard();
}

void post_builder::obtain(std::size_t capacity)
{
    discard();
    block_ = new (obtain_block(capacity)) detail::post_block;
    block_->capacity = capacity;
    json_ = reinterpret_cast<char*>(block_) + header_size;
}

void post_builder::discard() noexcept
{
    if (block_) detail::destroy(std::exchange(block_, nullptr));
}

}  // namespace decode
}  // namespace unipile
