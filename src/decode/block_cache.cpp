#include "decode/block_cache.hpp"

#include <array>
#include <bit>
#include <cstdint>
#include <new>

#if defined(__SANITIZE_ADDRESS__)
#define UNIPILE_DECODE_POISON 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define UNIPILE_DECODE_POISON 1
#endif
#endif
#if defined(UNIPILE_DECODE_POISON)
#include <sanitizer/asan_interface.h>
#endif

namespace unipile::decode {
namespace {

// Allows tools to detect a use after free although the memory is kept.
#if defined(UNIPILE_DECODE_POISON)
void poison(void* p, std::size_t n) noexcept { ASAN_POISON_MEMORY_REGION(p, n); }
void unpoison(void* p, std::size_t n) noexcept { ASAN_UNPOISON_MEMORY_REGION(p, n); }
#else
void poison(void*, std::size_t) noexcept {}
void unpoison(void*, std::size_t) noexcept {}
#endif

// Four size classes for each power of two, so that few lists hold suitable blocks.
constexpr std::size_t smallest = 1024;
constexpr std::size_t lists = 24;  // up to 56 KiB; larger posts are rare

struct size_class {
    std::size_t index;
    std::size_t size;
};

/// Returns the smallest class of at least n bytes. Its index is out of range for blocks that are too large to keep.
constexpr size_class class_of(std::size_t n) noexcept
{
    if (n <= smallest) return {0, smallest};
    const auto power = static_cast<std::size_t>(std::bit_width(n - 1)) - 1;  // 2^power < n <= 2^(power + 1)
    const std::size_t step = (std::size_t{1} << power) / 4;
    const std::size_t steps = (n - (std::size_t{1} << power) + step - 1) / step;
    const std::size_t index = (power - 10) * 4 + steps;
    return {index, (std::size_t{1} << power) + steps * step};
}
static_assert(class_of(1025).size == 1280 && class_of(1025).index == 1);
static_assert(class_of(2048).size == 2048 && class_of(2048).index == 4);
static_assert(class_of(2049).size == 2560 && class_of(2049).index == 5);
static_assert(class_of(57344).index == lists - 1 && class_of(57345).index == lists);

class cache {
public:
    cache() = default;
    ~cache();
    cache(const cache&) = delete;
    cache& operator=(const cache&) = delete;

    /// Takes a block of the class, or of one of the next larger ones; null if there is none.
    void* take(size_class& wanted) noexcept
    {
        constexpr std::uint32_t near = 0xF;
        const std::uint32_t filled = filled_ & (near << wanted.index);
        if (filled == 0) return nullptr;
        const auto index = static_cast<std::size_t>(std::countr_zero(filled));
        node* block = heads_[index];
        unpoison(block, sizeof(node));
        const std::size_t size = block->size;
        heads_[index] = block->next;
        if (!block->next) filled_ &= ~(std::uint32_t{1} << index);
        bytes_ -= size;
        unpoison(block, size);
        wanted = {index, size};
        return block;
    }

    bool put(void* memory, size_class c) noexcept
    {
        if (c.index >= lists || bytes_ + c.size > cached_bytes_per_thread) return false;
        heads_[c.index] = new (memory) node{heads_[c.index], c.size};
        filled_ |= std::uint32_t{1} << c.index;
        bytes_ += c.size;
        poison(memory, c.size);
        return true;
    }

    void clear() noexcept
    {
        for (std::size_t i = 0; i < lists; ++i) {
            while (filled_ & (std::uint32_t{1} << i)) {
                size_class c{i, 0};
                void* block = take(c);
                ::operator delete(block, c.size);
            }
        }
    }

private:
    struct node {
        node* next;
        std::size_t size;
    };

    std::array<node*, lists> heads_{};
    std::uint32_t filled_ = 0;  ///< one bit for each list that is not empty
    std::size_t bytes_ = 0;
};

// Posts in thread-local or static objects may outlive their thread's cache.
thread_local bool cache_is_gone = false;
thread_local cache this_thread;

cache::~cache()
{
    clear();
    cache_is_gone = true;
}

}  // namespace

void* obtain_block(std::size_t& size)
{
    size_class c = class_of(size);
    void* block = c.index < lists && !cache_is_gone ? this_thread.take(c) : nullptr;
    if (!block) block = ::operator new(c.size);
    size = c.size;
    return block;
}

void release_block(void* block, std::size_t size) noexcept
{
    if (cache_is_gone || !this_thread.put(block, class_of(size))) ::operator delete(block, size);
}

void drop_cached_blocks() noexcept
{
    if (!cache_is_gone) this_thread.clear();
}

}  // namespace unipile::decode
