// Memory for posts, used again while it is warm.
#pragma once

#include <cstddef>

namespace unipile::decode {

/// Of each thread's freed blocks, so many bytes are kept for its next posts: about a page's worth. Without that, a page
/// of posts that is dropped goes back to the system and has to be faulted in again for the next one, which costs more
/// than the decoding.
constexpr std::size_t cached_bytes_per_thread = 1024 * 1024;

/// A block of at least `size` bytes; `size` becomes what it has. Throws std::bad_alloc.
void* obtain_block(std::size_t& size);

/// Gives a block back, on whatever thread; `size` as `obtain_block()` said.
void release_block(void* block, std::size_t size) noexcept;

/// Frees what this thread keeps.
void drop_cached_blocks() noexcept;

}  // namespace unipile::decode
