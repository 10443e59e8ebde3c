// A cache of memory blocks for posts.
#pragma once

#include <cstddef>

namespace unipile::decode {

/// Bytes of freed blocks that each thread keeps for its next posts: about a page. Without it, the memory of a page of
/// posts goes back to the system and has to be faulted in again for the next page, which costs more than the decoding.
constexpr std::size_t cached_bytes_per_thread = 1024 * 1024;

/// Returns a block of at least `size` bytes, and sets `size` to its size. Throws std::bad_alloc.
void* obtain_block(std::size_t& size);

/// Frees a block, on any thread; `size` as set by `obtain_block()`.
void release_block(void* block, std::size_t size) noexcept;

/// Frees the blocks that this thread keeps.
void drop_cached_blocks() noexcept;

}  // namespace unipile::decode
