// Fields of posts that this library does not know.
#pragma once

#include <unipile/post.hpp>

#include <functional>
#include <string_view>

#pragma GCC visibility push(default)
namespace unipile {

/// Calls `visit` for each field of a post that has no typed counterpart: those of the post and of the objects in it,
/// but not those of objects that are unknown themselves. `path` is `share_counter`, `author.badge` or
/// `attachments[].alt`, and `json` is the value; both are valid until `visit` returns. A field of several elements of
/// an array is visited for each of them. Visits nothing for an unknown provider.
///
/// Reads the JSON of the post again. Throws std::bad_alloc, and what `visit` throws.
void unknown_fields(const post& p, const std::function<void(std::string_view path, std::string_view json)>& visit);

}  // namespace unipile
#pragma GCC visibility pop
