// The one block of memory behind a post, while it is being filled.
#pragma once

#include <unipile/post.hpp>

#include <cstddef>
#include <memory>
#include <new>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

namespace unipile::decode {

/// Lays a post out in one block: the header, then the item's bytes, then free space, and at the end, growing down, what
/// the post refers to. The bytes are copied last, but where they will be is known from the start, so that views can be
/// made while the item is still being read from somewhere else.
///
/// The block's size is a guess, since the item's length isn't known before its end. What doesn't fit fails; `grow()`
/// and read the item again.
class post_builder {
public:
    post_builder() = default;
    ~post_builder() { discard(); }
    post_builder(const post_builder&) = delete;
    post_builder& operator=(const post_builder&) = delete;

    /// Starts a post with a block of the usual size, or of the size for `length` bytes where that is known.
    void start(std::size_t length = 0);
    /// The most memory that a post of so many bytes may take: far more than typing the largest sensible one takes, and
    /// a bound on what `{}` costs, which is two bytes, and an object of fields when typed.
    static std::size_t budget(std::size_t length) noexcept;
    /// Starts again with more room; `length` bytes of the item were read before it ran out, and `most` is the budget.
    /// False if it had all the room that the budget allows.
    bool grow(std::size_t length, std::size_t most);
    /// The memory that the sealed post takes, without what its block has left.
    std::size_t used() const noexcept { return block_->capacity - static_cast<std::size_t>(top_ - limit_); }
    /// True if most of a large block is left, so that the post should be read again into a smaller one.
    bool is_wasteful() const noexcept;
    /// Starts again with just the room that the sealed post took.
    void shrink();

    /// Forgets everything but the block.
    void rewind() noexcept;

    /// Where the item's bytes will be.
    const char* json() const noexcept { return json_; }
    /// Whether there is room for so many of the item's bytes, before `seal()`.
    bool fits(std::size_t bytes) const noexcept { return bytes <= static_cast<std::size_t>(top_ - json_); }
    /// True if p is where an item's byte will be, but isn't yet; for bytes that fit.
    bool is_pending(const char* p) const noexcept { return limit_ <= p && p < top_; }

    /// Space for n objects, or null.
    template <class T>
    T* allocate(std::size_t n) noexcept
    {
        static_assert(std::is_trivially_destructible_v<T> && alignof(T) <= alignof(std::max_align_t));
        return static_cast<T*>(allocate(n * sizeof(T), alignof(T)));
    }
    void* allocate(std::size_t bytes, std::size_t alignment) noexcept;

    /// Copies the item's bytes; from then on views can be read. More may be allocated. False if they don't fit.
    bool seal(std::string_view json) noexcept;
    detail::post_block& header() noexcept { return *block_; }
    /// Gives an unused block back if it is a large one.
    void trim() noexcept;
    /// Hands the sealed block over.
    post take() noexcept;

private:
    void obtain(std::size_t capacity);
    void discard() noexcept;

    detail::post_block* block_ = nullptr;
    char* json_ = nullptr;
    char* limit_ = nullptr;  ///< the free space's beginning
    char* top_ = nullptr;    ///< and its end
    std::size_t usual_ = 4096;
};

}  // namespace unipile::decode
