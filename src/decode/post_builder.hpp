// Fills the memory block of a post.
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

/// Lays out a post in one block: the header, then the item's bytes, then free space, and at the end, growing down, the
/// objects that the post refers to. The bytes are copied last, but their place is known from the start, so that views
/// can be made while the item is still read from elsewhere.
///
/// The block's size is a guess, since the item's length is unknown before its end. If the post does not fit, allocation
/// fails; call `grow()` and read the item again.
class post_builder {
public:
    post_builder() = default;
    ~post_builder() { discard(); }
    post_builder(const post_builder&) = delete;
    post_builder& operator=(const post_builder&) = delete;

    /// Starts a post with a block of the usual size, or of the size for `length` bytes if that is known.
    void start(std::size_t length = 0);
    /// Returns the maximum memory of a post of this many bytes: far more than the largest sensible one takes, and a
    /// bound for e.g. `{}`, which has two bytes, and is an object of fields when typed.
    static std::size_t budget(std::size_t length) noexcept;
    /// Starts again with a larger block; `length` bytes of the item were read before the block was full, and `most` is
    /// the budget. Returns false if the block already had the budget's size.
    bool grow(std::size_t length, std::size_t most);
    /// Returns the memory that the sealed post takes, without the unused part of its block.
    std::size_t used() const noexcept { return block_->capacity - static_cast<std::size_t>(top_ - limit_); }
    /// Returns true if most of a large block is unused, so that the post should be read again into a smaller one.
    bool is_wasteful() const noexcept;
    /// Starts again with a block of the size that the sealed post takes.
    void shrink();

    /// Discards everything but the block.
    void rewind() noexcept;

    /// Returns where the item's bytes will be.
    const char* json() const noexcept { return json_; }
    /// Returns true if this many of the item's bytes fit, before `seal()`.
    bool fits(std::size_t bytes) const noexcept { return bytes <= static_cast<std::size_t>(top_ - json_); }
    /// Returns true if a byte of the item will be at p, but is not copied yet; for bytes that fit.
    bool is_pending(const char* p) const noexcept { return limit_ <= p && p < top_; }

    /// Returns memory for n objects, or null.
    template <class T>
    T* allocate(std::size_t n) noexcept
    {
        static_assert(std::is_trivially_destructible_v<T> && alignof(T) <= alignof(std::max_align_t));
        return static_cast<T*>(allocate(n * sizeof(T), alignof(T)));
    }
    void* allocate(std::size_t bytes, std::size_t alignment) noexcept;

    /// Copies the item's bytes, after which views can be read. More may be allocated. Returns false if they do not fit.
    bool seal(std::string_view json) noexcept;
    detail::post_block& header() noexcept { return *block_; }
    /// Frees an unused block if it is a large one.
    void trim() noexcept;
    /// Returns the post with the sealed block.
    post take() noexcept;

private:
    void obtain(std::size_t capacity);
    void discard() noexcept;

    detail::post_block* block_ = nullptr;
    char* json_ = nullptr;
    char* limit_ = nullptr;  ///< beginning of the free space
    char* top_ = nullptr;    ///< end of the free space
    std::size_t usual_ = 4096;
};

}  // namespace unipile::decode
